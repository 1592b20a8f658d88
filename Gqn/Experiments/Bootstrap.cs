using Gqn.Native.Engine;

namespace Gqn.Native.Experiments;

/// <summary>A number that is computed from some of the scenes; a scene may be among them several times.</summary>
/// <param name="scenes">The indices of the scenes.</param>
public delegate double SceneStatistic(ReadOnlySpan<int> scenes);

/// <summary>Confidence intervals over scenes by the percentile bootstrap (Efron 1979).</summary>
/// <remarks>
/// A number is computed again from many sets of scenes, each drawn with replacement from those that were measured; the
/// middle 95 % of the results are its interval. All numbers of one object use the same sets, so that numbers of the
/// same scenes are compared pair by pair. The sets depend on the seed and the number of scenes alone.
/// </remarks>
public sealed class Bootstrap
{
    /// <summary>The number of sets that are drawn.</summary>
    public const int Resamples = 2000;

    private const uint Purpose = 0x426F6F74;
    private const double Tail = 0.025;

    private readonly int[] _all, _draws;

    /// <summary>Draws the sets.</summary>
    /// <param name="scenes">The number of scenes, at least 1.</param>
    /// <param name="seed">Determines the sets.</param>
    public Bootstrap(int scenes, ulong seed)
        : this(scenes, new RandomStream(seed, Purpose))
    {
    }

    private Bootstrap(int scenes, RandomStream random)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(scenes, 1);
        _all = [.. Enumerable.Range(0, scenes)];
        _draws = new int[(long)Resamples * scenes];
        for (int i = 0; i < _draws.Length; i++)
            _draws[i] = random.NextInt32(scenes);
    }

    /// <summary>The number of scenes.</summary>
    public int Scenes => _all.Length;

    /// <summary>Any number and its interval.</summary>
    /// <remarks>If the number is undefined for some set, so is the lower end of the interval: NaN.</remarks>
    public Estimate Of(SceneStatistic statistic)
    {
        ArgumentNullException.ThrowIfNull(statistic);
        return Interval(statistic(_all), Resampled(statistic));
    }

    /// <summary>The mean over scenes.</summary>
    /// <param name="values">One number per scene.</param>
    public Estimate Mean(IReadOnlyList<double> values)
    {
        Require(values);
        var mean = Of(scenes => MeanOf(values, scenes));
        double squares = values.Sum(value => (value - mean.Value) * (value - mean.Value));
        return mean with { Deviation = Math.Sqrt(squares / (values.Count - 1)) };
    }

    /// <summary>The mean over scenes of first − second.</summary>
    /// <param name="first">One number per scene.</param>
    /// <param name="second">One number per scene, of the same scenes in the same order.</param>
    public Estimate Difference(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        Require(first);
        Require(second);
        return Mean([.. first.Zip(second, (a, b) => a - b)]);
    }

    /// <summary>Σ numerators / Σ denominators: a mean over all pixels of some kind, however many a scene has.</summary>
    /// <param name="numerators">One sum per scene.</param>
    /// <param name="denominators">One sum per scene.</param>
    public Estimate Ratio(IReadOnlyList<double> numerators, IReadOnlyList<double> denominators)
    {
        Require(numerators);
        Require(denominators);
        return Of(scenes => Sum(numerators, scenes) / Sum(denominators, scenes));
    }

    /// <summary>The difference of two means over different scenes, first − second.</summary>
    /// <param name="first">One number per scene.</param>
    /// <param name="second">One number per scene of another set.</param>
    /// <param name="seed">Determines the sets that are drawn, independent for the two.</param>
    public static Estimate Gap(IReadOnlyList<double> first, IReadOnlyList<double> second, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        var random = new RandomStream(seed, Purpose);
        double[] firstMeans = new Bootstrap(first.Count, random).Resampled(scenes => MeanOf(first, scenes));
        double[] secondMeans = new Bootstrap(second.Count, random).Resampled(scenes => MeanOf(second, scenes));
        return Interval(
            first.Average() - second.Average(), [.. firstMeans.Zip(secondMeans, (mean, other) => mean - other)]);
    }

    /// <summary>The sum of the numbers of some scenes.</summary>
    internal static double Sum(IReadOnlyList<double> values, ReadOnlySpan<int> scenes)
    {
        double sum = 0;
        foreach (int scene in scenes)
            sum += values[scene];
        return sum;
    }

    private static double MeanOf(IReadOnlyList<double> values, ReadOnlySpan<int> scenes) =>
        Sum(values, scenes) / scenes.Length;

    private static Estimate Interval(double value, double[] resampled)
    {
        Array.Sort(resampled);
        int last = resampled.Length - 1;
        return new Estimate(
            value, resampled[(int)Math.Floor(Tail * last)], resampled[(int)Math.Ceiling((1 - Tail) * last)]);
    }

    private double[] Resampled(SceneStatistic statistic)
    {
        double[] results = new double[Resamples];
        for (int i = 0; i < results.Length; i++)
            results[i] = statistic(_draws.AsSpan(i * Scenes, Scenes));
        return results;
    }

    private void Require(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Count != Scenes)
            throw new ArgumentException($"There are {values.Count} numbers for {Scenes} scenes.", nameof(values));
    }
}
