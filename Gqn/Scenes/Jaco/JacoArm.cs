using System.Numerics;
using Gqn.Native.Engine;
using Gqn.Native.Scenes.Rendering;

namespace Gqn.Native.Scenes;

/// <summary>The Jaco arm in the centre of a textured room, with a coloured ball as its target.</summary>
/// <remarks>
/// Joint angles are uniform within their limits (a full circle if there are none); all nine are redrawn until the pose
/// is physically sensible: no link below the floor, no links that intersect. The target is uniform in area in a ring
/// around the arm and uniform in height, or on the floor, and redrawn until it does not touch the arm; its hue is
/// uniform on the circle. Wall and floor textures and the light are drawn as in <see cref="Rooms"/>. Cameras are on a
/// dome around the arm, with uniform azimuth, elevation and distance, and look at a point in its centre. Each purpose
/// has its own random stream; training and test scenes draw continuous factors from different streams, so no scene is
/// in both.
/// <para>
/// In the part maps the target is 1, link k of the arm is 1 + k (1 to 6; the base's column belongs to link 1, the palm
/// to link 6, and each ring to the link that turns with it), and finger k is 7 + k (1 to 3).
/// </para>
/// <para>
/// The arm's dimensions are published, see <see cref="JacoKinematics"/>; everything else is our choice, see
/// <see cref="JacoOptions"/>. Composed scenes need not be sensible: a task may move the arm anywhere within the limits
/// of its joints.
/// </para>
/// </remarks>
public sealed class JacoArm : SceneEnvironment
{
    /// <summary>After this many rejections in a row, the options are considered to permit no scene.</summary>
    private const int MaxAttempts = 10_000;

    /// <summary>Creates the environment of the arm.</summary>
    /// <param name="options">Our choices, on which scenes depend as well; null for the defaults.</param>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    public JacoArm(JacoOptions? options = null)
    {
        Options = options ?? new JacoOptions();
        Options.Validate();
    }

    private enum Purpose : uint
    {
        Joints = 1,
        Target = 2,
        Hue = 3,
        Wall = 4,
        Floor = 5,
        Light = 6,
        Cameras = 7,
    }

    /// <inheritdoc/>
    public override string Name => "jaco";

    /// <inheritdoc/>
    public override int Version => 1;

    /// <inheritdoc/>
    public override int ViewsPerScene => 11;

    /// <inheritdoc/>
    /// <remarks>The arm can reach above the walls.</remarks>
    public override SceneBounds Bounds => SceneBounds.OnFloor(
        Options.HalfSide,
        MathF.Max(Options.WallHeight, Options.Scale * (JacoKinematics.Reach + Options.FingerRadius)));

    /// <summary>The options that scenes are generated with.</summary>
    public JacoOptions Options { get; }

    /// <inheritdoc/>
    public override Scene Sample(SceneSplit split, ulong index)
    {
        Span<Limb> limbs = stackalloc Limb[JacoBody.LimbCount];
        var walls = Enum.GetValues<RoomWall>();
        var floors = Enum.GetValues<RoomFloor>();
        float[] joints = DrawJoints(Stream(Purpose.Joints), limbs);
        var target = DrawTarget(Stream(Purpose.Target), limbs);
        var light = Stream(Purpose.Light);
        float range = Options.Light.Range;
        var factors = new JacoFactors(
            joints, target, Stream(Purpose.Hue).NextSingle(),
            walls[Stream(Purpose.Wall).NextInt32(walls.Length)],
            floors[Stream(Purpose.Floor).NextInt32(floors.Length)],
            new WorldPoint(light.NextSingle(-range, range), light.NextSingle(-range, range), Options.Light.Height));
        return Compose(factors, DrawCameras(Stream(Purpose.Cameras)), split, index);

        RandomStream Stream(Purpose purpose) => StreamFor(split, index, (uint)purpose);
    }

    /// <summary>Cameras at multiples of the golden angle and evenly spaced elevations, at the mean distance.</summary>
    public override Camera[] FixedViews(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        double golden = Math.PI * (3 - Math.Sqrt(5));
        var cameras = new Camera[count];
        for (int i = 0; i < count; i++)
        {
            double share = (i + .5) / count;
            cameras[i] = OnDome(
                golden * i,
                Options.MinElevationDegrees + (share * (Options.MaxElevationDegrees - Options.MinElevationDegrees)),
                (Options.MinCameraDistance + (double)Options.MaxCameraDistance) / 2);
        }

        return cameras;
    }

