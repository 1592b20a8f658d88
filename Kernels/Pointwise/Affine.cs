using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Pointwise;

/// <summary>y = scale · x + shift, with constants.</summary>
/// <param name="scale">The factor.</param>
/// <param name="shift">The constant term.</param>
public readonly struct Affine(float scale, float shift) : IChangingUnaryOp
{
    private readonly float _scale = scale, _shift = shift;

    /// <inheritdoc />
    public static Saves Saves => Saves.None;

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : struct, ILane<T> => (x * T.Const(_scale)) + T.Const(_shift);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Derivative<T>(T x, T y) where T : struct, ILane<T> => T.Const(_scale);
}
