using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Pointwise;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>
/// An op whose parameters lie in device memory: they are read when a kernel runs, not when it is launched, so that a
/// graph can be launched again with other ones. The formula is that of the op itself.
/// </summary>
/// <typeparam name="TOp">The op, whose bytes are in memory as they are in the arguments of other kernels.</typeparam>
internal readonly struct StoredUnaryOp<TOp> : IUnaryOp where TOp : unmanaged, IChangingUnaryOp
{
    private readonly ArrayView<TOp> _stored;

    /// <summary>An op that is read from the beginning of an array.</summary>
    public StoredUnaryOp(GpuArray stored) => _stored = stored.ViewOf<TOp>();

    /// <inheritdoc />
    public static Saves Saves => TOp.Saves;

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T x) where T : struct, ILane<T>
    {
        var op = _stored[0];
        return op.Forward(x);
    }

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Derivative<T>(T x, T y) where T : struct, ILane<T>
    {
        var op = _stored[0];
        return op.Derivative(x, y);
    }
}

/// <summary>The same for functions of two numbers.</summary>
/// <typeparam name="TOp">The op, whose bytes are in memory as they are in the arguments of other kernels.</typeparam>
internal readonly struct StoredBinaryOp<TOp> : IBinaryOp where TOp : unmanaged, IChangingBinaryOp
{
    private readonly ArrayView<TOp> _stored;

    /// <summary>An op that is read from the beginning of an array.</summary>
    public StoredBinaryOp(GpuArray stored) => _stored = stored.ViewOf<TOp>();

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Forward<T>(T a, T b) where T : struct, ILane<T>
    {
        var op = _stored[0];
        return op.Forward(a, b);
    }

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T DerivativeA<T>(T a, T b) where T : struct, ILane<T>
    {
        var op = _stored[0];
        return op.DerivativeA(a, b);
    }

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T DerivativeB<T>(T a, T b) where T : struct, ILane<T>
    {
        var op = _stored[0];
        return op.DerivativeB(a, b);
    }
}
