using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>Eight vectors, one in each lane.</summary>
internal readonly struct Vector3x8(Vector256<float> x, Vector256<float> y, Vector256<float> z)
{
    public readonly Vector256<float> X = x, Y = y, Z = z;

    /// <summary>The same vector in all lanes.</summary>
    public static Vector3x8 Create(Vector3 vector) =>
        new(Vector256.Create(vector.X), Vector256.Create(vector.Y), Vector256.Create(vector.Z));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector3x8 operator +(in Vector3x8 a, in Vector3x8 b) => new(a.X + b.X, a.Y + b.Y, a.Z + b.Z);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector3x8 operator -(in Vector3x8 a, in Vector3x8 b) => new(a.X - b.X, a.Y - b.Y, a.Z - b.Z);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector3x8 operator *(in Vector3x8 a, Vector256<float> scale) =>
        new(a.X * scale, a.Y * scale, a.Z * scale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Dot(in Vector3x8 a, in Vector3x8 b) => (a.X * b.X) + (a.Y * b.Y) + (a.Z * b.Z);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Dot(in Vector3x8 a, Vector3 b) => (a.X * b.X) + (a.Y * b.Y) + (a.Z * b.Z);

    /// <summary><paramref name="a"/> in the lanes of the mask, <paramref name="b"/> in the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector3x8 Select(Vector256<float> mask, in Vector3x8 a, in Vector3x8 b) => new(
        Vector256.ConditionalSelect(mask, a.X, b.X),
        Vector256.ConditionalSelect(mask, a.Y, b.Y),
        Vector256.ConditionalSelect(mask, a.Z, b.Z));
}
