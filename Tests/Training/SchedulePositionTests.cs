using Gqn.Native.Engine;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

public sealed class SchedulePositionTests
{
    [Fact]
    public void WithoutRefitsThePositionIsTheStep()
    {
        var position = SchedulePosition.Parse(null);
        Assert.Equal(0, position.At(0));
        Assert.Equal(123_456_789, position.At(123_456_789));
        Assert.Empty(position.ToString());
    }

    [Fact]
    public void RatesCountFromTheirSteps()
    {
        var position = SchedulePosition.Parse("100:1.5,200:4");
        Assert.Equal([0, 100, 101.5, 250, 254, 650], new long[] { 0, 100, 101, 200, 201, 300 }.Select(position.At));
        Assert.Equal("100:1.5,200:4", position.ToString());
    }

    [Theory]
    [InlineData(3000, 6800, 6100)]
    [InlineData(1, 6800, 3)]
    [InlineData(6000, 6800, 6002)]
    [InlineData(17, 1_000_000, 777_777)]
    [InlineData(3000, 6800, 7900)]
    [InlineData(1, 800, 1600)]
    public void AChangedRunEndsWithFinalValuesAndKeepsItsPast(long step, long steps, long wanted)
    {
        var before = SchedulePosition.Parse(null);
        var (after, length) = before.Refit(step, steps, wanted);
        // Rates are rounded up to four decimals, which may save some steps.
        Assert.InRange(length, wanted - 1 - ((wanted - step) / 2500), wanted);
        var sigma = new LinearSchedule(2.0, 0.7, steps);
        Assert.Equal(0.7, sigma.At(after.At(length - 1)));
        Assert.True(sigma.At(after.At(length - 2)) > 0.7);
        Assert.Equal(before.At(step), after.At(step));
        Assert.Equal(wanted < steps, after.At(step + 1) > before.At(step + 1));
        var read = SchedulePosition.Parse(after.ToString());
        Assert.All([step, step + 1, length - 1], s => Assert.Equal(after.At(s), read.At(s)));
    }

    [Fact]
    public void ChangingItAgainGoesOnFromThere()
    {
        var (first, steps) = SchedulePosition.Parse(null).Refit(1000, 5000, 4000);
        var (second, fewer) = first.Refit(2000, steps, 3000);
        Assert.InRange(fewer, 2999, 3000);
        Assert.Equal(first.At(2000), second.At(2000));
        Assert.InRange(second.At(fewer - 1), 5000, 5010);
        // Planning again from before a re-fit forgets that re-fit.
        var (other, _) = second.Refit(1500, fewer, 2500);
        Assert.StartsWith("1000:", other.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("2000:", other.ToString(), StringComparison.Ordinal);
    }
}
