using Gqn.Native.Scenes;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

/// <summary>Means, spreads and their errors from numbers that can be checked by hand.</summary>
public sealed class PredictionSamplesTests
{
    [Fact]
    public void MeanAndVarianceOfThreeSamples()
    {
        // Two pixels whose samples arrive in two parts.
        var samples = new PredictionSamples(6, 3);
        float[][] left = [[0, .5f, 1], [.5f, .5f, 0], [1, .5f, .5f]];
        float[][] right = [[0, 0, .25f], [0, 1, .25f], [.75f, 1, .25f]];
        for (int number = 0; number < 3; number++)
            samples.Add(number, 0, left[number]);
        for (int number = 0; number < 3; number++)
            samples.Add(number, 3, right[number]);
        Assert.Equal(3, samples.Count);
        Assert.Equal([0, .5f, 1, 0, 0, .25f], samples.First);
        AssertClose([.5, .5, .5, .25, 2 / 3.0, .25], samples.Mean);
        // Squares about the mean by hand, divided by 2: (.25 + .25) / 2, and (2 · .0625 + .25) / 2, (4/9 + 2/9) / 2.
        AssertClose([.25, 0, .25, .1875, 1 / 3.0, 0], samples.Variance);
        Assert.Equal((.25 + .25 + .1875 + (1 / 3.0)) / 6, samples.MeanVariance, 1e-7);
        // Equal samples have no variance at all, not even from rounding.
        Assert.Equal(0, samples.Variance[5]);
        Assert.Throws<ArgumentOutOfRangeException>(() => new PredictionSamples(6, 1));
    }

    [Fact]
    public void PixelsOfAKindAreMeasuredAlone()
    {
        var samples = new PredictionSamples(12, 2);
        samples.Add(0, 0, [0, 0, 0, 1, 1, 1, .5f, .5f, .5f, 0, 0, 0]);
        samples.Add(1, 0, [1, 1, 1, 1, 1, 0, .5f, .5f, .5f, 0, 0, 0]);
        float[] truth = [1, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1];
        PixelVisibility[] pixels =
            [PixelVisibility.Hidden, PixelVisibility.Hidden, PixelVisibility.Visible, PixelVisibility.Nothing];
        // Hidden: errors 1, 0, 0, 0, 0, 0 of the first sample; .5² four times of the mean; variances ½ four times.
        Assert.Equal(
            new PixelEvaluation(.5, 1 / 6.0, 1 / 6.0, 2 / 6.0),
            PixelEvaluation.Of(pixels, PixelVisibility.Hidden, samples, truth));
        Assert.Equal(
            new PixelEvaluation(.25, .25, .25, 0), PixelEvaluation.Of(pixels, PixelVisibility.Visible, samples, truth));
        Assert.Equal(
            new PixelEvaluation(.25, 1 / 3.0, .25, .5),
            PixelEvaluation.Of(pixels, PixelVisibility.Hidden, samples, truth, [2, 0, 0, 1])!.Objects);
        Assert.Null(PixelEvaluation.Of(pixels, PixelVisibility.Visible, samples, truth, [2, 0, 0, 1])!.Objects);
        Assert.Throws<ArgumentException>(
            () => PixelEvaluation.Of(pixels, PixelVisibility.Visible, samples, truth, new byte[3]));
        Assert.Null(PixelEvaluation.Of(new PixelVisibility[4], PixelVisibility.Hidden, samples, truth));
        Assert.Throws<ArgumentException>(
            () => PixelEvaluation.Of(pixels.AsSpan(0, 3), PixelVisibility.Hidden, samples, truth));
        Assert.Throws<ArgumentException>(
            () => PixelEvaluation.Of(pixels.AsSpan(0, 3), PixelVisibility.Hidden, samples, truth.AsSpan(0, 9)));
    }

    private static void AssertClose(double[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-7);
    }
}
