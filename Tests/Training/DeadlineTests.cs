using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

/// <summary>Runs of nothing but a clock.</summary>
public sealed class DeadlineTests
{
    private static readonly TimeSpan Time = TimeSpan.FromMinutes(10);
    private static readonly TrainingPace Pace = new(0.1, 2, 1);
    private static readonly ReportingOptions Reporting = new() { SampleEvery = 1000, CheckpointEvery = 500 };

    [Fact]
    public void TheLengthLeavesRoomForReportsAndAMargin()
    {
        Assert.Equal(0.104, Pace.SecondsPerStep(Reporting), 1e-12);
        Assert.Equal((long)((576 - 3) / 0.104), Pace.StepsWithin(Time, Reporting));
        Assert.Equal(1, Pace.StepsWithin(TimeSpan.FromSeconds(2), Reporting));
        Assert.Equal(int.MaxValue, default(TrainingPace).StepsWithin(Time, Reporting));
    }

    [Fact]
    public void ASteadyRunKeepsItsLength()
    {
        var run = Run(_ => 0.1);
        Assert.Empty(run.Lengths);
        Assert.InRange(run.Seconds, 0.9 * 600, 600);
    }

    [Fact]
    public void AFasterMachineIsReadyEarlier() => Assert.Empty(Run(_ => 0.05).Lengths);

    /// <summary>Ten seconds at a fifth of the speed cost eight, which the margin has.</summary>
    [Theory]
    [InlineData(20)]
    [InlineData(100)]
    [InlineData(250)]
    public void AShortBurstOfOtherWorkChangesLittle(double at)
    {
        var run = Run(seconds => seconds > at && seconds < at + 10 ? 0.5 : 0.1);
        long planned = Pace.StepsWithin(Time, Reporting);
        Assert.InRange(run.Steps, 0.9 * planned, planned);
        Assert.InRange(run.Seconds, 0, 600);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(0, 10)]
    [InlineData(300, 2)]
    [InlineData(300, 5)]
    [InlineData(400, 2)]
    [InlineData(500, 4)]
    public void ASlowerMachineEndsInTimeWithFewerSteps(double at, double factor)
    {
        var run = Run(seconds => seconds < at ? 0.1 : 0.1 * factor);
        Assert.InRange(run.Seconds, 0.8 * 600, 600);
        Assert.True(run.Steps < Pace.StepsWithin(Time, Reporting));
        Assert.InRange(run.Lengths.Count, 1, 25);
        Assert.Equal(run.Lengths.OrderDescending().Distinct(), run.Lengths);
    }

    /// <summary>Nothing helps then but to end quickly, and with schedules that run out.</summary>
    [Fact]
    public void ALateStandstillLeavesAShortEnding()
    {
        long stopped = 0;
        double stop = 300;
        var run = Run(seconds =>
        {
            if (seconds < 400 || stop == 0)
                return 0.1;
            (double pause, stop) = (stop, 0);
            return pause;
        }, (step, seconds) => stopped = seconds < 400 ? step : stopped);
        Assert.InRange(run.Steps - stopped, stopped / 100, (stopped / 100) + 5);
    }

    private static Outcome Run(Func<double, double> secondsOfStep, Action<long, double>? stepped = null)
    {
        var clock = new FakeClock();
        var deadline = new Deadline(Time, Pace, Reporting, clock);
        long steps = Pace.StepsWithin(Time, Reporting);
        var lengths = new List<long>();
        for (long step = 1; step <= steps; step++)
        {
            clock.Seconds += secondsOfStep(clock.Seconds);
            clock.Seconds += step % 1000 == 0 || step == steps ? Pace.SheetSeconds : 0;
            clock.Seconds += step % 500 == 0 || step == steps ? Pace.CheckpointSeconds : 0;
            stepped?.Invoke(step, clock.Seconds);
            long fitted = deadline.Fit(step, steps);
            if (fitted != steps)
                lengths.Add(fitted);
            steps = fitted;
        }

        return new Outcome(steps, clock.Seconds, lengths);
    }

    private sealed record Outcome(long Steps, double Seconds, List<long> Lengths);
}
