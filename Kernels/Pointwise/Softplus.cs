using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Pointwise;

/// <summary>y = ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|)</summary>
public readonly struct Softplus : IUnaryOp
{
    /// <inheritdoc />
    public static Saves Saves => Saves.Input;

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : struct, ILane<T> =>
        T.Select(x, x, T.Const(0f)) + T.Log1p(T.Exp(-LaneMath.Abs(x)));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Derivative<T>(T x, T y) where T : struct, ILane<T> => T.Const(1f) / (T.Const(1f) + T.Exp(-x));
}
