using System.Numerics;
using System.Text.Json.Serialization;

namespace Gqn.Native.Scenes;

/// <summary>The shapes of objects in rooms; the released data sets have these seven.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RoomShape>))]
public enum RoomShape
{
    /// <summary>A cube, resting on a face.</summary>
    Box,

    /// <summary>A ball.</summary>
    Sphere,

    /// <summary>An upright cylinder.</summary>
    Cylinder,

    /// <summary>An upright cylinder with hemispherical ends.</summary>
    Capsule,

    /// <summary>A cone with its apex on top.</summary>
    Cone,

    /// <summary>A regular icosahedron, resting on a face.</summary>
    Icosahedron,

    /// <summary>An upright equilateral triangle of three bars, with a hole.</summary>
    Triangle,
}

/// <summary>A colour by hue, saturation and value.</summary>
/// <param name="Hue">The position on the colour circle, 0 to 1; 0 is red, ⅓ green, ⅔ blue.</param>
/// <param name="Saturation">0 is grey, 1 the pure hue.</param>
/// <param name="Value">0 is black, 1 is full brightness.</param>
public readonly record struct HsvColour(float Hue, float Saturation, float Value)
{
    /// <summary>Converts to R, G, B in 0..1.</summary>
    internal Vector3 ToRgb() => new CubeColour(Hue, Saturation).ToRgb() * Value;

    /// <exception cref="FactorException">A component lies outside 0 to 1.</exception>
    internal void Check(string property)
    {
        if (Hue is not (>= 0 and <= 1) || Saturation is not (>= 0 and <= 1) || Value is not (>= 0 and <= 1))
            throw new FactorException($"{property} has hue, saturation and value from 0 to 1, not {this}.");
    }
}

/// <summary>A position on the floor, in world units.</summary>
/// <param name="X">The x coordinate.</param>
/// <param name="Y">The y coordinate.</param>
public readonly record struct FloorPoint(float X, float Y);

/// <summary>An object that stands in a room.</summary>
/// <param name="Shape">The shape of the object.</param>
/// <param name="Colour">The colour of the object.</param>
/// <param name="Size">Scales all dimensions of the shape.</param>
/// <param name="X">The x coordinate of its centre, in world units.</param>
/// <param name="Y">The y coordinate of its centre, in world units.</param>
/// <param name="Yaw">Its rotation about the vertical axis, in radians.</param>
public readonly record struct RoomObject(
    RoomShape Shape, HsvColour Colour, float Size, float X, float Y, float Yaw = 0);

/// <summary>The generative factors of a room.</summary>
/// <remarks>Object k is part k + 1 of the part maps. Objects may overlap, but sampled ones do not.</remarks>
/// <param name="Wall">The texture of the four walls.</param>
/// <param name="Floor">The texture of the floor.</param>
/// <param name="Light">The position of the spot light.</param>
/// <param name="Objects">The objects in the room.</param>
public sealed record RoomFactors(RoomWall Wall, RoomFloor Floor, WorldPoint Light, IReadOnlyList<RoomObject> Objects)
    : SceneFactors
{
    /// <summary>The maximum number of objects in a room.</summary>
    public const int MaxObjects = 8;

    /// <summary>The maximum size of an object.</summary>
    public const float MaxSize = 3;

    private static readonly string[] ObjectCauses = ["shape", "colour", "size", "position", "yaw"];

    /// <summary>"wall", "floor", "light", and for each object "objects[k].shape", ".colour", ".size", ".position" and
    /// ".yaw".</summary>
    [JsonIgnore]
    public override IReadOnlyList<string> Properties =>
    [
        "wall", "floor", "light",
        .. Enumerable.Range(0, Objects.Count).SelectMany(k => ObjectCauses.Select(cause => $"objects[{k}].{cause}")),
    ];

    /// <summary>The value of one factor: a <see cref="RoomWall"/>, <see cref="RoomFloor"/>, <see cref="WorldPoint"/>;
    /// of an object, a <see cref="RoomShape"/>, <see cref="HsvColour"/>, <see cref="FloorPoint"/>, or a
    /// <see cref="float"/> for size and yaw.</summary>
    /// <inheritdoc/>
    public override object this[string property]
    {
        get
        {
            switch (property)
            {
                case "wall": return Wall;
                case "floor": return Floor;
                case "light": return Light;
            }

            if (!TryElement(property, "objects", Objects.Count, out int k, out var cause))
                throw Unknown(property);
            var own = Objects[k];
            return cause switch
            {
                "shape" => own.Shape,
                "colour" => own.Colour,
                "size" => own.Size,
                "position" => new FloorPoint(own.X, own.Y),
                "yaw" => own.Yaw,
                _ => throw Unknown(property),
            };
        }
    }

    /// <inheritdoc/>
    public override SceneFactors With(string property, object value)
    {
        switch (property)
        {
            case "wall": return this with { Wall = Cast<RoomWall>(property, value) };
            case "floor": return this with { Floor = Cast<RoomFloor>(property, value) };
            case "light": return this with { Light = Cast<WorldPoint>(property, value) };
        }

        if (!TryElement(property, "objects", Objects.Count, out int k, out var cause))
            throw Unknown(property);
        var own = Objects[k];
        RoomObject[] objects = [.. Objects];
        objects[k] = cause switch
        {
            "shape" => own with { Shape = Cast<RoomShape>(property, value) },
            "colour" => own with { Colour = Cast<HsvColour>(property, value) },
            "size" => own with { Size = Cast<float>(property, value) },
            "position" => Moved(Cast<FloorPoint>(property, value)),
            "yaw" => own with { Yaw = Cast<float>(property, value) },
            _ => throw Unknown(property),
        };
        return this with { Objects = objects };

        RoomObject Moved(FloorPoint place) => own with { X = place.X, Y = place.Y };
    }

    /// <exception cref="FactorException">The factors are invalid for a room.</exception>
    internal void Check(float halfSide)
    {
        if (!Enum.IsDefined(Wall))
            throw new FactorException($"wall is no texture: {Wall}.");
        if (!Enum.IsDefined(Floor))
            throw new FactorException($"floor is no texture: {Floor}.");
        if (!(MathF.Abs(Light.X) <= halfSide && MathF.Abs(Light.Y) <= halfSide && Light.Z is > 0 and <= 100))
        {
            throw new FactorException(
                $"light lies within ±{halfSide} along x and y and from 0 to 100 above the floor, not at {Light}.");
        }

        if (Objects is null || Objects.Count > MaxObjects)
            throw new FactorException($"objects has 0 to {MaxObjects} elements, not {Objects?.Count ?? 0}.");
        for (int k = 0; k < Objects.Count; k++)
        {
            var own = Objects[k];
            own.Colour.Check($"objects[{k}].colour");
            if (!Enum.IsDefined(own.Shape))
                throw new FactorException($"objects[{k}].shape is no shape: {own.Shape}.");
            if (own.Size is not (> 0 and <= MaxSize))
                throw new FactorException($"objects[{k}].size lies above 0 and up to {MaxSize}, not at {own.Size}.");
            if (!(MathF.Abs(own.X) <= halfSide && MathF.Abs(own.Y) <= halfSide))
            {
                throw new FactorException(
                    $"objects[{k}].position lies within ±{halfSide} along x and y, not at ({own.X}, {own.Y}).");
            }

            if (!float.IsFinite(own.Yaw))
                throw new FactorException($"objects[{k}].yaw is an angle in radians, not {own.Yaw}.");
        }
    }
}
