using System.Numerics;

namespace Gqn.Native.Photographs;

/// <summary>Where a camera was, and how it was held, in a world whose z axis points up.</summary>
/// <param name="X">Position, in world units.</param>
/// <param name="Y">Position, in world units.</param>
/// <param name="Z">Height, in world units.</param>
/// <param name="Yaw">Heading in radians, from the x axis towards the y axis, above −π up to π.</param>
/// <param name="Pitch">Elevation of the line of sight in radians; positive looks up.</param>
/// <param name="Roll">How far the camera was turned about its line of sight, in radians, above −π up to π: positive if
/// its right side was raised, so that the picture's contents lean clockwise.</param>
internal readonly record struct CameraPose(double X, double Y, double Z, double Yaw, double Pitch, double Roll)
{
    // Closer to the vertical than this, the heading is that of the picture's upper edge.
    private const double LeastLevel = 1e-6;

    /// <summary>A pose from the camera's axes in the world.</summary>
    /// <param name="position">The position, in world units.</param>
    /// <param name="right">The direction of the picture's rows, of length 1.</param>
    /// <param name="up">The direction against the picture's columns, of length 1, at a right angle to it.</param>
    public static CameraPose FromAxes((double X, double Y, double Z) position, Vector3 right, Vector3 up)
    {
        var ahead = Vector3.Cross(up, right);
        double level = Math.Sqrt(((double)ahead.X * ahead.X) + ((double)ahead.Y * ahead.Y));
        double yaw = level > LeastLevel
            ? Math.Atan2(ahead.Y, ahead.X)
            : ahead.Z > 0 ? Math.Atan2(-up.Y, -up.X) : Math.Atan2(up.Y, up.X);
        double pitch = Math.Atan2(ahead.Z, level);
        (double sinYaw, double cosYaw) = Math.SinCos(yaw);
        (double sinPitch, double cosPitch) = Math.SinCos(pitch);
        // The axes of a camera without roll: right is level, and up has no component to the side.
        double cosine = (right.X * sinYaw) - (right.Y * cosYaw);
        double sine = (right.X * -sinPitch * cosYaw) + (right.Y * -sinPitch * sinYaw) + (right.Z * cosPitch);
        return new CameraPose(position.X, position.Y, position.Z, yaw, pitch, Math.Atan2(sine, cosine));
    }
}
