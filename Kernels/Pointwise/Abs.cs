using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Pointwise;

/// <summary>y = |x|; the derivative at 0 is 0.</summary>
public readonly struct Abs : IUnaryOp
{
    /// <inheritdoc />
    public static Saves Saves => Saves.Input;

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : struct, ILane<T> => LaneMath.Abs(x);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Derivative<T>(T x, T y) where T : struct, ILane<T> =>
        T.Select(x, T.Const(1f), T.Const(0f)) - T.Select(-x, T.Const(1f), T.Const(0f));
}
