using System.Numerics;
using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>The lighting of a room: a spot light, a headlight at the camera, and ambient light.</summary>
/// <remarks>
/// With unit vectors n (normal), l (to the spot light), v (to the camera), h = l + v normalised, s (the spot's axis):
/// beam = max(0, (max(0, −l·s)^exponent − border) / (1 − border)), where border is the power at the cone's cutoff, so
/// that light fades to 0 there; 0 in shadow;
/// colour = albedo · (ambient + headlight · max(0, n·v) + spot · max(0, n·l) · beam)
/// + shine · specular · max(0, n·h)^shininess · beam, at most 1.
/// </remarks>
/// <param name="Position">The position of the spot light, in world units.</param>
/// <param name="Axis">The direction of the spot, a unit vector.</param>
/// <param name="CosCutoff">The cosine of half the cone's angle.</param>
/// <param name="Border">That cosine to the power of the spot exponent.</param>
/// <param name="Options">Strengths and exponents.</param>
internal readonly record struct SpotLight(
    Vector3 Position, Vector3 Axis, float CosCutoff, float Border, RoomLightOptions Options)
{
    /// <summary>Light below this brightness casts no visible shadow.</summary>
    private const float Invisible = .002f;

    /// <summary>Creates a light that is aimed at a point of the floor.</summary>
    public static SpotLight Towards(Vector3 position, Vector3 target, RoomLightOptions options)
    {
        var axis = target - position;
        axis /= MathF.Sqrt((axis.X * axis.X) + (axis.Y * axis.Y) + (axis.Z * axis.Z));
        double cutoff = Math.Cos(options.CutoffDegrees * (Math.PI / 180));
        return new SpotLight(
            position, axis, (float)cutoff, (float)Math.Pow(cutoff, options.SpotExponent), options);
    }

    /// <summary>Computes the unoccluded light at eight surface points.</summary>
    /// <param name="point">The surface points.</param>
    /// <param name="normal">The unit normals of the surfaces.</param>
    public Incidence At(in Vector3x8 point, in Vector3x8 normal)
    {
        var towards = Vector3x8.Create(Position) - point;
        var inverse = Vector256<float>.One / Vector256.Sqrt(Vector3x8.Dot(towards, towards));
        var along = -Vector3x8.Dot(towards, Axis) * inverse;
        var facing = Vector3x8.Dot(towards, normal) * inverse;
        var reached = Vector256.GreaterThan(facing, Vector256<float>.Zero)
            & Vector256.GreaterThan(along, Vector256.Create(CosCutoff));
        var beam = RayLanes.Power(along, Options.SpotExponent) - Vector256.Create(Border);
        beam = RayLanes.Greater(beam * (1 / (1 - Border)), Vector256<float>.Zero) & reached;
        return new Incidence(towards, inverse, beam, facing * beam);
    }

    /// <summary>Mask of the lanes in which a shadow would be visible.</summary>
    public static Vector256<float> Matters(in Incidence light) =>
        Vector256.GreaterThan(light.Diffuse, Vector256.Create(Invisible));

    /// <summary>The light incident on eight points.</summary>
    /// <param name="towards">The vectors from the points to the light.</param>
    /// <param name="inverseDistance">1 / length of these vectors.</param>
    /// <param name="beam">The fraction of the spot that reaches the point; 0 on surfaces turned away.</param>
    /// <param name="diffuse">The beam times the cosine of the angle of incidence.</param>
    public readonly struct Incidence(
        Vector3x8 towards, Vector256<float> inverseDistance, Vector256<float> beam, Vector256<float> diffuse)
    {
        public readonly Vector3x8 Towards = towards;
        public readonly Vector256<float> InverseDistance = inverseDistance, Beam = beam, Diffuse = diffuse;
    }
}
