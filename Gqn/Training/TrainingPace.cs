namespace Gqn.Native.Training;

/// <summary>How long the parts of a run take on a machine.</summary>
/// <param name="StepSeconds">One update, at the mean number of contexts.</param>
/// <param name="SheetSeconds">The prediction error and a sheet of held-out predictions.</param>
/// <param name="CheckpointSeconds">A checkpoint.</param>
/// <param name="PosteriorFactor">Time of an update with a posterior / time of one without.</param>
public readonly record struct TrainingPace(
    double StepSeconds, double SheetSeconds, double CheckpointSeconds, double PosteriorFactor = 1)
{
    /// <summary>The part of the time that is planned for: machines get busier, and no measurement is exact.</summary>
    public const double Margin = 0.96;

    /// <summary>What the last update writes whatever its number: a sheet and a checkpoint.</summary>
    public double LastReportSeconds => SheetSeconds + CheckpointSeconds;

    /// <summary>Seconds per update, with its share of the sheets and checkpoints.</summary>
    /// <param name="reporting">How often those come.</param>
    public double SecondsPerStep(ReportingOptions reporting)
    {
        ArgumentNullException.ThrowIfNull(reporting);
        return StepSeconds + (SheetSeconds / reporting.SampleEvery) + (CheckpointSeconds / reporting.CheckpointEvery);
    }

    /// <summary>Work of an update, in units of one without a posterior.</summary>
    /// <param name="posteriorShare">The share of updates with a posterior; 0 or 1 for one update.</param>
    public double Work(double posteriorShare) => 1 + (posteriorShare * (PosteriorFactor - 1));

    /// <summary>How many updates a run can have that should end within a time; at least 1.</summary>
    /// <param name="time">The time.</param>
    /// <param name="reporting">How often sheets and checkpoints come.</param>
    public long StepsWithin(TimeSpan time, ReportingOptions reporting)
    {
        double usable = (Margin * time.TotalSeconds) - LastReportSeconds;
        return (long)Math.Clamp(usable / SecondsPerStep(reporting), 1, int.MaxValue);
    }
}
