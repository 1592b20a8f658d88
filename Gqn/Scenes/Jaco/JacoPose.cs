using System.Numerics;

namespace Gqn.Native.Scenes;

/// <summary>The coordinate frame of a link, relative to the arm's base, in metres.</summary>
/// <param name="Position">The origin of the frame.</param>
/// <param name="XAxis">The unit vector along x.</param>
/// <param name="YAxis">The unit vector along y.</param>
/// <param name="ZAxis">The unit vector along z, the axis of the link's joint.</param>
public readonly record struct LinkFrame(Vector3 Position, Vector3 XAxis, Vector3 YAxis, Vector3 ZAxis);

/// <summary>The poses of the parts of the arm, relative to its base, in metres. Immutable.</summary>
public sealed class JacoPose
{
    private readonly LinkFrame[] _frames;
    private readonly Vector3[] _fingertips;

    internal JacoPose(LinkFrame[] frames, Vector3[] fingertips, Vector3 gripPoint, Vector3 pinchPoint)
    {
        _frames = frames;
        _fingertips = fingertips;
        GripPoint = gripPoint;
        PinchPoint = pinchPoint;
    }

    /// <summary>The frames of the six links, from the base; the last carries the hand.</summary>
    public ReadOnlySpan<LinkFrame> Links => _frames.AsSpan(0, JacoKinematics.ArmJoints);

    /// <summary>The frames of the three fingers.</summary>
    public ReadOnlySpan<LinkFrame> Fingers => _frames.AsSpan(JacoKinematics.ArmJoints);

    /// <summary>The ends of the three fingers.</summary>
    public ReadOnlySpan<Vector3> Fingertips => _fingertips;

    /// <summary>The arm's tip: the point between the fingers that holds a ball.</summary>
    public Vector3 GripPoint { get; }

    /// <summary>The point where closed fingertips meet.</summary>
    public Vector3 PinchPoint { get; }
}
