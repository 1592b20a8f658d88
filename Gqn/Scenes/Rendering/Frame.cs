using System.Numerics;
using System.Runtime.CompilerServices;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>The position and orientation of a shape: an origin and three orthonormal axes.</summary>
/// <param name="Origin">The shape's local origin, in world units.</param>
/// <param name="AxisX">The shape's x axis in the world.</param>
/// <param name="AxisY">The shape's y axis in the world.</param>
/// <param name="AxisZ">The shape's z axis in the world.</param>
internal readonly record struct Frame(Vector3 Origin, Vector3 AxisX, Vector3 AxisY, Vector3 AxisZ)
{
    /// <summary>The world's own frame.</summary>
    public static Frame World => At(Vector3.Zero);

    /// <summary>Whether the axes are the world's.</summary>
    public bool IsAligned => AxisX == Vector3.UnitX && AxisY == Vector3.UnitY && AxisZ == Vector3.UnitZ;

    /// <summary>A frame with the world's axes at another origin.</summary>
    public static Frame At(Vector3 origin) => new(origin, Vector3.UnitX, Vector3.UnitY, Vector3.UnitZ);

    /// <summary>A frame rotated about the vertical axis.</summary>
    /// <param name="origin">The origin of the frame.</param>
    /// <param name="yaw">The angle from the x axis towards the y axis, in radians.</param>
    public static Frame Turned(Vector3 origin, float yaw)
    {
        if (yaw == 0)
            return At(origin);
        (double sin, double cos) = Math.SinCos(yaw);
        return new Frame(
            origin, new Vector3((float)cos, (float)sin, 0), new Vector3((float)-sin, (float)cos, 0), Vector3.UnitZ);
    }

    /// <summary>A frame with the z axis along a direction; the other axes are perpendicular to it but otherwise
    /// arbitrary.</summary>
    /// <param name="origin">The origin of the frame.</param>
    /// <param name="direction">Any nonzero vector.</param>
    public static Frame Along(Vector3 origin, Vector3 direction)
    {
        var z = Unit(direction);
        // A world axis at a large angle to z gives a well-conditioned cross product.
        var across = MathF.Abs(z.X) < .6f ? Vector3.UnitX : Vector3.UnitY;
        var y = Unit(Cross(z, across));
        return new Frame(origin, Cross(y, z), y, z);
    }

    /// <summary>Converts a vector from world to local components.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector3x8 ToLocal(in Vector3x8 vector) =>
        new(Vector3x8.Dot(vector, AxisX), Vector3x8.Dot(vector, AxisY), Vector3x8.Dot(vector, AxisZ));

    /// <summary>Converts a vector from local to world components.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector3x8 ToWorld(in Vector3x8 local) => new(
        (local.X * AxisX.X) + (local.Y * AxisY.X) + (local.Z * AxisZ.X),
        (local.X * AxisX.Y) + (local.Y * AxisY.Y) + (local.Z * AxisZ.Y),
        (local.X * AxisX.Z) + (local.Y * AxisY.Z) + (local.Z * AxisZ.Z));

    /// <summary>Converts a point from local to world coordinates.</summary>
    public Vector3 ToWorld(Vector3 local) => Origin + (local.X * AxisX) + (local.Y * AxisY) + (local.Z * AxisZ);

    private static Vector3 Unit(Vector3 v) => v / MathF.Sqrt((v.X * v.X) + (v.Y * v.Y) + (v.Z * v.Z));

    /// <summary>Written out, like all sums here: the library's versions may round differently between
    /// processors.</summary>
    private static Vector3 Cross(Vector3 a, Vector3 b) => new(
        (a.Y * b.Z) - (a.Z * b.Y), (a.Z * b.X) - (a.X * b.Z), (a.X * b.Y) - (a.Y * b.X));
}
