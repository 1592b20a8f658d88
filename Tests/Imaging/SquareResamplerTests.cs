using Gqn.Native.Imaging;
using Xunit;

namespace Gqn.Native.Tests.Imaging;

public sealed class SquareResamplerTests
{
    [Theory]
    [InlineData(64, 32)]
    [InlineData(64, 16)]
    [InlineData(84, 64)]
    [InlineData(84, 32)]
    [InlineData(128, 9)]
    [InlineData(5, 1)]
    [InlineData(8, 64)]
    [InlineData(64, 84)]
    [InlineData(1, 16)]
    [InlineData(10, 10)]
    public void EveryPixelIsWhatAPlainComputationGives(int from, int to)
    {
        var image = ImageDecoderTests.Picture(from, from, (ulong)to);
        byte[] actual = new byte[to * to * 3];
        new SquareResampler(from, to).Resample(image.Bytes, actual);
        double[,] weights = to < from ? Areas(from, to) : Hats(from, to);
        for (int y = 0; y < to; y++)
        {
            for (int x = 0; x < to; x++)
            {
                for (int c = 0; c < 3; c++)
                {
                    double sum = 0;
                    for (int v = 0; v < from; v++)
                    {
                        for (int u = 0; u < from; u++)
                            sum += weights[y, v] * weights[x, u] * image.Bytes[(((v * from) + u) * 3) + c];
                    }

                    Assert.InRange(Math.Abs(sum - actual[(((y * to) + x) * 3) + c]), 0, 0.5 + 1e-9);
                }
            }
        }
    }

    [Fact]
    public void AFlatPictureStaysFlat()
    {
        var image = new RgbImage(84, 84);
        image.Fill(new Rgb(255, 1, 77));
        foreach (int to in new[] { 1, 32, 64, 83, 85, 200 })
        {
            byte[] actual = new byte[to * to * 3];
            new SquareResampler(84, to).Resample(image.Bytes, actual);
            for (int i = 0; i < actual.Length; i += 3)
                Assert.Equal((255, 1, 77), (actual[i], actual[i + 1], actual[i + 2]));
        }
    }

    [Fact]
    public void SizesAreChecked()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new SquareResampler(0, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SquareResampler(4, 0));
        Assert.Throws<ArgumentException>(() => new SquareResampler(4, 2).Resample(new byte[47], new byte[12]));
        Assert.Throws<ArgumentException>(() => new SquareResampler(4, 2).Resample(new byte[48], new byte[13]));
    }

    /// <summary>The share of each old pixel in the area of each new one.</summary>
    private static double[,] Areas(int from, int to)
    {
        double[,] weights = new double[to, from];
        double scale = (double)from / to;
        for (int i = 0; i < to; i++)
        {
            for (int k = 0; k < from; k++)
            {
                double overlap = Math.Min((i + 1) * scale, k + 1) - Math.Max(i * scale, k);
                weights[i, k] = Math.Max(0, overlap) / scale;
            }
        }

        return weights;
    }

    /// <summary>Linear interpolation at the centre of a new pixel.</summary>
    private static double[,] Hats(int from, int to)
    {
        double[,] weights = new double[to, from];
        for (int i = 0; i < to; i++)
        {
            double centre = Math.Clamp(((i + 0.5) * from / to) - 0.5, 0, from - 1);
            for (int k = 0; k < from; k++)
                weights[i, k] = Math.Max(0, 1 - Math.Abs(centre - k));
        }

        return weights;
    }
}
