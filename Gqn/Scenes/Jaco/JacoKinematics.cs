using System.Numerics;

namespace Gqn.Native.Scenes;

/// <summary>A hinge of the arm. The frame of its link is the previous frame, translated by <paramref name="Offset"/>,
/// rotated by <paramref name="Rotation"/> and then by the joint's angle about its own z axis.</summary>
/// <param name="Offset">The position of the joint in the previous frame, in metres.</param>
/// <param name="Rotation">The orientation of the joint in the previous frame.</param>
/// <param name="Lower">The lower limit of the angle, in radians; −π if the joint turns freely.</param>
/// <param name="Upper">The upper limit of the angle, in radians; π if the joint turns freely.</param>
/// <param name="MaxSpeed">The maximum angular speed, in radians per second.</param>
public sealed record JacoJoint(Vector3 Offset, Quaternion Rotation, float Lower, float Upper, float MaxSpeed)
{
    /// <summary>Whether the joint turns without limits.</summary>
    public bool IsFree => Upper - Lower >= MathF.Tau;

    /// <summary>Whether the joint can have this angle: within the limits, or any finite one if it turns
    /// freely.</summary>
    public bool Allows(float angle) => float.IsFinite(angle) && (IsFree || (angle >= Lower && angle <= Upper));
}

/// <summary>The forward kinematics of the Kinova Jaco with six joints in the arm and three fingers: from joint angles
/// to poses.</summary>
/// <remarks>
/// Offsets, rotations, limits and the speeds of the arm's joints are the manufacturer's published figures. The base is
/// at the origin of a frame whose z axis points up, in metres. At angles (0, π, π, 0, 0, 0) the arm points straight up.
/// The last link carries the hand: fingers, grip and pinch point are given in its frame. Quaternions have six digits
/// and are normalised; all arithmetic is in double precision, and results are rounded once.
/// </remarks>
public static class JacoKinematics
{
    /// <summary>The number of joints of the arm: base, shoulder, elbow and three of the wrist.</summary>
    public const int ArmJoints = 6;

    /// <summary>The number of fingers, with one joint each.</summary>
    public const int FingerJoints = 3;

    /// <summary>The number of all joints: the arm's, then the fingers'.</summary>
    public const int JointCount = ArmJoints + FingerJoints;

    /// <summary>The point between the fingers that holds a ball, in the frame of link 6, in metres.</summary>
    public static readonly Vector3 GripPoint = new(0, -.0001f, -.159f);

    /// <summary>The point where closed fingertips meet, in the frame of link 6, in metres.</summary>
    public static readonly Vector3 PinchPoint = new(.015f, .0024f, -.193f);

    /// <summary>The second knuckle of a finger, in the finger's frame, in metres.</summary>
    public static readonly Vector3 Knuckle = new(.044f, -.003f, 0);

    /// <summary>The end of a finger, in the finger's frame, in metres.</summary>
    /// <remarks>The second knuckle does not move here. A finger extended straight beyond it to this length ends within
    /// a centimetre or two of <see cref="PinchPoint"/> when closed (our choice).</remarks>
    public static readonly Vector3 Fingertip = Knuckle * (.084f / .044f);

    // The published hand is rotated by half a turn, and so is the site of link 6 that carries it, about the same axis:
    // the two cancel, and the positions of the fingers are valid in the frame of link 6.
    private static readonly JacoJoint[] Table =
    [
        Free(new Vector3(0, 0, .15675f), Wxyz(0, 0, 1, 0), 36),
        Limited(new Vector3(0, .0016f, -.11875f), Wxyz(0, 0, -.707107f, .707107f), .820305f, 5.462881f, 36),
        Limited(new Vector3(0, -.410f, 0), Wxyz(0, 0, 1, 0), .331613f, 5.951573f, 36),
        Free(new Vector3(0, .2073f, -.0114f), Wxyz(0, 0, -.707107f, .707107f), 48),
        Free(new Vector3(0, -.03703f, -.06414f), Wxyz(0, 0, .5f, .866025f), 48),
        Free(new Vector3(0, -.03703f, -.06414f), Wxyz(0, 0, .5f, .866025f), 48),
        Finger(new Vector3(.00279f, .03126f, -.11467f), Wxyz(.24396f, -.63159f, -.38818f, .62521f)),
        Finger(new Vector3(-.02226f, -.02707f, -.11482f), Wxyz(.601679f, -.254671f, .659653f, -.37146f)),
        Finger(new Vector3(.02226f, -.02707f, -.11482f), Wxyz(.659653f, -.37146f, .601679f, -.254671f)),
    ];

    private static readonly RigidMotion[] Mounts = [.. Table.Select(joint => new RigidMotion(joint))];

    /// <summary>The joints in the order of the vector of angles: six of the arm, from the base, and three
    /// fingers.</summary>
    public static IReadOnlyList<JacoJoint> Joints { get; } = Array.AsReadOnly(Table);

