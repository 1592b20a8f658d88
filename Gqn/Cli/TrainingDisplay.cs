using System.Globalization;
using Gqn.Native.Data;
using Gqn.Native.Training;
using Spectre.Console;

namespace Gqn.Native.Cli;

/// <summary>Shows the progress of training: a line for each report and, in a terminal, a live bar.</summary>
/// <param name="terminal">Receives the progress.</param>
/// <param name="steps">The length of the whole run, in updates.</param>
/// <param name="firstStep">The updates made before this display was created.</param>
/// <param name="limit">The time limit of training; null for none.</param>
internal sealed class TrainingDisplay(Terminal terminal, long steps, long firstStep, TimeSpan? limit)
    : ITrainingObserver
{
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromMilliseconds(250);
    private readonly TimeProvider _clock = terminal.Clock;
    private readonly long _start = terminal.Clock.GetTimestamp();
    private long _steps = steps;
    private ProgressTask? _bar;
    private long _refreshed;
    private double _loss = double.NaN;
    private bool _headed;

    /// <summary>Runs training and shows its progress.</summary>
    /// <param name="train">Trains, and reports to the observer that it is given.</param>
    public TrainingOutcome Watch(Func<ITrainingObserver, TrainingOutcome> train)
    {
        if (!terminal.IsInteractive)
            return train(this);
        var progress = terminal.Console.Progress().AutoClear(true).Columns(
            new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left });
        progress.RefreshRate = RefreshInterval;
        return progress.Start(context =>
        {
            _bar = context.AddTask("first step", maxValue: 1);
            Refresh(firstStep);
            return train(this);
        });
    }

    /// <inheritdoc />
    /// <remarks>Allocates only when the bar is due for a refresh.</remarks>
    public void Stepped(long step)
    {
        if (_bar is null || _clock.GetElapsedTime(_refreshed) < RefreshInterval)
            return;
        Refresh(step);
    }

    /// <inheritdoc />
    public void Logged(in TrainingMetrics metrics)
    {
        if (!_headed)
        {
            WriteRow("step", "-ELBO", "excess", "KL", "rec MSE", "pred MSE", "mean MSE", "steps/s", "left");
            _headed = true;
        }

        _loss = metrics.NegElbo;
        string left = _steps > metrics.Step ? Duration.Format(Left(metrics.Step)) : string.Empty;
        WriteRow(
            metrics.Step.ToString(CultureInfo.InvariantCulture), Number(metrics.NegElbo, "F2"),
            Number(metrics.Excess, "F2"), Number(metrics.Kl, "F2"), Number(metrics.ReconstructionMse, "F5"),
            Measured(metrics.PredictionMse), Measured(metrics.MeanOfSamplesMse),
            Number(1 / metrics.SecondsPerStep, "F1"), left);
    }

    /// <inheritdoc />
    public void Sampled(long step, string path)
    {
    }

    /// <inheritdoc />
    public void Saved(long step, string path)
    {
    }

    /// <inheritdoc />
    public void Skipped(string sentence) => terminal.WriteLine($"skipped: {sentence}");

    /// <inheritdoc />
    public void Warned(string sentence) => terminal.WriteLine($"warning: {sentence}");

    /// <inheritdoc />
    public void Refitted(long step, long steps)
    {
        string lengths = $"{Quantity.Of(steps, "step")} instead of {Terminal.Count(_steps)}";
        string speed = steps < _steps ? "slower" : "faster";
        terminal.WriteLine($"{step,8} {speed} than expected: {lengths} will end in time");
        _steps = steps;
    }

    private void WriteRow(
        string step, string loss, string excess, string kl, string reconstruction, string prediction, string mean,
        string pace, string left) =>
        terminal.WriteLine(
            $"{step,7} {loss,10} {excess,9} {kl,8} {reconstruction,8} {prediction,8} {mean,8} {pace,7} {left,6}"
                .TrimEnd());

    /// <summary>An error, or an empty string if it was not measured.</summary>
    private static string Measured(double error) => double.IsNaN(error) ? string.Empty : Number(error, "F5");

    private void Refresh(long step)
    {
        _refreshed = _clock.GetTimestamp();
        var elapsed = _clock.GetElapsedTime(_start);
        double done = (double)step / _steps;
        if (limit is { } time)
            done = Math.Max(done, elapsed / time);
        _bar!.Value = Math.Min(done, 1);
        string loss = double.IsNaN(_loss) ? string.Empty : $"  -ELBO {Number(_loss, "F1")}";
        double pace = (step - firstStep) / elapsed.TotalSeconds;
        string rate = step == firstStep
            ? string.Empty
            : $"  {Number(pace, "F1")} steps/s  {Duration.Format(Left(step))} left";
        _bar.Description = $"step {Terminal.Count(step)} of {Terminal.Count(_steps)}{rate}{loss}";
    }

    /// <summary>Time until the last step at the mean pace so far, or until the time limit.</summary>
    private TimeSpan Left(long step)
    {
        var elapsed = _clock.GetElapsedTime(_start);
        double left = elapsed.TotalSeconds * (_steps - step) / (step - firstStep);
        if (limit is { } time)
            left = Math.Clamp((time - elapsed).TotalSeconds, 0, left);
        return TimeSpan.FromSeconds(Math.Min(left, TimeSpan.MaxValue.TotalSeconds / 2));
    }

    /// <summary>A number in the given format, or in scientific notation from 10⁶ on to keep the columns.</summary>
    private static string Number(double value, string format) =>
        value.ToString(Math.Abs(value) < 1e6 ? format : "G4", CultureInfo.InvariantCulture);
}
