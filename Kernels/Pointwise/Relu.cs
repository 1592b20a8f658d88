using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Pointwise;

/// <summary>y = max(x, 0), and NaN for NaN; the derivative at 0 is 0.</summary>
public readonly struct Relu : IFusedActivation
{
    /// <inheritdoc />
    public static Saves Saves => Saves.Output;

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : struct, ILane<T> => T.Select(x, x, T.Select(-x, T.Const(0f), x));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Derivative<T>(T x, T y) where T : struct, ILane<T> => T.Select(y, T.Const(1f), T.Const(0f));
}
