using Gqn.Native.Cli;
using Spectre.Console;
using Xunit;

namespace Gqn.Native.Tests.Cli;

public sealed class ProgressDisplayTests
{
    [Fact]
    public void WhereNothingCanMoveALineSaysNowAndThenHowFarItIs()
    {
        using var output = new StringWriter { NewLine = "\n" };
        var clock = new SetClock();
        var display = Create(new Terminal(output, clock));
        display.Watch(advance =>
        {
            advance(5);
            clock.Seconds = 10;
            advance(15);
            clock.Seconds = 12;
            advance(10);
            clock.Seconds = 20;
            advance(10);
        });
        string[] lines = output.ToString().Split('\n', StringSplitOptions.TrimEntries);
        Assert.Equal(["40 done, 2 a second, 30s left", "60 done, 2 a second, 20s left", string.Empty], lines);
        Assert.Equal(60, display.Done);
        Assert.Equal(TimeSpan.FromSeconds(20), display.Elapsed);
    }

    [Fact]
    public void InATerminalABarMoves()
    {
        using var output = new StringWriter();
        var clock = new SetClock();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
        });
        var display = Create(new Terminal(console, clock));
        display.Watch(advance =>
        {
            clock.Seconds = 10;
            advance(40);
        });
        // The final frame, when the work is done.
        Assert.Contains("60 done, 4 a second, 10s left", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("60%", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void AllThreadsCount()
    {
        using var output = new StringWriter();
        var display = Create(new Terminal(output, new SetClock()));
        display.Watch(advance =>
        {
            Thread[] threads = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
            {
                for (int i = 0; i < 2500; i++)
                    advance(1);
            }))];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
        });
        Assert.Equal(10_020, display.Done);
    }

    private static ProgressDisplay Create(Terminal terminal) =>
        new(terminal, total: 100, done: 20, (done, pace) => $"{done} done, {Math.Round(pace)} a second");

    private sealed class SetClock : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
