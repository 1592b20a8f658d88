using System.Numerics;

namespace Gqn.Native.Scenes;

/// <summary>A capsule: all points within a distance of a line segment, in metres, relative to the arm's base.</summary>
/// <param name="From">One end of the segment.</param>
/// <param name="To">The other end.</param>
/// <param name="Radius">The distance, in metres.</param>
internal readonly record struct Limb(Vector3 From, Vector3 To, float Radius);

/// <summary>The arm's nine limbs (base, upper arm, forearm, two wrist links, palm, three fingers), and the test whether
/// a pose is physically sensible.</summary>
internal static class JacoBody
{
    /// <summary>The number of limbs.</summary>
    public const int LimbCount = 9;

    private const int UpperArm = 1, Forearm = 2, FirstWrist = 3, SecondWrist = 4, Palm = 5, FirstFinger = 6;

    /// <summary>Pairs of limbs that must not collide. Limbs that share a joint always touch. Limbs separated by one
    /// link of the wrist are exempt as well: that link is shorter than their radii and the clearance, but its fixed
    /// bends keep their axes apart by its length at all joint angles.</summary>
    private static readonly (int First, int Second)[] Strangers =
    [
        .. from first in Enumerable.Range(0, FirstFinger)
           from second in Enumerable.Range(first + 2, LimbCount - first - 2)
           where (first, second) is not ((Forearm, SecondWrist) or (FirstWrist, Palm) or (Palm, _))
           select (first, second),
    ];

    /// <summary>Computes the limbs of a pose.</summary>
    public static void Place(JacoPose pose, JacoOptions options, Span<Limb> limbs)
    {
        var links = pose.Links;
        // The base's column carries the shoulder; the next four limbs connect successive joints.
        limbs[0] = new Limb(Vector3.Zero, links[UpperArm].Position, options.LinkRadii[0]);
        for (int i = UpperArm; i < Palm; i++)
            limbs[i] = new Limb(links[i].Position, links[i + 1].Position, options.LinkRadii[i]);
        var hand = links[Palm];
        limbs[Palm] = new Limb(
            hand.Position, hand.Position - (options.PalmLength * hand.ZAxis), options.LinkRadii[Palm]);
        for (int i = 0; i < JacoKinematics.FingerJoints; i++)
        {
            limbs[FirstFinger + i] =
                new Limb(pose.Fingers[i].Position, pose.Fingertips[i], options.FingerRadius);
        }
    }

    /// <summary>Whether all limbs but the base are above the floor and no two that are not neighbours collide. Fingers
    /// may touch but not intersect each other; everything else must keep the clearance.</summary>
    public static bool IsSensible(ReadOnlySpan<Limb> limbs, float clearance)
    {
        foreach (ref readonly var limb in limbs[1..])
        {
            if (Math.Min(limb.From.Z, limb.To.Z) < limb.Radius + clearance)
                return false;
        }

        foreach ((int first, int second) in Strangers)
        {
            if (Distance(limbs[first], limbs[second]) < clearance)
                return false;
        }

        for (int first = FirstFinger; first < LimbCount; first++)
        {
            for (int second = first + 1; second < LimbCount; second++)
            {
                if (Distance(limbs[first], limbs[second]) < 0)
                    return false;
            }
        }

        return true;
    }

    /// <summary>Whether a ball of this radius keeps the clearance from all limbs.</summary>
    public static bool IsClearOf(ReadOnlySpan<Limb> limbs, Vector3 centre, float radius, float clearance)
    {
        var ball = new Limb(centre, centre, radius);
        foreach (ref readonly var limb in limbs)
        {
            if (Distance(limb, ball) < clearance)
                return false;
        }

        return true;
    }

    /// <summary>The distance between the surfaces of two limbs; negative if they intersect.</summary>
    /// <remarks>In scalar double precision, so that every processor makes the same decisions.</remarks>
    public static double Distance(in Limb a, in Limb b)
    {
        (double ux, double uy, double uz) = Difference(a.To, a.From);
        (double vx, double vy, double vz) = Difference(b.To, b.From);
        (double wx, double wy, double wz) = Difference(a.From, b.From);
        double uu = Dot(ux, uy, uz, ux, uy, uz), vv = Dot(vx, vy, vz, vx, vy, vz), uv = Dot(ux, uy, uz, vx, vy, vz);
        double uw = Dot(ux, uy, uz, wx, wy, wz), vw = Dot(vx, vy, vz, wx, wy, wz);

        // |w + s·u − t·v|² is convex in (s, t): its minimum over the line of a, then over b's segment for that s, then
        // over a's segment for that t.
        double determinant = (uu * vv) - (uv * uv);
        double s = determinant > 1e-12 * uu * vv ? Share((uv * vw) - (vv * uw), determinant) : 0;
        double t = Share((uv * s) + vw, vv);
        s = Share((uv * t) - uw, uu);
        (double dx, double dy, double dz) =
            (wx + (s * ux) - (t * vx), wy + (s * uy) - (t * vy), wz + (s * uz) - (t * vz));
        return Math.Sqrt(Dot(dx, dy, dz, dx, dy, dz)) - a.Radius - b.Radius;

        // A position along a segment, 0 to 1; 0 if the segment is a point.
        static double Share(double numerator, double denominator) =>
            denominator > 0 ? Math.Clamp(numerator / denominator, 0, 1) : 0;

        static (double X, double Y, double Z) Difference(Vector3 to, Vector3 from) =>
            ((double)to.X - from.X, (double)to.Y - from.Y, (double)to.Z - from.Z);

        static double Dot(double ax, double ay, double az, double bx, double by, double bz) =>
            (ax * bx) + (ay * by) + (az * bz);
    }
}
