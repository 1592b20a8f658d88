namespace Gqn.Native.Training;

/// <summary>
/// Watches whether a run ends in time, and says how short it must become where the machine has got slower.
/// </summary>
/// <remarks>
/// What comes is expected to go as fast as lately, where "lately" is about half as long as the time that is left: a
/// short burst of other work early in a run changes little, and the last minutes are planned by the last minutes.
/// </remarks>
public sealed class Deadline
{
    /// <summary>Looks within the time that is left, while there is much of it.</summary>
    private const int Looks = 16;

    /// <summary>Of the updates made so far, the part that stays at the least for schedules to run out.</summary>
    private const int EndingPart = 100;

    private readonly TimeSpan _time;
    private readonly TimeProvider _clock;
    private readonly long _start;
    private readonly double _lastReport;
    private double _secondsPerStep;
    private double _lookedAt;
    private double _nextLook;
    private long _lookedStep;

    /// <summary>Begins now.</summary>
    /// <param name="time">Until the deadline.</param>
    /// <param name="pace">What was measured.</param>
    /// <param name="reporting">How often sheets and checkpoints come.</param>
    /// <param name="clock">For durations.</param>
    public Deadline(TimeSpan time, TrainingPace pace, ReportingOptions reporting, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        (_time, _clock, _start) = (time, clock, clock.GetTimestamp());
        (_secondsPerStep, _lastReport) = (pace.SecondsPerStep(reporting), pace.LastReportSeconds);
        _nextLook = time.TotalSeconds / Looks;
    }

    /// <summary>The updates that the whole run should have; asked after each update.</summary>
    /// <param name="step">Updates made.</param>
    /// <param name="steps">Updates of the whole run as planned so far.</param>
    /// <returns><paramref name="steps"/> where they end in time; never more.</returns>
    public long Fit(long step, long steps)
    {
        double now = _clock.GetElapsedTime(_start).TotalSeconds;
        if (now < _nextLook || step == _lookedStep)
            return steps;
        double left = Math.Max(_time.TotalSeconds - now - _lastReport, 0);
        Learn(step, now, left);
        _nextLook = now + (Math.Max(left, _time.TotalSeconds / 32) / Looks);
        if ((steps - step) * _secondsPerStep <= left)
            return steps;
        long fitting = (long)(TrainingPace.Margin * left / _secondsPerStep);
        return Math.Min(steps, step + Math.Max(fitting, 2 + (step / EndingPart)));
    }

    private void Learn(long step, double now, double left)
    {
        double seconds = now - _lookedAt;
        double weight = seconds / (seconds + (left / 2));
        _secondsPerStep += weight * ((seconds / (step - _lookedStep)) - _secondsPerStep);
        (_lookedAt, _lookedStep) = (now, step);
    }
}
