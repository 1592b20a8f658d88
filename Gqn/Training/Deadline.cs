namespace Gqn.Native.Training;

/// <summary>
/// Monitors whether a run will end in time, yet use the time, and adapts its length if the machine gets slower or
/// faster.
/// </summary>
/// <remarks>
/// The expected speed is the recent one, averaged over about half as long as the time that is left: a short burst of
/// other load early in a run changes little, while the end is planned from the most recent minutes. Updates with a
/// posterior take longer and come late in a run: speed is therefore measured in work, not in updates.
/// </remarks>
public sealed class Deadline
{
    /// <summary>The number of checks in the time that is left, while much is left.</summary>
    private const int Looks = 16;

    /// <summary>A run is lengthened only if more than both these fractions, of the remaining and of the whole time,
    /// would stay unused: less is not worth a change, and the plan's margin alone must not cause one.</summary>
    private const double UnusedOfLeft = 0.1, UnusedOfTime = 1.25 * (1 - TrainingPace.Margin);

    /// <summary>A shortened run keeps at least 1/EndingPart of its updates so far for schedules to complete.</summary>
    private const int EndingPart = 100;

    private readonly TimeSpan _time;
    private readonly TimeProvider _clock;
    private readonly long _start;
    private readonly TrainingPace _pace;
    private double _secondsPerWork;
    private double _lookedAt;
    private double _nextLook;
    private double _work;

    /// <summary>Starts the clock.</summary>
    /// <param name="time">The time until the deadline.</param>
    /// <param name="pace">The measured pace of training.</param>
    /// <param name="posteriorShare">The fraction of all updates with a posterior.</param>
    /// <param name="reporting">The intervals of sheets and checkpoints.</param>
    /// <param name="clock">The clock that measures durations.</param>
    public Deadline(
        TimeSpan time, TrainingPace pace, double posteriorShare, ReportingOptions reporting, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        (_time, _clock, _start) = (time, clock, clock.GetTimestamp());
        (_pace, _secondsPerWork) = (pace, pace.SecondsPerStep(reporting) / pace.Work(posteriorShare));
        _nextLook = time.TotalSeconds / Looks;
    }

    /// <summary>The number of updates that the whole run should have; to be called after each update.</summary>
    /// <param name="step">The number of updates made.</param>
    /// <param name="steps">The number of updates of the whole run as planned so far.</param>
    /// <param name="hadPosterior">Whether the last update had a posterior.</param>
    /// <param name="posteriorShare">The fraction of the remaining updates with a posterior.</param>
    /// <returns>The new number of updates; <paramref name="steps"/> if the plan still fits.</returns>
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
