using Gqn.Native.Engine;
using Gqn.Native.Experiments;
using Xunit;

namespace Gqn.Native.Tests.Experiments;

/// <summary>Intervals of samples whose distribution is known.</summary>
public sealed class BootstrapTests
{
    private const double Normal975 = 1.959964;

    [Fact]
    public void TheIntervalOfANormalMeanIsThatOfTheory()
    {
        double[] values = Draw(new RandomStream(5, 1), 400, mean: 3, deviation: 2);
        var estimate = new Bootstrap(values.Length, seed: 7).Mean(values);
        double mean = values.Average();
        double deviation = Math.Sqrt(values.Sum(value => Math.Pow(value - mean, 2)) / (values.Length - 1));
        double half = Normal975 * deviation / Math.Sqrt(values.Length);
        Assert.Equal(mean, estimate.Value, 1e-12);
        Assert.Equal(deviation, estimate.Deviation!.Value, 1e-12);
        // 2,000 sets place a 2.5 % quantile to about 0.06 standard errors.
        Assert.Equal(mean - half, estimate.Low, 0.1 * half);
        Assert.Equal(mean + half, estimate.High, 0.1 * half);
    }

    [Fact]
    public void TheTruthLiesInNineteenOfTwentyIntervals()
    {
        const int Sets = 400, Scenes = 60;
        var random = new RandomStream(11, 2);
        int covered = 0;
        for (int set = 0; set < Sets; set++)
        {
            // Squares of normal numbers: skewed, as errors are. Their mean is 1.
            double[] values = [.. Draw(random, Scenes, 0, 1).Select(value => value * value)];
            var estimate = new Bootstrap(Scenes, (ulong)set).Mean(values);
            if (estimate.Low <= 1 && estimate.High >= 1)
                covered++;
        }

        // The percentile bootstrap of 60 skewed numbers covers a little less than 95 %; the counting error is 1.1 %.
        Assert.InRange(covered / (double)Sets, 0.89, 0.975);
    }

    [Fact]
    public void ARatioIsThatOfTheSums()
    {
        var bootstrap = new Bootstrap(3, 1);
        var exact = bootstrap.Ratio([1, 2, 30], [2, 4, 60]);
        Assert.Equal((0.5, 0.5, 0.5), (exact.Value, exact.Low, exact.High));
        Assert.Equal(10.0 / 4, bootstrap.Ratio([1, 0, 9], [1, 1, 2]).Value);
    }

    [Fact]
    public void PairsAreComparedSceneBySceneAndOtherScenesAreNot()
    {
        const int Scenes = 200;
        var random = new RandomStream(3, 3);
        double[] difficulty = Draw(random, Scenes, 0, 10), noise = Draw(random, Scenes, 0.5, 0.1);
        double[] harder = [.. difficulty.Zip(noise, (value, more) => value + more)];
        var paired = new Bootstrap(Scenes, 1).Difference(harder, difficulty);
        Assert.Equal(noise.Average(), paired.Value, 1e-9);
        Assert.InRange(paired.High - paired.Low, 0.02, 0.04);

        double[] other = Draw(random, Scenes / 2, 0, 10);
        var gap = Bootstrap.Gap(harder, other, 1);
        double half = Normal975 * Math.Sqrt((100.0 / Scenes) + (100.0 / other.Length));
        Assert.Equal(harder.Average() - other.Average(), gap.Value, 1e-9);
        Assert.InRange((gap.High - gap.Low) / 2, 0.8 * half, 1.2 * half);
    }

    [Fact]
    public void TheSeedDeterminesTheInterval()
    {
        double[] values = Draw(new RandomStream(9, 4), 50, 0, 1);
        Assert.Equal(new Bootstrap(50, 3).Mean(values), new Bootstrap(50, 3).Mean(values));
        Assert.NotEqual(new Bootstrap(50, 3).Mean(values), new Bootstrap(50, 4).Mean(values));
    }

    [Fact]
    public void WhatIsUndefinedForSomeScenesSupportsNoFinding()
    {
        var undefined = new Bootstrap(3, 1).Ratio([5, 5, 5], [0, 0, 1]) with { Value = 5 };
        Assert.True(double.IsInfinity(undefined.High));
        var none = new Bootstrap(2, 1).Ratio([0, 1], [0, 1]);
        Assert.True(double.IsNaN(none.Low));
        Assert.False(new Finding("a ratio", none, Above: 0).Holds);
        Assert.False(new Finding("a ratio", none, Below: 2).Holds && new Finding("a ratio", none, Above: 0).Holds);
        Assert.Throws<ArgumentException>(() => new Bootstrap(2, 1).Mean([1, 2, 3]));
    }

    private static double[] Draw(RandomStream random, int count, double mean, double deviation) =>
        [.. Enumerable.Range(0, count).Select(_ => mean + (deviation * random.NextNormal()))];
}
