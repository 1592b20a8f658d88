using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Pointwise;

/// <summary>y = tanh x</summary>
public readonly struct Tanh : IFusedActivation
{
    /// <inheritdoc />
    public static Saves Saves => Saves.Output;

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : struct, ILane<T> => T.Tanh(x);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Derivative<T>(T x, T y) where T : struct, ILane<T> => T.Const(1f) - (y * y);
}
