using Gqn.Native.Engine.Devices;
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
        (int, double)[] uneven = [(1, 5), (1, 5), (2, 8), (4, 14)];
        Assert.Equal(11, Rehearsal.StepSeconds(uneven, 5), 1e-12);
        Assert.Equal(5, Rehearsal.StepSeconds([(2, 4), (2, 6)], 5), 1e-12);
        // Noise must not make more contexts cheaper, nor dearer than in proportion.
        Assert.Equal(5, Rehearsal.StepSeconds([(1, 6), (2, 4)], 5), 1e-12);
        Assert.Equal(10, Rehearsal.StepSeconds([(1, 0), (2, 10)], 5), 1e-12);
    }

    [Fact]
    public void ItMeasuresByTheClockAndLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(1);
        // Whatever reads the clock takes the time then: a step some readings, a sheet and a checkpoint one or two.
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
}
