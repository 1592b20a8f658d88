using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Pointwise;

/// <summary>y = a / b</summary>
public readonly struct Divide : IBinaryOp
{
    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T a, T b) where T : struct, ILane<T> => a / b;

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T DerivativeA<T>(T a, T b) where T : struct, ILane<T> => T.Const(1f) / b;

    /// <inheritdoc />
    /// <remarks>Two quotients, because b² leaves the range of single precision if b exceeds 10¹⁹.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T DerivativeB<T>(T a, T b) where T : struct, ILane<T> => -(a / b / b);
}
