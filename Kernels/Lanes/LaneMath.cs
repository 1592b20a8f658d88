using System.Runtime.CompilerServices;

namespace Gqn.Native.Kernels.Lanes;

/// <summary>Functions built on <see cref="ILane{T}"/>, so that all single-precision lanes approximate alike.</summary>
public static class LaneMath
{
    /// <summary>2σ(2x) − 1, and below |x| = 0.35 the odd Taylor polynomial of degree 9.</summary>
    /// <remarks>
    /// The first form loses all relative accuracy near 0 to cancellation (1.4e-3); joined, the relative error is 4e-7.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Tanh<T>(T x) where T : struct, ILane<T>
    {
        T one = T.Const(1f), square = x * x;
        var polynomial = T.Const(62f / 2835f);
        polynomial = (polynomial * square) + T.Const(-17f / 315f);
        polynomial = (polynomial * square) + T.Const(2f / 15f);
        polynomial = (polynomial * square) + T.Const(-1f / 3f);
        var near = x + (x * square * polynomial);
        var far = one - (T.Const(2f) / (T.Exp(x + x) + one));
        return T.Select(T.Const(0.35f * 0.35f) - square, near, far);
    }

    /// <summary>ln(1 + x) = 2 artanh(x / (2 + x)) for x in [0, 1], by its odd series.</summary>
    /// <remarks>
    /// The argument of the series is at most 1/3, so nine terms reach single precision, and no logarithm near 1 is
    /// needed.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Log1p<T>(T x) where T : struct, ILane<T>
    {
        T s = x / (x + T.Const(2f)), square = s * s;
        var series = T.Const(1f / 17f);
        series = (series * square) + T.Const(1f / 15f);
        series = (series * square) + T.Const(1f / 13f);
        series = (series * square) + T.Const(1f / 11f);
        series = (series * square) + T.Const(1f / 9f);
        series = (series * square) + T.Const(1f / 7f);
        series = (series * square) + T.Const(1f / 5f);
        series = (series * square) + T.Const(1f / 3f);
        series = (series * square) + T.Const(1f);
        return (s + s) * series;
    }

    /// <summary>|x|</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Abs<T>(T x) where T : struct, ILane<T> => T.Select(x, x, -x);
}
