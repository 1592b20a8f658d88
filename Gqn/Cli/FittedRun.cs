using System.Globalization;
using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary>A new run whose length is chosen so that it ends in time, with its schedules completed.</summary>
internal static class FittedRun
{
    private const int MostRehearsalSeconds = 8, RehearsalPart = 10;

    /// <summary>Measures the speed of training, chooses and reports the run's length, and creates its folder.</summary>
    /// <param name="terminal">Receives the report.</param>
    /// <param name="request">The requested run, without a length.</param>
    /// <param name="directory">The folder to create for the run.</param>
    /// <param name="device">The device to train on.</param>
    /// <param name="time">The time available for training, this measurement included.</param>
    /// <param name="cancellation">Cancels the measurement; nothing is left behind.</param>
    /// <returns>The run's configuration, and the deadline that adapts its length to the time left.</returns>
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
            $"{speed} steps/s measured: {Quantity.Of(steps, "step")} fit {Duration.Format(time)}; "
            + $"repeat with --steps {steps}");
        var deadline = new Deadline(
            left, pace, configuration.Training.PosteriorShare, configuration.Reporting, terminal.Clock);
        return (configuration, deadline);
    }

    /// <summary>Reports how to repeat a run whose length was changed during training.</summary>
    /// <param name="terminal">Receives the report.</param>
    /// <param name="planned">The training options at the start of the run.</param>
    /// <param name="run">The training options at the end of the run.</param>
    public static void WriteRepeat(Terminal terminal, TrainingOptions planned, TrainingOptions run)
    {
        if (run.Refits == planned.Refits)
            return;
        terminal.WriteLine(
            $"Its length was changed to end in time; repeat it with --steps {planned.Steps} "
            + $"--set training.steps={run.Steps} --set training.refits={run.Refits}");
    }
}
