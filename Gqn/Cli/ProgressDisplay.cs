using System.Globalization;
using Spectre.Console;

namespace Gqn.Native.Cli;

/// <summary>Shows the progress of a long task: a live bar in a terminal, a line every ten seconds elsewhere.</summary>
/// <param name="terminal">Receives the progress.</param>
/// <param name="total">The total amount of work, in any unit.</param>
/// <param name="done">The amount that was already done at the start.</param>
/// <param name="describe">Makes a human-readable text from the amount done and the amount per second.</param>
internal sealed class ProgressDisplay(Terminal terminal, long total, long done, Func<long, double, string> describe)
{
    private static readonly TimeSpan BarInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly long _start = terminal.Clock.GetTimestamp();
    private readonly long _before = done;
    private long _done = done;
    private long _shown = terminal.Clock.GetTimestamp();
    private ProgressTask? _bar;

    /// <summary>The time since this display was created.</summary>
    public TimeSpan Elapsed => terminal.Clock.GetElapsedTime(_start);

    /// <summary>The amount done, including what was done before the start.</summary>
    public long Done => Interlocked.Read(ref _done);

    /// <summary>Runs the work and shows its progress.</summary>
    /// <param name="work">The work; it reports each amount done through its argument, from any thread.</param>
    public void Watch(Action<Action<long>> work)
    {
        if (!terminal.IsInteractive)
        {
            work(Advance);
            return;
        }

        var progress = terminal.Console.Progress().AutoClear(true).Columns(
            new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left });
        progress.RefreshRate = BarInterval;
        progress.Start(context =>
        {
            _bar = context.AddTask(Markup.Escape(Describe()), maxValue: Math.Max(total, 1));
            _bar.Value = _done;
            work(Advance);
        });
    }

    private void Advance(long amount)
    {
        lock (_gate)
        {
            _done += amount;
            if (terminal.Clock.GetElapsedTime(_shown) < (_bar is null ? LineInterval : BarInterval))
                return;
            _shown = terminal.Clock.GetTimestamp();
            if (_bar is null)
            {
                terminal.WriteLine(Describe());
                return;
            }

            _bar.Value = _done;
            _bar.Description = Markup.Escape(Describe());
        }
    }

    private string Describe()
    {
        double seconds = Elapsed.TotalSeconds, pace = seconds > 0 ? (_done - _before) / seconds : 0;
        string left = pace > 0
            ? string.Create(CultureInfo.InvariantCulture, $", {Duration.Format(Left(pace))} left")
            : string.Empty;
        return describe(_done, pace) + left;
    }

    private TimeSpan Left(double pace) =>
        TimeSpan.FromSeconds(Math.Clamp((total - _done) / pace, 0, TimeSpan.MaxValue.TotalSeconds / 2));
}
