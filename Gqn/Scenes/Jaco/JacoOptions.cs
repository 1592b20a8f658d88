namespace Gqn.Native.Scenes;

/// <summary>Our choices for the scenes of the arm. The released data set states none of them.</summary>
/// <remarks>
/// Lengths are in metres unless stated otherwise: <see cref="Scale"/> converts metres to world units.
/// </remarks>
public sealed record JacoOptions
{
    /// <summary>World units per metre: 2.2 lets the arm fill a room of 7 × 7 units.</summary>
    public float Scale { get; init; } = 2.2f;

    /// <summary>Half the side of the square room, in world units; its centre is the origin.</summary>
    public float HalfSide { get; init; } = 3.5f;

    /// <summary>Height of the walls, in world units.</summary>
    public float WallHeight { get; init; } = 2.1f;

    /// <summary>The side of the square that the floor's texture covers once, in world units.</summary>
    public float FloorTile { get; init; } = 3.5f;

    /// <summary>The spot light of the room.</summary>
    public RoomLightOptions Light { get; init; } = new();

    /// <summary>The radii of the six links: base, upper arm, forearm, two of the wrist, palm.</summary>
    public IReadOnlyList<float> LinkRadii { get; init; } = [.05f, .045f, .04f, .035f, .035f, .03f];

    /// <summary>The length of the palm beyond joint 6.</summary>
    public float PalmLength { get; init; } = .1f;

    /// <summary>The radius of a finger.</summary>
    public float FingerRadius { get; init; } = .012f;

    /// <summary>The radii of the rings around the six joints. Those of the real arm are as thick as its links; wider
    /// ones are visible at 64 pixels.</summary>
    public IReadOnlyList<float> RingRadii { get; init; } = [.055f, .056f, .051f, .046f, .041f, .041f];

    /// <summary>Half the width of a ring, along the axis of its joint.</summary>
    public float RingHalfWidth { get; init; } = .02f;

    /// <summary>The grey of the links, 0 to 1.</summary>
    public float LinkGrey { get; init; } = .1f;

    /// <summary>The grey of rings and fingers, 0 to 1.</summary>
    public float RingGrey { get; init; } = .7f;

    /// <summary>The strength of the highlights on arm and target, as a multiple of the light's.</summary>
    public float Shine { get; init; } = 1;

    /// <summary>The minimum distance, in sampled scenes, of the surfaces of links from the floor and from links that
    /// are not their neighbours, and of the target from all links.</summary>
    public float Clearance { get; init; } = .015f;

    /// <summary>The radius of the target, large enough to be visible at 64 pixels.</summary>
    public float TargetRadius { get; init; } = .08f;

    /// <summary>The minimum distance of the target from the axis of the base.</summary>
    public float MinTargetDistance { get; init; } = .25f;

    /// <summary>The maximum distance of the target from the axis of the base.</summary>
    public float MaxTargetDistance { get; init; } = .75f;

    /// <summary>Whether the target lies on the floor; otherwise the height of its centre is from
    /// <see cref="MinTargetHeight"/> to <see cref="MaxTargetHeight"/>.</summary>
    public bool TargetOnFloor { get; init; }

    /// <summary>The minimum height of the target's centre.</summary>
    public float MinTargetHeight { get; init; } = .08f;

    /// <summary>The maximum height of the target's centre.</summary>
    public float MaxTargetHeight { get; init; } = .6f;

    /// <summary>The saturation of the target's colour, 0 to 1.</summary>
    public float TargetSaturation { get; init; } = .9f;

    /// <summary>The minimum elevation of a camera above the point that it looks at, in degrees.</summary>
    public float MinElevationDegrees { get; init; } = 10;

    /// <summary>The maximum elevation of a camera above the point that it looks at, in degrees.</summary>
    public float MaxElevationDegrees { get; init; } = 60;

    /// <summary>The minimum distance of a camera from the point that it looks at.</summary>
    public float MinCameraDistance { get; init; } = 1.6f;

    /// <summary>The maximum distance of a camera from the point that it looks at.</summary>
    public float MaxCameraDistance { get; init; } = 2;

    /// <summary>The height, above the centre of the floor, of the point that cameras look at.</summary>
    public float LookAtHeight { get; init; } = .4f;

    /// <summary>The field of view of the cameras, in degrees.</summary>
    public float FieldOfViewDegrees { get; init; } = 45;

    /// <summary>Rejects options that permit no scene.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    internal void Validate()
    {
        Positive(Scale, nameof(Scale));
        Positive(HalfSide, nameof(HalfSide));
        Positive(WallHeight, nameof(WallHeight));
        Positive(FloorTile, nameof(FloorTile));
        Positive(Light.Height, nameof(Light));
        Range(0, Light.Range, 0, HalfSide, nameof(Light));
        Radii(LinkRadii, JacoKinematics.ArmJoints, nameof(LinkRadii));
        Radii(RingRadii, JacoKinematics.ArmJoints, nameof(RingRadii));
        Positive(PalmLength, nameof(PalmLength));
        Positive(FingerRadius, nameof(FingerRadius));
        Positive(RingHalfWidth, nameof(RingHalfWidth));
        Range(LinkGrey, LinkGrey, 0, 1, nameof(LinkGrey));
        Range(RingGrey, RingGrey, 0, 1, nameof(RingGrey));
        Range(Shine, Shine, 0, 10, nameof(Shine));
        Range(Clearance, Clearance, 0, 1, nameof(Clearance));
        Positive(TargetRadius, nameof(TargetRadius));
        Range(TargetSaturation, TargetSaturation, 0, 1, nameof(TargetSaturation));
        // The target stays in the room.
        float reach = HalfSide / Scale;
        Range(TargetRadius, TargetRadius, 0, reach, nameof(TargetRadius));
        Range(MinTargetDistance, MaxTargetDistance, 0, reach, nameof(MinTargetDistance));
        Range(MinTargetHeight, MaxTargetHeight, 0, reach, nameof(MinTargetHeight));
        Range(MinElevationDegrees, MaxElevationDegrees, -89, 89, nameof(MinElevationDegrees));
        Positive(MinCameraDistance, nameof(MinCameraDistance));
        Range(MinCameraDistance, MaxCameraDistance, 0, 100, nameof(MinCameraDistance));
        Range(LookAtHeight, LookAtHeight, 0, 2, nameof(LookAtHeight));
        Range(FieldOfViewDegrees, FieldOfViewDegrees, 1, 170, nameof(FieldOfViewDegrees));
    }

    private static void Positive(float value, string name)
    {
        if (!(value > 0) || !float.IsFinite(value))
            throw new ArgumentException($"JacoOptions: {name} is a positive number, not {value}.");
    }

    private static void Radii(IReadOnlyList<float> radii, int count, string name)
    {
        if (radii?.Count != count)
            throw new ArgumentException($"JacoOptions: {name} has {count} entries, not {radii?.Count ?? 0}.");
        foreach (float radius in radii)
            Positive(radius, name);
    }

    /// <summary>Checks that a value, or a minimum and a maximum, is within bounds.</summary>
    private static void Range(float low, float high, float least, float greatest, string name)
    {
        if (low >= least && low <= high && high <= greatest)
            return;
        throw new ArgumentException(low.Equals(high)
            ? $"JacoOptions: {name} lies between {least} and {greatest}, not at {low}."
            : $"JacoOptions: {name} and its maximum lie in order between {least} and {greatest}, not {low} and {high}.");
    }
}
