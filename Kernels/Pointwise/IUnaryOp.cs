using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Pointwise;

/// <summary>What the derivative of an op reads; the rest need not be kept for backward.</summary>
public enum Saves
{
    /// <summary>Neither: the derivative is constant.</summary>
    None,

    /// <summary>The input x.</summary>
    Input,

    /// <summary>The output y; such an op may be fused behind a convolution.</summary>
    Output,
}

/// <summary>
/// A function of one number, y = f(x), with its derivative. The struct may carry parameters, such as a scale.
/// </summary>
public interface IUnaryOp
{
    /// <summary>What <see cref="Derivative"/> reads.</summary>
    static abstract Saves Saves { get; }

    /// <summary>f(x)</summary>
    T Forward<T>(T x) where T : struct, ILane<T>;

    /// <summary>f′(x), given x and y = f(x); only what <see cref="Saves"/> names may be read.</summary>
    T Derivative<T>(T x, T y) where T : struct, ILane<T>;
}

/// <summary>
/// A function that convolutions apply as they write their output. Its derivative reads y alone, because the sum that it
/// is applied to is never stored.
/// </summary>
public interface IFusedActivation : IUnaryOp;

/// <summary>A function whose parameters change from step to step: a device may keep them in its memory.</summary>
public interface IChangingUnaryOp : IUnaryOp;

/// <summary>The same with two numbers.</summary>
public interface IChangingBinaryOp : IBinaryOp;

/// <summary>A function of two numbers, y = f(a, b), with its partial derivatives.</summary>
public interface IBinaryOp
{
    /// <summary>f(a, b)</summary>
    T Forward<T>(T a, T b) where T : struct, ILane<T>;

    /// <summary>∂f/∂a</summary>
    T DerivativeA<T>(T a, T b) where T : struct, ILane<T>;

    /// <summary>∂f/∂b</summary>
    T DerivativeB<T>(T a, T b) where T : struct, ILane<T>;
}
