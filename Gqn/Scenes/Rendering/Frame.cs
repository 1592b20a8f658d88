using System.Numerics;
using System.Runtime.CompilerServices;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>Where a shape stands and how it is turned: an origin and three perpendicular unit vectors.</summary>
/// <param name="Origin">The shape's local origin, in world units.</param>
/// <param name="AxisX">Its x axis in the world.</param>
/// <param name="AxisY">Its y axis in the world.</param>
/// <param name="AxisZ">Its z axis in the world.</param>
internal readonly record struct Frame(Vector3 Origin, Vector3 AxisX, Vector3 AxisY, Vector3 AxisZ)
{
    /// <summary>The world's own frame.</summary>
    public static Frame World => At(Vector3.Zero);

    /// <summary>Whether the axes are the world's.</summary>
    public bool IsAligned => AxisX == Vector3.UnitX && AxisY == Vector3.UnitY && AxisZ == Vector3.UnitZ;

    /// <summary>The world's axes at another place.</summary>
    public static Frame At(Vector3 origin) => new(origin, Vector3.UnitX, Vector3.UnitY, Vector3.UnitZ);

    /// <summary>Turned about the vertical axis.</summary>
    /// <param name="origin">The place.</param>
    /// <param name="yaw">From the x axis towards the y axis, in radians.</param>
    public static Frame Turned(Vector3 origin, float yaw)
    {
        if (yaw == 0)
            return At(origin);
        (double sin, double cos) = Math.SinCos(yaw);
        return new Frame(
            origin, new Vector3((float)cos, (float)sin, 0), new Vector3((float)-sin, (float)cos, 0), Vector3.UnitZ);
    }

    /// <summary>With the z axis along a direction; the others are perpendicular to it and otherwise of no
    /// meaning.</summary>
    /// <param name="origin">The place.</param>
    /// <param name="direction">Any vector but zero.</param>
    public static Frame Along(Vector3 origin, Vector3 direction)
    {
        var z = Unit(direction);
        // The world's axis that is most across z makes the best-conditioned cross product.
        var across = MathF.Abs(z.X) < .6f ? Vector3.UnitX : Vector3.UnitY;
        var y = Unit(Cross(z, across));
        return new Frame(origin, Cross(y, z), y, z);
    }

    /// <summary>A vector's components along the axes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector3x8 ToLocal(in Vector3x8 vector) =>
        new(Vector3x8.Dot(vector, AxisX), Vector3x8.Dot(vector, AxisY), Vector3x8.Dot(vector, AxisZ));

    /// <summary>A vector given by its components along the axes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector3x8 ToWorld(in Vector3x8 local) => new(
        (local.X * AxisX.X) + (local.Y * AxisY.X) + (local.Z * AxisZ.X),
        (local.X * AxisX.Y) + (local.Y * AxisY.Y) + (local.Z * AxisZ.Y),
        (local.X * AxisX.Z) + (local.Y * AxisY.Z) + (local.Z * AxisZ.Z));

    /// <summary>A point given by its local coordinates.</summary>
    public Vector3 ToWorld(Vector3 local) => Origin + (local.X * AxisX) + (local.Y * AxisY) + (local.Z * AxisZ);

    private static Vector3 Unit(Vector3 v) => v / MathF.Sqrt((v.X * v.X) + (v.Y * v.Y) + (v.Z * v.Z));

    /// <summary>Written out, as all sums here: the platform's own may round differently from one processor to the
    /// next.</summary>
    private static Vector3 Cross(Vector3 a, Vector3 b) => new(
        (a.Y * b.Z) - (a.Z * b.Y), (a.Z * b.X) - (a.X * b.Z), (a.X * b.Y) - (a.Y * b.X));
}
