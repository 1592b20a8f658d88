using System.Runtime.CompilerServices;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Four consecutive floats, which move as one if they are aligned.</summary>
internal struct Quad
{
    public const int Length = 4;

    public float X, Y, Z, W;

    /// <summary>
    /// The elements from <paramref name="index"/> on; those beyond <paramref name="count"/> are zero and not read.
    /// </summary>
    /// <param name="source">The array.</param>
    /// <param name="index">A multiple of 4 if <paramref name="aligned"/>.</param>
    /// <param name="count">Number of elements left; may be negative.</param>
    /// <param name="aligned">Not 0 if the array, and every quad of it, begins at a multiple of 16 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad Load(ArrayView<float> source, int index, int count, int aligned)
    {
        Quad result = default;
        if (aligned != 0)
        {
            if (count >= Length)
                result = source.Cast<Quad>()[index >> 2];
        }
        else
        {
            if (count > 0)
                result.X = source[index];
            if (count > 1)
                result.Y = source[index + 1];
            if (count > 2)
                result.Z = source[index + 2];
            if (count > 3)
                result.W = source[index + 3];
        }

        return result;
    }

    /// <summary>The counterpart of <see cref="Load"/>: those beyond <paramref name="count"/> are not written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(ArrayView<float> target, int index, int count, int aligned)
    {
        if (aligned != 0)
        {
            if (count >= Length)
                target.Cast<Quad>()[index >> 2] = this;
        }
        else
        {
            if (count > 0)
                target[index] = X;
            if (count > 1)
                target[index + 1] = Y;
            if (count > 2)
                target[index + 2] = Z;
            if (count > 3)
                target[index + 3] = W;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad operator +(Quad a, Quad b) =>
        new() { X = a.X + b.X, Y = a.Y + b.Y, Z = a.Z + b.Z, W = a.W + b.W };
}
