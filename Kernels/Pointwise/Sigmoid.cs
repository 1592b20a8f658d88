using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Pointwise;

/// <summary>y = 1 / (1 + e⁻ˣ)</summary>
public readonly struct Sigmoid : IFusedActivation
{
    /// <inheritdoc />
    public static Saves Saves => Saves.Output;

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : struct, ILane<T> => T.Const(1f) / (T.Const(1f) + T.Exp(-x));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Derivative<T>(T x, T y) where T : struct, ILane<T> => y * (T.Const(1f) - y);
}
