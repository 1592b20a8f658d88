using System.Runtime.InteropServices;
using Gqn.Native.Kernels.Random;

namespace Gqn.Native.Tests.Kernels;

/// <summary>
/// Native floats between two guards of NaNs: a read out of bounds shows in the result, a write in the guards.
/// </summary>
internal sealed unsafe class GuardedArray : IDisposable
{
    private const int Guard = 64;

    private readonly float* _memory;

    public GuardedArray(long length, float value = float.NaN)
    {
        Length = (int)length;
        _memory = (float*)NativeMemory.AlignedAlloc((nuint)(length + (2 * Guard)) * sizeof(float), 64);
        new Span<float>(_memory, Length + (2 * Guard)).Fill(float.NaN);
        Span.Fill(value);
    }

    public int Length { get; }

    public float* Pointer => _memory + Guard;

    public Span<float> Span => new(Pointer, Length);

    /// <summary>Normal numbers that depend only on <paramref name="purpose"/> and the standard deviation.</summary>
    public static GuardedArray Normal(long length, uint purpose, float deviation = 1)
    {
        var array = new GuardedArray(length);
        for (int i = 0; i < array.Length; i++)
            array.Pointer[i] = deviation * Philox.Normal(new PhiloxKey(77, purpose, 0), (uint)i);
        return array;
    }

    public GuardedArray Copy()
    {
        var copy = new GuardedArray(Length);
        Span.CopyTo(copy.Span);
        return copy;
    }

    public bool GuardsIntact()
    {
        for (int i = 0; i < Guard; i++)
        {
            if (!float.IsNaN(_memory[i]) || !float.IsNaN(_memory[Guard + Length + i]))
                return false;
        }

        return true;
    }

    /// <summary>
    /// The largest difference from <paramref name="expected"/> in units of the largest expected magnitude.
    /// </summary>
    public double ErrorAgainst(double[] expected)
    {
        double scale = 1e-30, worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            scale = Math.Max(scale, Math.Abs(expected[i]));
            double error = Math.Abs(Pointer[i] - expected[i]);
            worst = double.IsNaN(error) ? double.PositiveInfinity : Math.Max(worst, error);
        }

        return worst / scale;
    }

    public static double Dot(GuardedArray a, GuardedArray b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += (double)a.Pointer[i] * b.Pointer[i];
        return sum;
    }

    public double Norm() => Math.Sqrt(Dot(this, this));

    public void Dispose() => NativeMemory.AlignedFree(_memory);
}
