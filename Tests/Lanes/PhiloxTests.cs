using Gqn.Native.Kernels.Random;
using Xunit;

namespace Gqn.Native.Tests.Lanes;

public sealed class PhiloxTests
{
    private const int Draws = 1 << 18;

    private static readonly PhiloxKey Key = new(0x123456789ABCDEF, 7, 3);

    /// <summary>The known answers that the authors publish with their library, Random123.</summary>
    [Theory]
    [InlineData(0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u,
        0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu,
        0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u,
        0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void KnownAnswers(
        uint x0, uint x1, uint x2, uint x3, uint k0, uint k1, uint y0, uint y1, uint y2, uint y3) =>
        Assert.Equal((y0, y1, y2, y3), Philox.Block(x0, x1, x2, x3, k0, k1));

    [Fact]
    public void KeyAndIndexFillCounterAndKey()
    {
        Assert.Equal(Philox.Block(41, 3, 7, 0, 0x89ABCDEF, 0x01234567), Philox.Block(Key, 41));
        // No two neighbouring indices, positions, streams or seeds share a block.
        var blocks = new HashSet<(uint, uint, uint, uint)>();
        for (uint i = 0; i < 4; i++)
        {
            for (uint position = 0; position < 4; position++)
            {
                for (uint stream = 0; stream < 4; stream++)
                {
                    for (ulong seed = 0; seed < 4; seed++)
                        Assert.True(blocks.Add(Philox.Block(new PhiloxKey(seed, stream, position), i)));
                }
            }
        }
    }

    [Fact]
    public void UniformCoversZeroExclusiveToOneInclusive()
    {
        Assert.Equal(1f / (1 << 24), Philox.Uniform(0));
        Assert.Equal(1f, Philox.Uniform(uint.MaxValue));
        Assert.Equal(0.5f, Philox.Uniform(0x7FFFFFFF));
    }

    [Fact]
    public void UniformHasItsMomentsAndFillsItsBins()
    {
        const int Bins = 64;
        int[] counts = new int[Bins];
        double sum = 0, squares = 0;
        for (uint i = 0; i < Draws; i++)
        {
            double u = Philox.Uniform(Philox.Block(Key, i).X0);
            sum += u;
            squares += u * u;
            counts[Math.Min((int)(u * Bins), Bins - 1)]++;
        }

        Assert.Equal(1.0 / 2, sum / Draws, 5 / Math.Sqrt(12.0 * Draws));
        Assert.Equal(1.0 / 3, squares / Draws, 5 * Math.Sqrt(4.0 / 45 / Draws));
        AssertChiSquare(counts, _ => (double)Draws / Bins);
    }

    [Fact]
    public void NormalHasItsMomentsAndFillsItsBins()
    {
        // Bins of half a deviation from -3 to 3, and the two tails.
        int[] counts = new int[14];
        double sum = 0, squares = 0, fourths = 0, neighbours = 0, last = 0;
        for (uint i = 0; i < Draws; i++)
        {
            double x = Philox.Normal(Key, i);
            sum += x;
            squares += x * x;
            fourths += x * x * x * x;
            neighbours += x * last;
            last = x;
            counts[Math.Clamp((int)Math.Floor((x + 3) * 2) + 1, 0, 13)]++;
        }

        // Five standard errors of each moment: variances 1, 2, 96 and 1.
        double error = 5 / Math.Sqrt(Draws);
        Assert.Equal(0, sum / Draws, error);
        Assert.Equal(1, squares / Draws, error * Math.Sqrt(2));
        Assert.Equal(3, fourths / Draws, error * Math.Sqrt(96));
        Assert.Equal(0, neighbours / Draws, error);
        AssertChiSquare(counts, bin =>
        {
            double low = bin == 0 ? -99 : ((bin - 1) / 2.0) - 3, high = bin == 13 ? 99 : (bin / 2.0) - 3;
            return Draws * (Distribution(high) - Distribution(low));
        });
    }

    [Fact]
    public void NormalIsAlwaysFinite()
    {
        // The smallest and largest uniform numbers bound everything: √(−2 ln 2⁻²⁴) = 5.77.
        for (uint i = 0; i < Draws; i++)
            Assert.True(MathF.Abs(Philox.Normal(new PhiloxKey(1, 1, 1), i)) < 5.78f);
    }

    private static void AssertChiSquare(int[] counts, Func<int, double> expected)
    {
        double chi = 0;
        for (int bin = 0; bin < counts.Length; bin++)
            chi += (counts[bin] - expected(bin)) * (counts[bin] - expected(bin)) / expected(bin);
        // Mean n and deviation √2n for n degrees of freedom; too good a fit is as suspicious as too bad a one.
        double freedom = counts.Length - 1;
        Assert.InRange(chi, freedom - (4 * Math.Sqrt(2 * freedom)), freedom + (5 * Math.Sqrt(2 * freedom)));
    }

    /// <summary>Φ(x) by Simpson's rule on the density.</summary>
    private static double Distribution(double x)
    {
        if (Math.Abs(x) > 9)
            return x > 0 ? 1 : 0;
        const int Steps = 200;
        double h = x / Steps, sum = 0;
        for (int i = 0; i < Steps; i += 2)
            sum += Density(i * h) + (4 * Density((i + 1) * h)) + Density((i + 2) * h);
        return 0.5 + (sum * h / 3);

        static double Density(double t) => Math.Exp(-t * t / 2) / Math.Sqrt(2 * Math.PI);
    }
}
