using Gqn.Native.Scenes;
using Gqn.Native.Tests.Scenes;

namespace Gqn.Native.Tests.Geometry;

/// <summary>The pinhole camera in double precision, as documented at <see cref="Camera"/>.</summary>
internal sealed class ReferenceCamera
{
    private readonly double _edge, _half;
    private readonly Point3 _forward, _right, _up;

    /// <summary>A camera and its picture.</summary>
    /// <param name="camera">The camera.</param>
    /// <param name="size">Cells along a side of the picture.</param>
    public ReferenceCamera(in Camera camera, int size)
    {
        _half = size / 2.0;
        _edge = Math.Tan(camera.FieldOfViewDegrees * Math.PI / 360) / _half;
        (double sinYaw, double cosYaw) = Math.SinCos(camera.Yaw);
        (double sinPitch, double cosPitch) = Math.SinCos(camera.Pitch);
        Origin = new(camera.X, camera.Y, camera.Z);
        _forward = new(cosPitch * cosYaw, cosPitch * sinYaw, sinPitch);
        // Without roll the rows of a picture are level; up is right × forward.
        _right = new(sinYaw, -cosYaw, 0);
        _up = new(-cosYaw * sinPitch, -sinYaw * sinPitch, cosPitch);
    }

    public Point3 Origin { get; }

    /// <summary>The ray through a place of the picture, from its upper left corner, with a component of 1 along the
    /// line of sight.</summary>
    public Point3 Ray(double column, double row) =>
        _forward + (_right * ((column - _half) * _edge)) + (_up * ((_half - row) * _edge));
}
