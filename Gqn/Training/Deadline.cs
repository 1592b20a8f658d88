namespace Gqn.Native.Training;

/// <summary>
/// Watches whether a run ends in time and uses it, and says how long the run should become where the machine has got
/// slower or faster.
/// </summary>
/// <remarks>
/// What comes is expected to go as fast as lately, where "lately" is about half as long as the time that is left: a
/// short burst of other work early in a run changes little, and the last minutes are planned by the last minutes.
/// Updates with a posterior take longer, and come late in a run: speed is measured in work, not in updates.
/// </remarks>
public sealed class Deadline
{
    /// <summary>Looks within the time that is left, while there is much of it.</summary>
    private const int Looks = 16;

    /// <summary>A run gets longer only where these parts of the time that is left, and of the whole time, would stay
    /// unused: less is not worth another change, and the margin of the plan alone must not cause one.</summary>
    private const double UnusedOfLeft = 0.1, UnusedOfTime = 1.25 * (1 - TrainingPace.Margin);

    /// <summary>Of the updates made so far, the part that stays at the least for schedules to run out.</summary>
    private const int EndingPart = 100;

    private readonly TimeSpan _time;
    private readonly TimeProvider _clock;
    private readonly long _start;
    private readonly TrainingPace _pace;
    private double _secondsPerWork;
    private double _lookedAt;
    private double _nextLook;
    private double _work;

    /// <summary>Begins now.</summary>
    /// <param name="time">Until the deadline.</param>
    /// <param name="pace">What was measured.</param>
    /// <param name="posteriorShare">Of all updates, the share with a posterior.</param>
    /// <param name="reporting">How often sheets and checkpoints come.</param>
    /// <param name="clock">For durations.</param>
    public Deadline(
        TimeSpan time, TrainingPace pace, double posteriorShare, ReportingOptions reporting, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        (_time, _clock, _start) = (time, clock, clock.GetTimestamp());
        (_pace, _secondsPerWork) = (pace, pace.SecondsPerStep(reporting) / pace.Work(posteriorShare));
        _nextLook = time.TotalSeconds / Looks;
    }

    /// <summary>The updates that the whole run should have; asked after each update.</summary>
    /// <param name="step">Updates made.</param>
    /// <param name="steps">Updates of the whole run as planned so far.</param>
    /// <param name="hadPosterior">Whether the last update had a posterior.</param>
    /// <param name="posteriorShare">Of the updates that are left, the share with a posterior.</param>
    /// <returns><paramref name="steps"/> where they end in time and use it.</returns>
    public long Fit(long step, long steps, bool hadPosterior, double posteriorShare)
    {
        _work += _pace.Work(hadPosterior ? 1 : 0);
        double now = _clock.GetElapsedTime(_start).TotalSeconds;
        if (now < _nextLook)
            return steps;
        double left = Math.Max(_time.TotalSeconds - now - _pace.LastReportSeconds, 0);
        Learn(now, left);
        _nextLook = now + (Math.Max(left, _time.TotalSeconds / 32) / Looks);
        double secondsPerStep = _secondsPerWork * _pace.Work(posteriorShare);
        double unused = left - ((steps - step) * secondsPerStep);
        if (unused >= 0 && unused <= Math.Max(UnusedOfLeft * left, UnusedOfTime * _time.TotalSeconds))
            return steps;
        long fitting = (long)(TrainingPace.Margin * left / secondsPerStep);
        return unused < 0
            ? Math.Min(steps, step + Math.Max(fitting, 2 + (step / EndingPart)))
            : Math.Clamp(step + fitting, steps, int.MaxValue);
    }

    private void Learn(double now, double left)
    {
        double seconds = now - _lookedAt;
        double weight = seconds / (seconds + (left / 2));
        _secondsPerWork += weight * ((seconds / _work) - _secondsPerWork);
        (_lookedAt, _work) = (now, 0);
    }
}
