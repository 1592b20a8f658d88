using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Pointwise;

/// <summary>y = a + weight · (b − a), with a constant weight.</summary>
/// <param name="weight">The share of b; 0 gives exactly a.</param>
public readonly struct Blend(float weight) : IChangingBinaryOp
{
    private readonly float _weight = weight;

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T a, T b) where T : struct, ILane<T> => a + (T.Const(_weight) * (b - a));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T DerivativeA<T>(T a, T b) where T : struct, ILane<T> => T.Const(1f - _weight);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T DerivativeB<T>(T a, T b) where T : struct, ILane<T> => T.Const(_weight);
}
