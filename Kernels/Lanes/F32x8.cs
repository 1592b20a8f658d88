using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Gqn.Native.Kernels.Lanes;

/// <summary>Eight single-precision numbers side by side in one 256-bit register.</summary>
/// <param name="value">The numbers.</param>
public readonly unsafe struct F32x8(Vector256<float> value) : ISimdLane<F32x8>
{
    /// <summary>The numbers.</summary>
    public readonly Vector256<float> Value = value;

    /// <inheritdoc />
    public static int Width => 8;

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Const(float value) => new(Vector256.Create(value));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 operator +(F32x8 a, F32x8 b) => new(a.Value + b.Value);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 operator -(F32x8 a, F32x8 b) => new(a.Value - b.Value);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 operator *(F32x8 a, F32x8 b) => new(a.Value * b.Value);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 operator /(F32x8 a, F32x8 b) => new(a.Value / b.Value);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 operator -(F32x8 a) => new(-a.Value);

    /// <inheritdoc />
    /// <remarks>
    /// x = n ln 2 + r with |r| &lt;= ln 2 / 2, then a polynomial of degree 7 in r (Cephes) scaled by 2ⁿ through the
    /// exponent field; the relative error is 1.2e-7. The clamps propagate NaN, for which the native minimum returns its
    /// second operand.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Exp(F32x8 x)
    {
        var clamped = Vector256.MinNative(
            Vector256.Create(88.3f), Vector256.MaxNative(Vector256.Create(-87.3f), x.Value));
        var n = Vector256.Round(clamped * Vector256.Create(1.44269504f));
        var r = Vector256.MultiplyAddEstimate(n, Vector256.Create(-0.693359375f), clamped);
        r = Vector256.MultiplyAddEstimate(n, Vector256.Create(2.12194440e-4f), r);
        var p = Vector256.Create(1.9875691500e-4f);
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(1.3981999507e-3f));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(8.3334519073e-3f));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(4.1665795894e-2f));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(1.6666665459e-1f));
        p = Vector256.MultiplyAddEstimate(p, r, Vector256.Create(5.0000001201e-1f));
        p = Vector256.MultiplyAddEstimate(p, r * r, r + Vector256<float>.One);
        var power = (Vector256.ConvertToInt32Native(n) + Vector256.Create(127)) << 23;
        return new(p * power.AsSingle());
    }

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Log(F32x8 x) => new(Vector256.Log(x.Value));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Log1p(F32x8 x) => LaneMath.Log1p(x);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Sqrt(F32x8 x) => new(Vector256.Sqrt(x.Value));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Tanh(F32x8 x) => LaneMath.Tanh(x);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Max(F32x8 a, F32x8 b) => Select(a - b, a, b);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Select(F32x8 condition, F32x8 ifPositive, F32x8 otherwise) =>
        new(Vector256.ConditionalSelect(
            Vector256.GreaterThan(condition.Value, Vector256<float>.Zero), ifPositive.Value, otherwise.Value));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 MultiplyAdd(F32x8 a, F32x8 b, F32x8 c) =>
        new(Vector256.MultiplyAddEstimate(a.Value, b.Value, c.Value));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Load(float* source) => new(Vector256.Load(source));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x8 Load(float* source, long count) => count >= 8 ? Load(source) : LoadPart(source, (int)count);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination) => Value.Store(destination);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination, long count)
    {
        if (count >= 8)
            Store(destination);
        else
            StorePart(Value, destination, (int)count);
    }

    /// <inheritdoc />
    public double Sum()
    {
        double sum = 0;
        for (int i = 0; i < 8; i++)
            sum += Value.GetElement(i);
        return sum;
    }

    // Partial lanes go through a buffer, so that the last elements of an array see the same arithmetic as all others.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static F32x8 LoadPart(float* source, int count)
    {
        float* buffer = stackalloc float[8];
        for (int i = 0; i < 8; i++)
            buffer[i] = i < count ? source[i] : 0f;
        return Load(buffer);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StorePart(Vector256<float> value, float* destination, int count)
    {
        float* buffer = stackalloc float[8];
        value.Store(buffer);
        for (int i = 0; i < count; i++)
            destination[i] = buffer[i];
    }
}
