using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>The directions of eight rays. Distances are multiples of them; a camera's rays have a component of 1 along
/// its forward axis, so that a distance is the depth.</summary>
internal readonly struct RayPacket(Vector3x8 direction)
{
    /// <summary>The directions of the rays, of any nonzero length.</summary>
    public readonly Vector3x8 Direction = direction;

    /// <summary>1 / length of the direction.</summary>
    public readonly Vector256<float> InverseLength =
        Vector256<float>.One / Vector256.Sqrt(Vector3x8.Dot(direction, direction));

    /// <summary>1 / direction, per component.</summary>
    public readonly Vector3x8 Inverse = new(
        RayLanes.Reciprocal(direction.X), RayLanes.Reciprocal(direction.Y), RayLanes.Reciprocal(direction.Z));
}

/// <summary>A camera with its axes, which casts rays and projects points.</summary>
internal readonly struct PinholeView
{
    public readonly Vector3 Origin;
    public readonly int Size;

    /// <summary>The side of a pixel at distance 1, in world units.</summary>
    public readonly float Step;

    private readonly Vector3 _forward;
    private readonly Vector3 _right;
    private readonly Vector3 _up;
    private readonly float _tangent;

    public PinholeView(in Camera camera, int size)
    {
        // Angles pass through double so that every platform's mathematics library rounds to the same float.
        (double sinYaw, double cosYaw) = Math.SinCos(camera.Yaw);
        (double sinPitch, double cosPitch) = Math.SinCos(camera.Pitch);
        Origin = new Vector3(camera.X, camera.Y, camera.Z);
        Size = size;
        _forward = new Vector3((float)(cosPitch * cosYaw), (float)(cosPitch * sinYaw), (float)sinPitch);
        _right = new Vector3((float)sinYaw, (float)-cosYaw, 0);
        _up = new Vector3((float)(-sinPitch * cosYaw), (float)(-sinPitch * sinYaw), (float)cosPitch);
        _tangent = (float)Math.Tan(camera.FieldOfViewDegrees * (Math.PI / 360));
        Step = 2 * _tangent / size;
    }

    /// <summary>Projects a point, relative to the camera, to pixels; false if it is not in front of the
    /// camera.</summary>
    public bool Project(float x, float y, float z, out float column, out float row)
    {
        float depth = (x * _forward.X) + (y * _forward.Y) + (z * _forward.Z);
        float scale = 1 / (depth * Step);
        column = (Size * .5f) + (((x * _right.X) + (y * _right.Y)) * scale);
        row = (Size * .5f) - (((x * _up.X) + (y * _up.Y) + (z * _up.Z)) * scale);
        return depth > 1e-3f;
    }

    /// <summary>The depth of a point, relative to the camera, along the forward axis.</summary>
    public float Depth(Vector3 point) => (point.X * _forward.X) + (point.Y * _forward.Y) + (point.Z * _forward.Z);

    /// <summary>The ray through a point of the image, in pixels from its upper left corner; its component along the
    /// forward axis is 1.</summary>
    public Vector3 Ray(float column, float row) =>
        _forward + (((column * Step) - _tangent) * _right) + ((_tangent - (row * Step)) * _up);

    /// <summary>The rays through eight points of the image, in pixels from its upper left corner.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public RayPacket Rays(Vector256<float> columns, Vector256<float> rows)
    {
        var tangent = Vector256.Create(_tangent);
        var h = (columns * Step) - tangent;
        var v = tangent - (rows * Step);
        return new RayPacket(new Vector3x8(
            Vector256.Create(_forward.X) + (h * _right.X) + (v * _up.X),
            Vector256.Create(_forward.Y) + (h * _right.Y) + (v * _up.Y),
            Vector256.Create(_forward.Z) + (v * _up.Z)));
    }
}
