using System.Globalization;
using Spectre.Console;

namespace Gqn.Native.Cli;

/// <summary>Shows how far a long piece of work is: a bar that moves in a terminal, a line now and then
/// elsewhere.</summary>
/// <param name="terminal">Where to.</param>
/// <param name="total">How much there is to do.</param>
/// <param name="done">How much of it was done before.</param>
/// <param name="describe">What was done, for people: of "done" and "per second".</param>
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

    /// <summary>Since it began to watch.</summary>
    public TimeSpan Elapsed => terminal.Clock.GetElapsedTime(_start);

    /// <summary>How much is done, what was done before included.</summary>
    public long Done => Interlocked.Read(ref _done);

    /// <summary>Works and shows it.</summary>
    /// <param name="work">Works, and tells what it did; any thread may.</param>
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
