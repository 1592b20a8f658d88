using Gqn.Native.Engine;
using Gqn.Native.Experiments;
using Xunit;

namespace Gqn.Native.Tests.Experiments;

/// <summary>Divergences that fall by a known ratio, and likelihoods with a known gap.</summary>
public sealed class SurpriseAndLikelihoodTests
{
    private const int Scenes = 200;

    [Theory]
    [InlineData(new[] { 20, 14, 11, 9, 8.0 }, Verdict.Reproduced, 0.4)]
    [InlineData(new[] { 20, 17, 15, 13, 12.0 }, Verdict.NotReproduced, 0.6)]
    [InlineData(new[] { 20, 20, 20, 20, 20.0 }, Verdict.NotReproduced, 1)]
    [InlineData(new[] { 20, 8, 11, 9, 8.0 }, Verdict.NotReproduced, 0.4)]
    [InlineData(new[] { .2, .14, .11, .09, .08 }, Verdict.TooWeakAModel, 0.4)]
    [InlineData(new[] { 20, 5.0 }, Verdict.Reproduced, 0.25)]
    public void TheVerdictFollowsTheDivergences(double[] means, Verdict expected, double ratio)
    {
        var random = new RandomStream(4, 4);
        // Scenes differ in difficulty by a factor of up to three; pairs differ by less.
        float[] difficulty = [.. Enumerable.Range(0, Scenes).Select(_ => random.NextSingle(.5f, 1.5f))];
        double scale = 1 / difficulty.Average(value => (double)value);
        double[][] surprise = [.. means.Select(mean => difficulty.Select(value => mean * scale * value).ToArray())];
        var (rows, findings) = BayesianSurprise.Judge(new Bootstrap(Scenes, 1), surprise);
        Assert.Equal(means.Length + 1, rows.Count);
        Assert.All(means.Zip(rows), pair => Assert.Equal(pair.First, pair.Second.Model.Value, 1e-6));
        Assert.Equal(ratio, rows[^1].Model.Value, 1e-9);
        Assert.Equal(expected, Of(rows, findings));
    }

    [Fact]
    public void TheRatioIsThatOfMeansNotTheMeanOfRatios()
    {
        var (rows, _) = BayesianSurprise.Judge(new Bootstrap(2, 1), [[1, 9], [1, 3]]);
        Assert.Equal(0.4, rows[^1].Model.Value, 1e-12);
    }

    [Theory]
    [InlineData(0, 30, Verdict.Reproduced)]
    [InlineData(1, 30, Verdict.Reproduced)]
    [InlineData(3, 30, Verdict.NotReproduced)]
    [InlineData(-3, 30, Verdict.NotReproduced)]
    [InlineData(0, 5, Verdict.TooWeakAModel)]
    public void TheVerdictFollowsTheGap(double gap, double meanImage, Verdict expected)
    {
        var random = new RandomStream(8, 5);
        double[] train = Draw(10), earlier = Draw(20), test = [.. Draw(10).Select(value => value + gap)];
        double[] worse = [.. Draw(20).Select(value => value + 5)];
        var (rows, findings) = TrainTestLikelihood.Judge(
            [new(100, earlier, worse), new(200, train, test)], [.. Draw(meanImage)], imageSize: 64, seed: 1);
        Assert.Equal(expected, Of(rows, findings));
        var row = rows.Single(row => row is { Condition: "step 200, test", Measure: "excess, nats per image" });
        Assert.Equal(test.Average(), row.Model.Value, 1e-9);
        row = rows.Single(row => row is { Condition: "step 200, test", Measure: "-ELBO, nats per image" });
        Assert.Equal(6909.09 + test.Average(), row.Model.Value, 0.01);
        Assert.Equal(
            worse.Average() - earlier.Average(), rows.Single(row => row.Condition == "step 100").Model.Value, 1e-9);

        double[] Draw(double mean) => [.. Enumerable.Range(0, Scenes).Select(_ => mean + random.NextNormal())];
    }

    /// <summary>The article's figure ends at 6.11 for a perfect model: ln(0.7 √(2π)) + ln 256.</summary>
    [Fact]
    public void TheScaleOfTheFigureIsNatsPerNumber()
    {
        Assert.Equal(6.10744, PosteriorBound.PerDimension(0, 64), 1e-5);
        Assert.Equal(6.10744 + 1, PosteriorBound.PerDimension(64 * 64 * 3, 64), 1e-5);
    }

    [Fact]
    public void TheExcessIsTheWeightedSquaredErrorAndTheDivergence()
    {
        float[] truth = [.1f, .5f, .9f], mean = [.1f, .7f, 1.2f];
        Assert.Equal(((.04 + .09) / (2 * .49)) + 3, PosteriorBound.Excess(mean, truth, 3), 1e-6);
    }

    private static Verdict Of(IReadOnlyList<ResultRow> rows, IReadOnlyList<Finding> findings) =>
        new ExperimentResult("test", "0", "", null!, Scenes, 1, rows, findings, []).Verdict;
}
