using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Gqn.Native.Imaging;

/// <summary>The inverse discrete cosine transform of 8 x 8 blocks in integer arithmetic, by the factorisation of
/// Loeffler, Ligtenberg and Moschytz (1989) with 13-bit constants.</summary>
internal static class InverseDct
{
    private const int ConstantBits = 13, FirstPassBits = 2;

    // Sums of cosines, scaled by 2^13.
    private const int C0298 = 2446, C0390 = 3196, C0541 = 4433, C0765 = 6270, C0899 = 7373, C1175 = 9633;
    private const int C1501 = 12299, C1847 = 15137, C1961 = 16069, C2053 = 16819, C2562 = 20995, C3072 = 25172;

    /// <summary>Computes the samples of a block, 0 to 255.</summary>
    /// <param name="coefficients">64 coefficients, with horizontal frequency u and vertical frequency v at 8u + v;
    /// overwritten.</param>
    /// <param name="samples">Receives eight rows of eight samples.</param>
    /// <param name="stride">The distance from one row of samples to the next.</param>
    public static void Transform(Span<int> coefficients, Span<byte> samples, int stride)
    {
        Pass(coefficients, ConstantBits - FirstPassBits);
        Transpose(coefficients);
        Pass(coefficients, ConstantBits + FirstPassBits + 3);
        Vector256<int> low = Vector256<int>.Zero, high = Vector256.Create(255), middle = Vector256.Create(128);
        for (int y = 0; y < 8; y++)
        {
            var row = Vector256.Create<int>(coefficients.Slice(8 * y, 8)) + middle;
            row = Vector256.Min(Vector256.Max(row, low), high);
            var narrow = Vector128.Narrow(row.GetLower().AsUInt32(), row.GetUpper().AsUInt32());
            Vector128.Narrow(narrow, narrow).GetLower().CopyTo(samples.Slice(y * stride, 8));
        }
    }

    /// <summary>Fills a block that has only a DC coefficient.</summary>
    public static void Fill(int dc, Span<byte> samples, int stride)
    {
        byte value = (byte)Math.Clamp(((dc + 4) >> 3) + 128, 0, 255);
        for (int y = 0; y < 8; y++)
            samples.Slice(y * stride, 8).Fill(value);
    }

    /// <summary>Transforms eight sequences at a time; row k holds element k of each.</summary>
    private static void Pass(Span<int> block, int shift)
    {
        Vector256<int> x0 = Row(block, 0), x1 = Row(block, 1), x2 = Row(block, 2), x3 = Row(block, 3);
        Vector256<int> x4 = Row(block, 4), x5 = Row(block, 5), x6 = Row(block, 6), x7 = Row(block, 7);

        var rotated = (x2 + x6) * C0541;
        Vector256<int> b = rotated - (x6 * C1847), a = rotated + (x2 * C0765);
        Vector256<int> sum = (x0 + x4) << ConstantBits, difference = (x0 - x4) << ConstantBits;
        var round = Vector256.Create(1 << (shift - 1));
        Vector256<int> even0 = sum + a + round, even3 = sum - a + round;
        Vector256<int> even1 = difference + b + round, even2 = difference - b + round;

        var common = (x7 + x3 + x5 + x1) * C1175;
        Vector256<int> s73 = common - ((x7 + x3) * C1961), s51 = common - ((x5 + x1) * C0390);
        Vector256<int> s71 = (x7 + x1) * -C0899, s53 = (x5 + x3) * -C2562;
        Vector256<int> odd3 = (x7 * C0298) + s71 + s73, odd2 = (x5 * C2053) + s53 + s51;
        Vector256<int> odd1 = (x3 * C3072) + s53 + s73, odd0 = (x1 * C1501) + s71 + s51;

        Store(block, 0, even0 + odd0, shift);
        Store(block, 7, even0 - odd0, shift);
        Store(block, 1, even1 + odd1, shift);
        Store(block, 6, even1 - odd1, shift);
        Store(block, 2, even2 + odd2, shift);
        Store(block, 5, even2 - odd2, shift);
        Store(block, 3, even3 + odd3, shift);
        Store(block, 4, even3 - odd3, shift);
    }

    private static Vector256<int> Row(Span<int> block, int k) => Vector256.Create<int>(block.Slice(8 * k, 8));

    private static void Store(Span<int> block, int k, Vector256<int> row, int shift) =>
        (row >> shift).CopyTo(block.Slice(8 * k, 8));

    /// <summary>Transposes the block: transposes its four 4 x 4 quarters, and swaps two of them.</summary>
    private static void Transpose(Span<int> block)
    {
        block = block[..64];
        if (!Sse2.IsSupported)
        {
            for (int y = 1; y < 8; y++)
            {
                for (int x = 0; x < y; x++)
                    (block[(8 * y) + x], block[(8 * x) + y]) = (block[(8 * x) + y], block[(8 * y) + x]);
            }

            return;
        }

        Turn(block, 0, 0);
        Turn(block, 4, 32);
        Turn(block, 36, 36);
    }

    /// <summary>Transposes the quarters at two positions, each into the position of the other.</summary>
    private static void Turn(Span<int> block, int first, int second)
    {
        var (a0, a1, a2, a3) = Turned(block, first);
        if (first != second)
        {
            var (b0, b1, b2, b3) = Turned(block, second);
            b0.CopyTo(block.Slice(first, 4));
            b1.CopyTo(block.Slice(first + 8, 4));
            b2.CopyTo(block.Slice(first + 16, 4));
            b3.CopyTo(block.Slice(first + 24, 4));
        }

        a0.CopyTo(block.Slice(second, 4));
        a1.CopyTo(block.Slice(second + 8, 4));
        a2.CopyTo(block.Slice(second + 16, 4));
        a3.CopyTo(block.Slice(second + 24, 4));
    }

    private static (Vector128<int> R0, Vector128<int> R1, Vector128<int> R2, Vector128<int> R3) Turned(
        ReadOnlySpan<int> block, int at)
    {
        Vector128<int> x0 = Vector128.Create(block.Slice(at, 4)), x1 = Vector128.Create(block.Slice(at + 8, 4));
        Vector128<int> x2 = Vector128.Create(block.Slice(at + 16, 4)), x3 = Vector128.Create(block.Slice(at + 24, 4));
        Vector128<long> low01 = Sse2.UnpackLow(x0, x1).AsInt64(), low23 = Sse2.UnpackLow(x2, x3).AsInt64();
        Vector128<long> high01 = Sse2.UnpackHigh(x0, x1).AsInt64(), high23 = Sse2.UnpackHigh(x2, x3).AsInt64();
        return (
            Sse2.UnpackLow(low01, low23).AsInt32(), Sse2.UnpackHigh(low01, low23).AsInt32(),
            Sse2.UnpackLow(high01, high23).AsInt32(), Sse2.UnpackHigh(high01, high23).AsInt32());
    }
}
