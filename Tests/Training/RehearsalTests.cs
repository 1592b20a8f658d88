using Gqn.Native.Engine;
using Gqn.Native.Tests.Io;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

public sealed class RehearsalTests
{
    [Fact]
    public void AnUnevenDrawOfContextsIsEvenedOut()
    {
        // A step of m contexts takes 2 + 3m seconds, on average 11.
        AssertSeconds(11, 11, [(1, true, 5), (1, true, 5), (2, true, 8), (4, true, 14)]);
        AssertSeconds(11, 11, [(1, false, 5), (1, false, 5), (2, false, 8), (4, false, 14)]);
        AssertSeconds(5, 5, [(2, false, 4), (2, false, 6)]);
        // Noise must not make more contexts cheaper, nor more expensive than in proportion.
        AssertSeconds(5, 5, [(1, false, 6), (2, false, 4)]);
        AssertSeconds(10, 10, [(1, false, 0), (2, false, 10)]);
    }

    [Fact]
    public void WhatAPosteriorTakesIsToldFromWhatContextsTake()
    {
        // 2 + 3m seconds, and 4 more with a posterior.
        AssertSeconds(11, 15, [(1, false, 5), (2, true, 12), (4, false, 14), (5, true, 21), (1, true, 9)]);
        // If the two cannot be told apart, all have the same mean.
        AssertSeconds(8, 8, [(1, false, 4), (1, false, 4), (3, true, 8), (3, true, 8)]);
        // Noise must not make a posterior cheaper, nor an update without one free.
        AssertSeconds(3, 3, [(3, true, 2), (3, false, 4)]);
        AssertSeconds(1, 3, [(3, true, 4), (3, false, 0)]);
    }

    [Fact]
    public void ItMeasuresByTheClockAndLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(1);
        // Time passes only at readings of the clock: a step makes some, a sheet and a checkpoint one or two each.
        var clock = new FakeClock { SecondsPerReading = 0.01 };
        var pace = Rehearsal.Measure(
            TrainerTests.Configuration(), new RunDirectory(folder["run"]), device, clock, TimeSpan.FromSeconds(2),
            CancellationToken.None);
        Assert.InRange(pace.StepSeconds, 0.02, 0.1);
        Assert.InRange(pace.SheetSeconds, 0.005, 0.03);
        Assert.InRange(pace.CheckpointSeconds, 0.005, 0.03);
        Assert.InRange(clock.Seconds, 2, 2.5);
        Assert.Empty(folder.FileNames);
    }

    [Fact]
    public void OneThatIsGivenUpLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(1);
        Assert.Throws<OperationCanceledException>(() => Rehearsal.Measure(
            TrainerTests.Configuration(), new RunDirectory(folder["run"]), device, new FakeClock(),
            TimeSpan.FromSeconds(2), new CancellationToken(true)));
        Assert.Empty(folder.FileNames);
    }

    private static void AssertSeconds(
        double prior, double posterior, (int Contexts, bool HasPosterior, double Seconds)[] times)
    {
        var seconds = Rehearsal.StepSeconds(times, 5);
        Assert.Equal(prior, seconds.Prior, 1e-12);
        Assert.Equal(posterior, seconds.Posterior, 1e-12);
    }
}
