using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

/// <summary>Runs that consist only of a clock.</summary>
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

    [Theory]
    [InlineData(0, 0.9)]
    [InlineData(0, 0.5)]
    [InlineData(0, 0.1)]
    [InlineData(300, 0.5)]
    [InlineData(500, 0.25)]
    public void AFasterMachineUsesItsTimeForMoreSteps(double at, double factor)
    {
        var run = Run(seconds => seconds < at ? 0.1 : 0.1 * factor);
        Assert.InRange(run.Seconds, 0.9 * 600, 600);
        Assert.True(run.Steps > Pace.StepsWithin(Time, Reporting));
        Assert.InRange(run.Lengths.Count, 1, 25);
    }

    /// <summary>Measured while another program ran that ends soon afterwards.</summary>
    [Fact]
    public void AMeasurementOnABusyMachineIsMadeGood()
    {
        var run = Run(seconds => seconds < 30 ? 0.1 : 0.03);
        Assert.InRange(run.Seconds, 0.9 * 600, 600);
        Assert.InRange(run.Steps, 0.85 * 600 / 0.034, 600 / 0.034);
    }

    /// <summary>Updates with a posterior come late and take twice as long; that is expected and not a slower
    /// machine.</summary>
    [Fact]
    public void DearUpdatesThatComeLateArePlannedFor()
    {
        var pace = Pace with { PosteriorFactor = 2 };
        // The last quarter of the updates has a posterior.
        long steps = pace.StepsWithin(Time, Reporting), from = steps * 3 / 4;
        double unit = pace.StepSeconds / 1.25;
        var run = Run(
            pace, step => step > from, (step, length) => step > from
                ? 1
                : (length - from) / (double)(length - step), (step, _) => step <= from ? unit : 2 * unit);
        Assert.Empty(run.Lengths);
        Assert.InRange(run.Seconds, 0.9 * 600, 600);
    }

    /// <summary>Ten seconds at a fifth of the speed cost eight, which the margin covers.</summary>
    [Theory]
    [InlineData(20)]
    [InlineData(100)]
    [InlineData(250)]
    public void AShortBurstOfOtherWorkChangesLittle(double at)
    {
        var run = Run(seconds => seconds > at && seconds < at + 10 ? 0.5 : 0.1);
        long planned = Pace.StepsWithin(Time, Reporting);
        Assert.InRange(run.Steps, 0.9 * planned, 1.03 * planned);
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

    /// <summary>All that helps then is to end quickly, with schedules that complete.</summary>
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

    private static Outcome Run(Func<double, double> secondsOfStep, Action<long, double>? stepped = null) =>
        Run(Pace, _ => false, (_, _) => 0, (_, seconds) => secondsOfStep(seconds), stepped);

    /// <summary>Makes the updates of a run.</summary>
    /// <param name="pace">The measured pace.</param>
    /// <param name="hasPosterior">Which updates have a posterior.</param>
    /// <param name="ahead">The share of those among the updates after one, given the length of the run.</param>
    /// <param name="secondsOfStep">The duration of an update, given its number and the time.</param>
    /// <param name="stepped">Called after each update.</param>
    private static Outcome Run(
        TrainingPace pace, Func<long, bool> hasPosterior, Func<long, long, double> ahead,
        Func<long, double, double> secondsOfStep, Action<long, double>? stepped = null)
    {
        var clock = new FakeClock();
        long steps = pace.StepsWithin(Time, Reporting);
        var deadline = new Deadline(Time, pace, ahead(0, steps), Reporting, clock);
        var lengths = new List<long>();
        for (long step = 1; step <= steps; step++)
        {
            clock.Seconds += secondsOfStep(step, clock.Seconds);
            clock.Seconds += step % 1000 == 0 || step == steps ? pace.SheetSeconds : 0;
            clock.Seconds += step % 500 == 0 || step == steps ? pace.CheckpointSeconds : 0;
            stepped?.Invoke(step, clock.Seconds);
            long fitted = deadline.Fit(step, steps, hasPosterior(step), ahead(step, steps));
            if (fitted != steps)
                lengths.Add(fitted);
            steps = fitted;
        }

        return new Outcome(steps, clock.Seconds, lengths);
    }

    private sealed record Outcome(long Steps, double Seconds, List<long> Lengths);
}