    /// <summary>An upper bound of the arm's reach from the origin, in metres: the sum of the lengths of all links and a
    /// finger.</summary>
    public static float Reach { get; } = Table[..ArmJoints].Sum(joint => joint.Offset.Length())
        + Table[ArmJoints..].Max(joint => joint.Offset.Length()) + Fingertip.Length();

    /// <summary>Computes the pose of all parts at given angles.</summary>
    /// <param name="angles">The nine joint angles in radians, in the order of <see cref="Joints"/>. Limits are not
    /// checked.</param>
    /// <exception cref="ArgumentException">There are not nine angles.</exception>
    public static JacoPose Forward(ReadOnlySpan<float> angles)
    {
        if (angles.Length != JointCount)
            throw new ArgumentException($"The arm has {JointCount} joint angles, not {angles.Length}.", nameof(angles));

        var frames = new LinkFrame[JointCount];
        var tips = new Vector3[FingerJoints];
        var link = RigidMotion.Identity;
        for (int i = 0; i < ArmJoints; i++)
        {
            link = link.Then(Mounts[i]).Turned(angles[i]);
            frames[i] = link.ToFrame();
        }

        for (int i = 0; i < FingerJoints; i++)
        {
            var finger = link.Then(Mounts[ArmJoints + i]).Turned(angles[ArmJoints + i]);
            frames[ArmJoints + i] = finger.ToFrame();
            tips[i] = finger.Apply(Fingertip);
        }

        return new JacoPose(frames, tips, link.Apply(GripPoint), link.Apply(PinchPoint));
    }

    private static JacoJoint Free(Vector3 offset, Quaternion rotation, float degreesPerSecond) =>
        new(offset, rotation, -MathF.PI, MathF.PI, Radians(degreesPerSecond));

    private static JacoJoint Limited(
        Vector3 offset, Quaternion rotation, float lower, float upper, float degreesPerSecond) =>
        new(offset, rotation, lower, upper, Radians(degreesPerSecond));

    /// <summary>The speed of the fingers is not published; it is that of the wrist here.</summary>
    private static JacoJoint Finger(Vector3 offset, Quaternion rotation) =>
        Limited(offset, rotation, .15f, 1.35f, 48);

    private static Quaternion Wxyz(float w, float x, float y, float z) => new(x, y, z, w);

    private static float Radians(float degrees) => (float)(degrees * (Math.PI / 180));

    /// <summary>A rotation (the columns X, Y and Z) followed by a translation (P), in double precision.</summary>
    private readonly record struct RigidMotion(Triple X, Triple Y, Triple Z, Triple P)
    {
        public static readonly RigidMotion Identity = new(new(1, 0, 0), new(0, 1, 0), new(0, 0, 1), new(0, 0, 0));

        public RigidMotion(JacoJoint joint) : this(default, default, default, Triple.Of(joint.Offset))
        {
            (double w, double x, double y, double z) =
                (joint.Rotation.W, joint.Rotation.X, joint.Rotation.Y, joint.Rotation.Z);
            double s = 2 / ((w * w) + (x * x) + (y * y) + (z * z));
            X = new Triple(1 - (s * ((y * y) + (z * z))), s * ((x * y) + (w * z)), s * ((x * z) - (w * y)));
            Y = new Triple(s * ((x * y) - (w * z)), 1 - (s * ((x * x) + (z * z))), s * ((y * z) + (w * x)));
            Z = new Triple(s * ((x * z) + (w * y)), s * ((y * z) - (w * x)), 1 - (s * ((x * x) + (y * y))));
        }

        /// <summary>Composition: a motion within this frame, expressed in the outer frame.</summary>
        public RigidMotion Then(in RigidMotion inner) =>
            new(Rotate(inner.X), Rotate(inner.Y), Rotate(inner.Z), P.Plus(Rotate(inner.P)));

        /// <summary>Rotates the frame about its own z axis.</summary>
        public RigidMotion Turned(double angle)
        {
            (double sin, double cos) = Math.SinCos(angle);
            return this with { X = X.Times(cos).Plus(Y.Times(sin)), Y = Y.Times(cos).Plus(X.Times(-sin)) };
        }

        public Vector3 Apply(Vector3 point) => P.Plus(Rotate(Triple.Of(point))).ToVector3();

        public LinkFrame ToFrame() => new(P.ToVector3(), X.ToVector3(), Y.ToVector3(), Z.ToVector3());

        private Triple Rotate(Triple v) => X.Times(v.A).Plus(Y.Times(v.B)).Plus(Z.Times(v.C));
    }

    private readonly record struct Triple(double A, double B, double C)
    {
        public static Triple Of(Vector3 v) => new(v.X, v.Y, v.Z);

        public Triple Plus(Triple other) => new(A + other.A, B + other.B, C + other.C);

        public Triple Times(double factor) => new(A * factor, B * factor, C * factor);

        public Vector3 ToVector3() => new((float)A, (float)B, (float)C);
    }
}
