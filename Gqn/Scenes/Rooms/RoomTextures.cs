using System.Text.Json.Serialization;

namespace Gqn.Native.Scenes;

/// <summary>The walls of a room; the released data sets have these five.</summary>
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

/// <summary>The floor of a room; the released data sets have these three.</summary>
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

/// <summary>A place in the world, in world units.</summary>
/// <param name="X">Along the floor.</param>
/// <param name="Y">Along the floor.</param>
/// <param name="Z">Above the floor.</param>
public readonly record struct WorldPoint(float X, float Y, float Z)
{
    internal System.Numerics.Vector3 ToVector() => new(X, Y, Z);
}
