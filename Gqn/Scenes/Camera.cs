namespace Gqn.Native.Scenes;

/// <summary>A pinhole camera without roll, in a right-handed world whose z axis points up.</summary>
/// <remarks>
/// It looks along (cos pitch · cos yaw, cos pitch · sin yaw, sin pitch). Images are square, and the centre of pixel
/// (column, row) lies at (column + ½, row + ½), row 0 on top.
/// </remarks>
/// <param name="X">Position, in world units.</param>
/// <param name="Y">Position, in world units.</param>
/// <param name="Z">Height, in world units.</param>
/// <param name="Yaw">Heading in radians, from the x axis towards the y axis.</param>
/// <param name="Pitch">Elevation of the line of sight in radians; positive looks up.</param>
/// <param name="FieldOfViewDegrees">The angle between the upper and the lower border of the image, in degrees.</param>
public readonly record struct Camera(float X, float Y, float Z, float Yaw, float Pitch, float FieldOfViewDegrees)
{
    /// <summary>The camera with a different field of view, if one is given.</summary>
    /// <param name="degrees">The field of view; null to keep the camera's own.</param>
    internal Camera WithFieldOfView(double? degrees) =>
        degrees is { } given ? this with { FieldOfViewDegrees = (float)given } : this;
}
