using System.Globalization;
using Gqn.Native.Engine;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary>A new run whose length is chosen so that it ends in time, its schedules run out.</summary>
internal static class FittedRun
{
    private const int MostRehearsalSeconds = 8, RehearsalPart = 10;

    /// <summary>Measures how fast a run goes, chooses its length, says so and makes its folder.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="request">What the run should be.</param>
    /// <param name="directory">Where its files will be.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="time">What training may take, this included.</param>
    /// <param name="cancellation">Gives it up; nothing stays then.</param>
    /// <returns>The run's configuration, and what holds it to its time.</returns>
    public static (RunConfiguration Configuration, Deadline Deadline) Begin(
        Terminal terminal, TrainRequest request, RunDirectory directory, Device device, TimeSpan time,
        CancellationToken cancellation)
    {
        long start = terminal.Clock.GetTimestamp();
        var rehearsal = TimeSpan.FromSeconds(Math.Min(MostRehearsalSeconds, time.TotalSeconds / RehearsalPart));
        var unfitted = request.ForNewRun();
        var pace = Rehearsal.Measure(unfitted, directory, device, terminal.Clock, rehearsal, cancellation);
        var left = time - terminal.Clock.GetElapsedTime(start);
        long steps = pace.StepsWithin(left, unfitted.Reporting);
        var configuration = (request with { Steps = steps }).ForNewRun();
        directory.Create(configuration);
        string speed = (1 / pace.SecondsPerStep(unfitted.Reporting)).ToString("G3", CultureInfo.InvariantCulture);
        terminal.WriteField(
            "speed",
            $"{speed} steps/s measured: {Terminal.Count(steps)} steps fit {Duration.Format(time)}; "
            + $"repeat with --steps {steps}");
        var deadline = new Deadline(
            left, pace, configuration.Training.PosteriorShare, configuration.Reporting, terminal.Clock);
        return (configuration, deadline);
    }

    /// <summary>Says how to repeat a run whose length was changed on its way.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="planned">The run as it began.</param>
    /// <param name="run">The run as it ended.</param>
    public static void WriteRepeat(Terminal terminal, TrainingOptions planned, TrainingOptions run)
    {
        if (run.Refits == planned.Refits)
            return;
        terminal.WriteLine(
            $"Its length was changed to end in time; repeat it with --steps {planned.Steps} "
            + $"--set training.steps={run.Steps} --set training.refits={run.Refits}");
    }
}
