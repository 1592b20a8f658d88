namespace Gqn.Native.Kernels.Lanes;

/// <summary>The numeric vocabulary of an op body: one number, or several side by side, of one precision.</summary>
/// <remarks>
/// A body written against this interface is the SIMD loop (<see cref="F32x8"/>, <see cref="F32x16"/>), the scalar and
/// GPU kernel (<see cref="F32"/>) and the double-precision oracle (<see cref="F64"/>). Bodies have no branches; they
/// choose with <see cref="Select"/>.
/// </remarks>
public interface ILane<T> where T : struct, ILane<T>
{
    /// <summary>
    /// The same constant in every element. A float, not a double: a double would drag conversions into GPU code.
    /// </summary>
    static abstract T Const(float value);

    /// <summary>a + b</summary>
    static abstract T operator +(T a, T b);

    /// <summary>a − b</summary>
    static abstract T operator -(T a, T b);

    /// <summary>a · b</summary>
    static abstract T operator *(T a, T b);

    /// <summary>a / b</summary>
    static abstract T operator /(T a, T b);

    /// <summary>−a</summary>
    static abstract T operator -(T a);

    /// <summary>
    /// eˣ; in single precision the argument is clamped to [−87.3, 88.3], so the result is finite and normal.
    /// </summary>
    static abstract T Exp(T x);

    /// <summary>Natural logarithm.</summary>
    static abstract T Log(T x);

    /// <summary>ln(1 + x) for x in [0, 1], accurate to rounding even near 0.</summary>
    static abstract T Log1p(T x);

    /// <summary>√x</summary>
    static abstract T Sqrt(T x);

    /// <summary>tanh x, with a small relative error even near 0.</summary>
    static abstract T Tanh(T x);

    /// <summary>The larger of a and b; b if either is not a number.</summary>
    static abstract T Max(T a, T b);

    /// <summary>
    /// <paramref name="ifPositive"/> where <paramref name="condition"/> &gt; 0, else <paramref name="otherwise"/>.
    /// </summary>
    static abstract T Select(T condition, T ifPositive, T otherwise);
}
