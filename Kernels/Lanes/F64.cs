namespace Gqn.Native.Kernels.Lanes;

/// <summary>One double-precision number: the oracle that the other lanes are tested against.</summary>
/// <param name="value">The number.</param>
public readonly struct F64(double value) : ILane<F64>
{
    /// <summary>The number.</summary>
    public readonly double Value = value;

    /// <inheritdoc />
    public static F64 Const(float value) => new(value);

    /// <inheritdoc />
    public static F64 operator +(F64 a, F64 b) => new(a.Value + b.Value);

    /// <inheritdoc />
    public static F64 operator -(F64 a, F64 b) => new(a.Value - b.Value);

    /// <inheritdoc />
    public static F64 operator *(F64 a, F64 b) => new(a.Value * b.Value);

    /// <inheritdoc />
    public static F64 operator /(F64 a, F64 b) => new(a.Value / b.Value);

    /// <inheritdoc />
    public static F64 operator -(F64 a) => new(-a.Value);

    /// <inheritdoc />
    public static F64 Exp(F64 x) => new(Math.Exp(x.Value));

    /// <inheritdoc />
    public static F64 Log(F64 x) => new(Math.Log(x.Value));

    /// <inheritdoc />
    public static F64 Log1p(F64 x)
    {
        // ln(u) · x / (u − 1) is exact to rounding although u = 1 + x itself is rounded (Goldberg 1991, theorem 4).
        double u = 1 + x.Value;
        return new(u == 1 ? x.Value : Math.Log(u) * x.Value / (u - 1));
    }

    /// <inheritdoc />
    public static F64 Sqrt(F64 x) => new(Math.Sqrt(x.Value));

    /// <inheritdoc />
    public static F64 Tanh(F64 x) => new(Math.Tanh(x.Value));

    /// <inheritdoc />
    public static F64 Max(F64 a, F64 b) => a.Value > b.Value ? a : b;

    /// <inheritdoc />
    public static F64 Select(F64 condition, F64 ifPositive, F64 otherwise) =>
        condition.Value > 0 ? ifPositive : otherwise;
}
