using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>Operations on eight floats whose results are the same on every processor.</summary>
/// <remarks>
/// The platform's own minimum and maximum differ between processors for zeros of different sign and for NaN; these are
/// defined by one comparison.
/// </remarks>
internal static class RayLanes
{
    /// <summary>The number of rays in a packet.</summary>
    public const int Count = 8;

    public static Vector256<float> Infinity
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256.Create(float.PositiveInfinity);
    }

    /// <summary>a &lt; b ? a : b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Lesser(Vector256<float> a, Vector256<float> b) =>
        Vector256.ConditionalSelect(Vector256.LessThan(a, b), a, b);

    /// <summary>a &lt; b ? b : a.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Greater(Vector256<float> a, Vector256<float> b) =>
        Vector256.ConditionalSelect(Vector256.LessThan(a, b), b, a);

    /// <summary>1/d, but finite for a ray along a plane, so that 0 · ∞ never arises.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Reciprocal(Vector256<float> d)
    {
        var tiny = Vector256.Create(1e-20f);
        return Vector256<float>.One / Vector256.ConditionalSelect(
            Vector256.LessThan(Vector256.Abs(d), tiny), Vector256.CopySign(tiny, d), d);
    }

    /// <summary>x to a non-negative integer power, by repeated squaring.</summary>
    public static Vector256<float> Power(Vector256<float> x, int exponent)
    {
        var result = Vector256<float>.One;
        for (; exponent > 0; exponent >>= 1)
        {
            if ((exponent & 1) != 0)
                result *= x;
            x *= x;
        }

        return result;
    }

    /// <summary>Whether any lane of a mask is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(Vector256<float> mask) => Vector256.ExtractMostSignificantBits(mask) != 0;

    /// <summary>The minimum of the eight lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Least(Vector256<float> v)
    {
        var four = Lesser(v.GetLower(), v.GetUpper());
        var two = Lesser(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Lesser(two, Vector128.Shuffle(two, Vector128.Create(1, 0, 3, 2))).ToScalar();

        static Vector128<float> Lesser(Vector128<float> a, Vector128<float> b) =>
            Vector128.ConditionalSelect(Vector128.LessThan(a, b), a, b);
    }

    /// <summary>The maximum of the eight lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Greatest(Vector256<float> v) => -Least(-v);
}
