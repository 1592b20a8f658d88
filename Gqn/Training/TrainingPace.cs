namespace Gqn.Native.Training;

/// <summary>The durations of the parts of a run on a machine.</summary>
/// <param name="StepSeconds">Seconds per update, at the mean number of contexts.</param>
/// <param name="SheetSeconds">Seconds for the prediction error and a sheet of held-out predictions.</param>
/// <param name="CheckpointSeconds">Seconds for a checkpoint.</param>
/// <param name="PosteriorFactor">Time of an update with a posterior / time of one without.</param>
public readonly record struct TrainingPace(
    double StepSeconds, double SheetSeconds, double CheckpointSeconds, double PosteriorFactor = 1)
{
    /// <summary>The fraction of the time to plan for: machines get busier, and no measurement is exact.</summary>
    public const double Margin = 0.96;

    /// <summary>Seconds for the sheet and the checkpoint that always follow the last update.</summary>
    public double LastReportSeconds => SheetSeconds + CheckpointSeconds;

    /// <summary>Seconds per update, with its share of the sheets and checkpoints.</summary>
    /// <param name="reporting">The intervals of sheets and checkpoints.</param>
    public double SecondsPerStep(ReportingOptions reporting)
    {
        ArgumentNullException.ThrowIfNull(reporting);
        return StepSeconds + (SheetSeconds / reporting.SampleEvery) + (CheckpointSeconds / reporting.CheckpointEvery);
    }

    /// <summary>Work of an update, in units of one without a posterior.</summary>
    /// <param name="posteriorShare">The fraction of updates with a posterior; 0 or 1 for a single update.</param>
    public double Work(double posteriorShare) => 1 + (posteriorShare * (PosteriorFactor - 1));

    /// <summary>The number of updates with which a run ends within a time; at least 1.</summary>
    /// <param name="time">The time for the whole run.</param>
    /// <param name="reporting">The intervals of sheets and checkpoints, in updates.</param>
    public long StepsWithin(TimeSpan time, ReportingOptions reporting)
    {
        double usable = (Margin * time.TotalSeconds) - LastReportSeconds;
        return (long)Math.Clamp(usable / SecondsPerStep(reporting), 1, int.MaxValue);
    }
}
