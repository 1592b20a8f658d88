using System.Numerics;
using Gqn.Native.Scenes.Rendering;

namespace Gqn.Native.Scenes;

/// <summary>The primitives that the arm and its target are rendered from, in world units.</summary>
internal static class JacoShapes
{
    private const byte TargetPart = 1, FirstLinkPart = 2;

    /// <summary>The target, nine limbs, and a ring around each joint of the arm. The round ends of limbs that meet at a
    /// joint form its ball.</summary>
    public static Primitive[] Of(JacoFactors factors, JacoOptions options)
    {
        var pose = factors.Pose;
        Span<Limb> limbs = stackalloc Limb[JacoBody.LimbCount];
        JacoBody.Place(pose, options, limbs);

        float scale = options.Scale;
        Vector3 dark = new(options.LinkGrey), bright = new(options.RingGrey);
        var colour = new HsvColour(factors.TargetHue, options.TargetSaturation, 1).ToRgb();
        var shapes = new List<Primitive>
        {
            Primitive.Sphere(
                factors.Target.ToVector() * scale, options.TargetRadius * scale, colour, TargetPart, options.Shine),
        };
        for (int i = 0; i < limbs.Length; i++)
        {
            shapes.Add(Primitive.Capsule(
                limbs[i].From * scale, limbs[i].To * scale, limbs[i].Radius * scale,
                i < JacoKinematics.ArmJoints ? dark : bright, (byte)(FirstLinkPart + i), options.Shine));
        }

        for (int i = 0; i < JacoKinematics.ArmJoints; i++)
        {
            var link = pose.Links[i];
            var half = options.RingHalfWidth * link.ZAxis;
            shapes.Add(Primitive.Cylinder(
                (link.Position - half) * scale, (link.Position + half) * scale, options.RingRadii[i] * scale, bright,
                (byte)(FirstLinkPart + i), options.Shine));
        }

        return [.. shapes];
    }
}
