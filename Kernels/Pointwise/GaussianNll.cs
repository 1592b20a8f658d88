using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Pointwise;

/// <summary>−ln N(x | μ, σ²) = ½((x − μ)/σ)² + ln σ + ½ ln 2π, with a = x, b = μ and one σ for all elements.</summary>
/// <param name="sigma">The standard deviation σ &gt; 0.</param>
public readonly struct GaussianNll(float sigma) : IChangingBinaryOp
{
    private readonly float _precision = 1f / (sigma * sigma);
    private readonly float _constant = (float)(Math.Log(sigma) + (0.5 * Math.Log(2 * Math.PI)));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T a, T b) where T : struct, ILane<T> =>
        (T.Const(0.5f * _precision) * (a - b) * (a - b)) + T.Const(_constant);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T DerivativeA<T>(T a, T b) where T : struct, ILane<T> => T.Const(_precision) * (a - b);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T DerivativeB<T>(T a, T b) where T : struct, ILane<T> => T.Const(_precision) * (b - a);
}
