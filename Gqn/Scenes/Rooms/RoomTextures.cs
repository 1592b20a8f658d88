using System.Text.Json.Serialization;

namespace Gqn.Native.Scenes;

/// <summary>The wall textures of a room; the released data sets have these five.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RoomWall>))]
public enum RoomWall
{
    /// <summary>Red with dark lines.</summary>
    Red,

    /// <summary>Green with dark lines.</summary>
    Green,

    /// <summary>Cerise with dark lines.</summary>
    Cerise,

    /// <summary>Orange with rows of dark discs.</summary>
    Orange,

    /// <summary>Mottled yellow.</summary>
    Yellow,
}

/// <summary>The floor textures of a room; the released data sets have these three.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RoomFloor>))]
public enum RoomFloor
{
    /// <summary>Yellow clouds.</summary>
    Yellow,

    /// <summary>White hexagonal tiles.</summary>
    White,

    /// <summary>Blue clouds.</summary>
    Blue,
}

/// <summary>A point in the world, in world units.</summary>
/// <param name="X">The x coordinate, along the floor.</param>
/// <param name="Y">The y coordinate, along the floor.</param>
/// <param name="Z">The height above the floor.</param>
public readonly record struct WorldPoint(float X, float Y, float Z)
{
    internal System.Numerics.Vector3 ToVector() => new(X, Y, Z);
}
