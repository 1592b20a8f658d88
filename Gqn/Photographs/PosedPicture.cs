using System.Numerics;

namespace Gqn.Native.Photographs;

/// <summary>A line of a file of poses: a picture, where its camera was, and how that projects.</summary>
/// <param name="File">The picture as the file names it, relative to the file's folder.</param>
/// <param name="Pose">The pose, z up.</param>
/// <param name="Lens">How the camera projects.</param>
/// <param name="Axes">The camera's axes in the world; null if the file has angles, which refer to upright
/// pictures.</param>
internal sealed record PosedPicture(string File, CameraPose Pose, Lens Lens, CameraAxes? Axes);

/// <summary>The axes of a camera in the world, of length 1.</summary>
/// <param name="Right">The direction of the picture's rows.</param>
/// <param name="Up">The direction against the picture's columns.</param>
internal readonly record struct CameraAxes(Vector3 Right, Vector3 Up)
{
    /// <summary>The upward direction after the picture was turned against a roll.</summary>
    /// <param name="roll">The roll, in radians, as <see cref="CameraPose.Roll"/> counts it.</param>
    public Vector3 UpWithout(double roll) => ((float)Math.Sin(roll) * Right) + ((float)Math.Cos(roll) * Up);
}

/// <summary>The axis of the world that points up.</summary>
internal enum UpAxis
{
    /// <summary>The z axis, as here and in instant-ngp.</summary>
    Z,

    /// <summary>The y axis, as in OpenGL.</summary>
    Y,
}

/// <summary>What a file of poses leaves open.</summary>
internal sealed record PoseConventions
{
    /// <summary>The upward axis of matrices; null for z.</summary>
    public UpAxis? Up { get; init; }

    /// <summary>Whether the angles of a table are in degrees, not radians.</summary>
    public bool Degrees { get; init; }

    /// <summary>The angle that the shorter side of pictures spans, in radians, where the file does not state one; null
    /// if unknown.</summary>
    public double? FieldOfView { get; init; }
}
