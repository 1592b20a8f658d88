using System.Numerics;

namespace Gqn.Native.Tests.Ptx;

/// <summary>Loops over the lanes of a warp: d = f(a), f(a, b), f(a, b, c).</summary>
internal static class PtxLanes
{
    public static PtxOperation Map(int d, int a, Func<ulong, ulong> f) => (warp, lanes) =>
    {
        ulong[] r = warp.Registers;
        if (lanes == uint.MaxValue)
        {
            for (int lane = 0; lane < 32; lane++)
                r[d + lane] = f(r[a + lane]);
            return;
        }

        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            r[d + lane] = f(r[a + lane]);
        }
    };

    public static PtxOperation Map(int d, int a, int b, Func<ulong, ulong, ulong> f) => (warp, lanes) =>
    {
        ulong[] r = warp.Registers;
        if (lanes == uint.MaxValue)
        {
            for (int lane = 0; lane < 32; lane++)
                r[d + lane] = f(r[a + lane], r[b + lane]);
            return;
        }

        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            r[d + lane] = f(r[a + lane], r[b + lane]);
        }
    };

    public static PtxOperation Map(int d, int a, int b, int c, Func<ulong, ulong, ulong, ulong> f) => (warp, lanes) =>
    {
        ulong[] r = warp.Registers;
        if (lanes == uint.MaxValue)
        {
            for (int lane = 0; lane < 32; lane++)
                r[d + lane] = f(r[a + lane], r[b + lane], r[c + lane]);
            return;
        }

        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            r[d + lane] = f(r[a + lane], r[b + lane], r[c + lane]);
        }
    };

    public static float ToSingle(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    public static ulong Bits(float value) => BitConverter.SingleToUInt32Bits(value);

    public static double ToDouble(ulong bits) => BitConverter.UInt64BitsToDouble(bits);

    public static ulong Bits(double value) => BitConverter.DoubleToUInt64Bits(value);
}