    /// <inheritdoc/>
    /// <remarks>Once around the dome, at the mean elevation and distance.</remarks>
    internal override Camera[] Tour(Scene scene, int count) =>
    [
        .. Enumerable.Range(0, count).Select(i => OnDome(
            Math.Tau * i / count, (Options.MinElevationDegrees + (double)Options.MaxElevationDegrees) / 2,
            (Options.MinCameraDistance + (double)Options.MaxCameraDistance) / 2)),
    ];

    /// <summary>Whether an arm with these angles is physically sensible: above the floor and without
    /// self-intersection.</summary>
    /// <param name="joints">Nine joint angles in radians.</param>
    /// <exception cref="ArgumentException">There are not nine angles.</exception>
    public bool IsSensible(ReadOnlySpan<float> joints)
    {
        Span<Limb> limbs = stackalloc Limb[JacoBody.LimbCount];
        JacoBody.Place(JacoKinematics.Forward(joints), Options, limbs);
        return JacoBody.IsSensible(limbs, Options.Clearance);
    }

    private float[] DrawJoints(RandomStream random, Span<Limb> limbs)
    {
        float[] angles = new float[JacoKinematics.JointCount];
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            for (int i = 0; i < angles.Length; i++)
            {
                var joint = JacoKinematics.Joints[i];
                // Rounding may push the largest draw above the limit.
                angles[i] = Math.Min(random.NextSingle(joint.Lower, joint.Upper), joint.Upper);
            }

            JacoBody.Place(JacoKinematics.Forward(angles), Options, limbs);
            if (JacoBody.IsSensible(limbs, Options.Clearance))
                return angles;
        }

        throw new FactorException(
            $"{MaxAttempts} poses of the arm in a row were not sensible: lower the radii or the clearance.");
    }

    private WorldPoint DrawTarget(RandomStream random, ReadOnlySpan<Limb> limbs)
    {
        double inner = Options.MinTargetDistance, outer = Options.MaxTargetDistance;
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            (double sin, double cos) = Math.SinCos(random.NextSingle() * Math.Tau);
            // Uniform in area means uniform in squared distance.
            double distance =
                Math.Sqrt((inner * inner) + (random.NextSingle() * ((outer * outer) - (inner * inner))));
            float height = random.NextSingle(Options.MinTargetHeight, Options.MaxTargetHeight);
            var target = new WorldPoint(
                (float)(distance * cos), (float)(distance * sin),
                Options.TargetOnFloor ? Options.TargetRadius : height);
            if (JacoBody.IsClearOf(limbs, target.ToVector(), Options.TargetRadius, Options.Clearance))
            {
                return target;
            }
        }

        throw new FactorException(
            $"{MaxAttempts} targets in a row touched the arm: lower the target's radius or widen its ring.");
    }

    private Camera[] DrawCameras(RandomStream random)
    {
        var cameras = new Camera[ViewsPerScene];
        foreach (ref var camera in cameras.AsSpan())
        {
            camera = OnDome(
                random.NextSingle() * Math.Tau,
                random.NextSingle(Options.MinElevationDegrees, Options.MaxElevationDegrees),
                random.NextSingle(Options.MinCameraDistance, Options.MaxCameraDistance));
        }

        return cameras;
    }

    /// <summary>A camera on the dome.</summary>
    /// <param name="azimuth">The camera's direction from the arm, in radians.</param>
    /// <param name="elevationDegrees">The angle at which it looks down, in degrees.</param>
    /// <param name="distance">The distance from the point that it looks at, in metres.</param>
    private Camera OnDome(double azimuth, double elevationDegrees, double distance)
    {
        azimuth %= Math.Tau;
        double elevation = elevationDegrees * (Math.PI / 180), radius = distance * Options.Scale;
        double across = radius * Math.Cos(elevation);
        return new Camera(
            (float)(across * Math.Cos(azimuth)), (float)(across * Math.Sin(azimuth)),
            (float)((Options.LookAtHeight * (double)Options.Scale) + (radius * Math.Sin(elevation))),
            (float)(azimuth - Math.PI), (float)-elevation, Options.FieldOfViewDegrees);
    }

    /// <inheritdoc/>
    private protected override SceneGeometry Build(SceneFactors factors)
    {
        var own = Own<JacoFactors>(factors);
        own.Check(Options);
        var room = new RoomSurroundings(Options.HalfSide, Options.WallHeight, Options.FloorTile, own.Wall, own.Floor);
        var light = own.Light.ToVector();
        var target = new Vector3(light.X * (1 - Options.Light.Aim), light.Y * (1 - Options.Light.Aim), 0);
        return new RoomGeometry(
            JacoShapes.Of(own, Options), room, SpotLight.Towards(light, target, Options.Light));
    }
}
