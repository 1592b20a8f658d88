using Gqn.Native.Engine;
using Gqn.Native.Imaging;
using Xunit;

namespace Gqn.Native.Tests.Imaging;

public sealed class ImageMetricsTests
{
    [Fact]
    public void LiteralValues()
    {
        float[] a = [0, 0.5f, 1, 0.25f];
        float[] b = [0.5f, 0.5f, 0.5f, 0.75f];
        Assert.Equal(0.1875, ImageMetrics.MeanSquaredError(a, b));
        Assert.Equal(255 * Math.Sqrt(0.1875), ImageMetrics.RootMeanSquaredError(a, b), 1e-12);
        Assert.Equal(95.625, ImageMetrics.MeanAbsoluteError(a, b));
        // 10 log10(16/3)
        Assert.Equal(7.269987279362623, ImageMetrics.PeakSignalToNoise(a, b), 1e-12);
        Assert.Equal(double.PositiveInfinity, ImageMetrics.PeakSignalToNoise(a, a));
        // An error of one grey level everywhere.
        Assert.Equal(48.1308036086791, ImageMetrics.PeakSignalToNoise(new float[9], Filled(9, 1 / 255f)), 1e-5);
        Assert.Equal(1, ImageMetrics.RootMeanSquaredError(new float[9], Filled(9, 1 / 255f)), 1e-6);
    }

    [Fact]
    public void ObjectErrorCountsThePixelsOfObjectsAlone()
    {
        float[] a = [0, 0, 0, 0.5f, 0.25f, 1, 1, 1, 1], b = [1, 1, 1, 0, 0.5f, 1, 0.5f, 1, 1];
        // (0.25 + 0.0625 + 0) / 3, then with (0.25 + 0 + 0) of the last pixel.
        Assert.Equal(0.3125 / 3, ImageMetrics.ObjectMeanSquaredError(a, b, [0, 1, 0]));
        Assert.Equal(0.5625 / 6, ImageMetrics.ObjectMeanSquaredError(a, b, [0, 3, 255]));
        Assert.Equal(ImageMetrics.MeanSquaredError(a, b), ImageMetrics.ObjectMeanSquaredError(a, b, [1, 2, 3]));
        Assert.Null(ImageMetrics.ObjectMeanSquaredError(a, b, [0, 0, 0]));
        Assert.Throws<ArgumentException>(() => ImageMetrics.ObjectMeanSquaredError(a, b, [0, 1]));
        Assert.Throws<ArgumentException>(() => ImageMetrics.ObjectMeanSquaredError(a, b.AsSpan(0, 6), [0, 1]));
    }

    [Fact]
    public void EqualPicturesHaveSimilarityOne()
    {
        float[] a = Noise(20 * 15 * 3, 1);
        Assert.Equal(1, ImageMetrics.StructuralSimilarity(a, a, 20, 15), 1e-12);
        Assert.Equal(1, ImageMetrics.StructuralSimilarity(new float[363], new float[363], 11, 11), 1e-12);
    }

    [Fact]
    public void ConstantPicturesHaveTheSimilarityOfTheirMeans()
    {
        // (2·0.25·0.5 + C1) / (0.25² + 0.5² + C1)
        double similarity = ImageMetrics.StructuralSimilarity(Filled(432, 0.25f), Filled(432, 0.5f), 12, 12);
        Assert.Equal(0.2501 / 0.3126, similarity, 1e-9);
    }

    [Theory]
    [InlineData(11, 11, 1)]
    [InlineData(17, 12, 3)]
    [InlineData(32, 32, 3)]
    public void SimilarityIsThatOfTheDefinition(int width, int height, int channels)
    {
        float[] a = Noise(width * height * channels, 2);
        float[] noise = Noise(a.Length, 3);
        float[] b = [.. a.Select((value, i) => (0.7f * value) + (0.3f * noise[i]))];
        double expected = Naive(a, b, width, height, channels);
        Assert.InRange(expected, 0.3, 0.95);
        Assert.Equal(expected, ImageMetrics.StructuralSimilarity(a, b, width, height, channels), 1e-9);
        Assert.Equal(
            ImageMetrics.StructuralSimilarity(a, b, width, height, channels),
            ImageMetrics.StructuralSimilarity(b, a, width, height, channels));
    }

    [Fact]
    public void AllMeasuresAtOnce()
    {
        float[] a = Noise(16 * 16 * 3, 4);
        float[] b = Noise(a.Length, 5);
        Assert.Equal(
            new ImageQuality(
                ImageMetrics.MeanSquaredError(a, b),
                ImageMetrics.RootMeanSquaredError(a, b),
                ImageMetrics.MeanAbsoluteError(a, b),
                ImageMetrics.PeakSignalToNoise(a, b),
                ImageMetrics.StructuralSimilarity(a, b, 16, 16)),
            ImageMetrics.Compare(a, b, 16, 16));
    }

    [Fact]
    public void SizesMustAgree()
    {
        Assert.Throws<ArgumentException>(() => ImageMetrics.MeanSquaredError(new float[3], new float[4]));
        Assert.Throws<ArgumentException>(() => ImageMetrics.MeanAbsoluteError([], []));
        float[] tenByTen = new float[300];
        Assert.Throws<ArgumentException>(() => ImageMetrics.StructuralSimilarity(tenByTen, tenByTen, 10, 10));
        Assert.Throws<ArgumentException>(() => ImageMetrics.StructuralSimilarity(tenByTen, tenByTen, 11, 11));
    }

    /// <summary>Each window on its own: weighted means, then variances about those means.</summary>
    private static double Naive(float[] a, float[] b, int width, int height, int channels)
    {
        double[,] weights = new double[11, 11];
        double total = 0;
        for (int i = 0; i < 11; i++)
        {
            for (int j = 0; j < 11; j++)
                total += weights[i, j] = Math.Exp(-(((i - 5) * (i - 5)) + ((j - 5) * (j - 5))) / 4.5);
        }

        double sum = 0;
        int windows = 0;
        for (int channel = 0; channel < channels; channel++)
        {
            for (int y = 0; y + 11 <= height; y++)
            {
                for (int x = 0; x + 11 <= width; x++)
                {
                    double Moment(Func<float, float, double> f)
                    {
                        double moment = 0;
                        for (int i = 0; i < 11; i++)
                        {
                            for (int j = 0; j < 11; j++)
                            {
                                int at = ((((y + i) * width) + x + j) * channels) + channel;
                                moment += weights[i, j] / total * f(a[at], b[at]);
                            }
                        }

                        return moment;
                    }

                    double meanA = Moment((p, _) => p);
                    double meanB = Moment((_, q) => q);
                    double varianceA = Moment((p, _) => (p - meanA) * (p - meanA));
                    double varianceB = Moment((_, q) => (q - meanB) * (q - meanB));
                    double covariance = Moment((p, q) => (p - meanA) * (q - meanB));
                    sum += ((2 * meanA * meanB) + 1e-4) * ((2 * covariance) + 9e-4)
                        / (((meanA * meanA) + (meanB * meanB) + 1e-4) * (varianceA + varianceB + 9e-4));
                    windows++;
                }
            }
        }

        return sum / windows;
    }

    private static float[] Filled(int count, float value)
    {
        float[] values = new float[count];
        Array.Fill(values, value);
        return values;
    }

    private static float[] Noise(int count, uint stream)
    {
        var random = new RandomStream(seed: 6, stream);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle())];
    }
}
