using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Gqn.Native.Kernels.Lanes;

/// <summary>Sixteen single-precision numbers side by side in one 512-bit register.</summary>
/// <param name="value">The numbers.</param>
public readonly unsafe struct F32x16(Vector512<float> value) : ISimdLane<F32x16>
{
    /// <summary>The numbers.</summary>
    public readonly Vector512<float> Value = value;

    /// <inheritdoc />
    public static int Width => 16;

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Const(float value) => new(Vector512.Create(value));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 operator +(F32x16 a, F32x16 b) => new(a.Value + b.Value);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 operator -(F32x16 a, F32x16 b) => new(a.Value - b.Value);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 operator *(F32x16 a, F32x16 b) => new(a.Value * b.Value);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 operator /(F32x16 a, F32x16 b) => new(a.Value / b.Value);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 operator -(F32x16 a) => new(-a.Value);

    /// <inheritdoc />
    /// <remarks>
    /// x = n ln 2 + r with |r| &lt;= ln 2 / 2, then a polynomial of degree 7 in r (Cephes) scaled by 2ⁿ through the
    /// exponent field; the relative error is 1.2e-7. The clamps propagate NaN, for which the native minimum returns its
    /// second operand.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Exp(F32x16 x)
    {
        var clamped = Vector512.MinNative(
            Vector512.Create(88.3f), Vector512.MaxNative(Vector512.Create(-87.3f), x.Value));
        var n = Vector512.Round(clamped * Vector512.Create(1.44269504f));
        var r = Vector512.MultiplyAddEstimate(n, Vector512.Create(-0.693359375f), clamped);
        r = Vector512.MultiplyAddEstimate(n, Vector512.Create(2.12194440e-4f), r);
        var p = Vector512.Create(1.9875691500e-4f);
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.MultiplyAddEstimate(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.MultiplyAddEstimate(p, r * r, r + Vector512<float>.One);
        var power = (Vector512.ConvertToInt32Native(n) + Vector512.Create(127)) << 23;
        return new(p * power.AsSingle());
    }

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Log(F32x16 x) => new(Vector512.Log(x.Value));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Log1p(F32x16 x) => LaneMath.Log1p(x);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Sqrt(F32x16 x) => new(Vector512.Sqrt(x.Value));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Tanh(F32x16 x) => LaneMath.Tanh(x);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Max(F32x16 a, F32x16 b) => Select(a - b, a, b);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Select(F32x16 condition, F32x16 ifPositive, F32x16 otherwise) =>
        new(Vector512.ConditionalSelect(
            Vector512.GreaterThan(condition.Value, Vector512<float>.Zero), ifPositive.Value, otherwise.Value));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 MultiplyAdd(F32x16 a, F32x16 b, F32x16 c) =>
        new(Vector512.MultiplyAddEstimate(a.Value, b.Value, c.Value));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Load(float* source) => new(Vector512.Load(source));

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x16 Load(float* source, long count) => count >= 16 ? Load(source) : LoadPart(source, (int)count);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination) => Value.Store(destination);

    /// <inheritdoc />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination, long count)
    {
        if (count >= 16)
            Store(destination);
        else
            StorePart(Value, destination, (int)count);
    }

    /// <inheritdoc />
    public double Sum()
    {
        double sum = 0;
        for (int i = 0; i < 16; i++)
            sum += Value.GetElement(i);
        return sum;
    }

    // Partial lanes go through a buffer, so that the last elements of an array see the same arithmetic as all others.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static F32x16 LoadPart(float* source, int count)
    {
        float* buffer = stackalloc float[16];
        for (int i = 0; i < 16; i++)
            buffer[i] = i < count ? source[i] : 0f;
        return Load(buffer);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StorePart(Vector512<float> value, float* destination, int count)
    {
        float* buffer = stackalloc float[16];
        value.Store(buffer);
        for (int i = 0; i < count; i++)
            destination[i] = buffer[i];
    }
}
