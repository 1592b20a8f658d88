using System.Runtime.CompilerServices;

namespace Gqn.Native.Kernels.Lanes;

/// <summary>One single-precision number: a GPU thread, or a CPU without a vector unit.</summary>
/// <param name="value">The number.</param>
public readonly unsafe struct F32(float value) : ISimdLane<F32>
{
    /// <summary>The number.</summary>
    public readonly float Value = value;

    /// <inheritdoc />
    public static int Width => 1;

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Const(float value) => new(value);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 operator +(F32 a, F32 b) => new(a.Value + b.Value);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 operator -(F32 a, F32 b) => new(a.Value - b.Value);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 operator *(F32 a, F32 b) => new(a.Value * b.Value);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 operator /(F32 a, F32 b) => new(a.Value / b.Value);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 operator -(F32 a) => new(-a.Value);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Exp(F32 x) => new(MathF.Exp(MathF.Min(MathF.Max(x.Value, -87.3f), 88.3f)));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Log(F32 x) => new(MathF.Log(x.Value));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Log1p(F32 x) => LaneMath.Log1p(x);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Sqrt(F32 x) => new(MathF.Sqrt(x.Value));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Tanh(F32 x) => LaneMath.Tanh(x);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Max(F32 a, F32 b) => new(a.Value > b.Value ? a.Value : b.Value);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Select(F32 condition, F32 ifPositive, F32 otherwise) =>
        condition.Value > 0f ? ifPositive : otherwise;

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 MultiplyAdd(F32 a, F32 b, F32 c) =>
        new(float.MultiplyAddEstimate(a.Value, b.Value, c.Value));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Load(float* source) => new(*source);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32 Load(float* source, long count) => new(*source);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination) => *destination = Value;

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination, long count) => *destination = Value;

    /// <inheritdoc />
    public double Sum() => Value;
}
