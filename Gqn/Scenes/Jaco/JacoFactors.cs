using System.Numerics;
using System.Text.Json.Serialization;

namespace Gqn.Native.Scenes;

/// <summary>The generative factors of a scene with the arm; they are also the state that a task moving the arm reads
/// and changes.</summary>
/// <param name="Joints">The nine joint angles in radians, in the order of
/// <see cref="JacoKinematics.Joints"/>.</param>
/// <param name="Target">The centre of the target, in metres from the foot of the arm, along the world's axes.</param>
/// <param name="TargetHue">The hue of the target, 0 to 1.</param>
/// <param name="Wall">The texture of all four walls.</param>
/// <param name="Floor">The texture of the floor.</param>
/// <param name="Light">The position of the spot light, in world units.</param>
public sealed record JacoFactors(
    IReadOnlyList<float> Joints, WorldPoint Target, float TargetHue, RoomWall Wall, RoomFloor Floor, WorldPoint Light)
    : SceneFactors
{
    private static readonly string[] Names =
    [
        .. Enumerable.Range(0, JacoKinematics.JointCount).Select(k => $"joints[{k}]"),
        "target.position", "target.colour", "wall", "floor", "light",
    ];

    /// <summary>"joints[k]" for each angle, "target.position", "target.colour" (its hue), "wall", "floor" and
    /// "light".</summary>
    [JsonIgnore]
    public override IReadOnlyList<string> Properties => Names;

    /// <summary>The pose of all parts of the arm; computed anew at each call.</summary>
    /// <exception cref="ArgumentException">There are not nine angles.</exception>
    [JsonIgnore]
    public JacoPose Pose => JacoKinematics.Forward([.. Joints]);

    /// <summary>The point between the fingers, in metres, relative to the foot of the arm; computed anew at each
    /// call.</summary>
    /// <exception cref="ArgumentException">There are not nine angles.</exception>
    [JsonIgnore]
    public Vector3 Tip => Pose.GripPoint;

    /// <summary>The distance of the tip from the centre of the target, in metres; computed anew at each call.</summary>
    /// <exception cref="ArgumentException">There are not nine angles.</exception>
    [JsonIgnore]
    public float Distance
    {
        get
        {
            var tip = Tip;
            (double x, double y, double z) = (tip.X - Target.X, tip.Y - Target.Y, tip.Z - Target.Z);
            return (float)Math.Sqrt((x * x) + (y * y) + (z * z));
        }
    }

    /// <inheritdoc/>
    public override object this[string property] => property switch
    {
        "target.position" => Target,
        "target.colour" => TargetHue,
        "wall" => Wall,
        "floor" => Floor,
        "light" => Light,
        _ => Joints[Joint(property)],
    };

    /// <inheritdoc/>
    public override SceneFactors With(string property, object value) => property switch
    {
        "target.position" => this with { Target = Cast<WorldPoint>(property, value) },
        "target.colour" => this with { TargetHue = Cast<float>(property, value) },
        "wall" => this with { Wall = Cast<RoomWall>(property, value) },
        "floor" => this with { Floor = Cast<RoomFloor>(property, value) },
        "light" => this with { Light = Cast<WorldPoint>(property, value) },
        _ => WithJoint(Joint(property), Cast<float>(property, value)),
    };

    /// <summary>The index of the joint that a property names.</summary>
    private int Joint(string property) =>
        TryElement(property, "joints", JacoKinematics.JointCount, out int k, out var field) && field.IsEmpty
            ? k
            : throw Unknown(property);

    private JacoFactors WithJoint(int joint, float angle)
    {
        float[] angles = [.. Joints];
        angles[joint] = angle;
        return this with { Joints = angles };
    }

    /// <exception cref="FactorException">The factors are invalid for a scene of the arm.</exception>
    internal void Check(JacoOptions options)
    {
        if (Joints?.Count != JacoKinematics.JointCount)
            throw new FactorException($"joints has {JacoKinematics.JointCount} angles, not {Joints?.Count ?? 0}.");
        for (int i = 0; i < JacoKinematics.JointCount; i++)
        {
            var joint = JacoKinematics.Joints[i];
            if (joint.Allows(Joints[i]))
                continue;
            throw new FactorException(joint.IsFree
                ? $"joints[{i}] is a finite angle, not {Joints[i]}."
                : $"joints[{i}] is an angle from {joint.Lower} to {joint.Upper}, not {Joints[i]}.");
        }

        float reach = options.HalfSide / options.Scale;
        if (!(MathF.Abs(Target.X) <= reach && MathF.Abs(Target.Y) <= reach && Target.Z >= 0 && Target.Z <= reach))
        {
            throw new FactorException(
                $"target.position lies within ±{reach} m along x and y and up to {reach} m high, not at {Target}.");
        }

        if (TargetHue is not (>= 0 and <= 1))
            throw new FactorException($"target.colour is a hue from 0 to 1, not {TargetHue}.");
        if (!Enum.IsDefined(Wall))
            throw new FactorException($"wall is no texture: {Wall}.");
        if (!Enum.IsDefined(Floor))
            throw new FactorException($"floor is no texture: {Floor}.");
        if (!(MathF.Abs(Light.X) <= options.HalfSide && MathF.Abs(Light.Y) <= options.HalfSide
            && Light.Z is > 0 and <= 100))
        {
            throw new FactorException($"light lies within ±{options.HalfSide} along x and y and up to 100 above the "
                + $"floor, not at {Light}.");
        }
    }
}
