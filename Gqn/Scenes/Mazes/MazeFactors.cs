using System.Text.Json.Serialization;

namespace Gqn.Native.Scenes;

/// <summary>The colours of an area of a maze.</summary>
/// <param name="Wall">Index of the colour in <see cref="MazeOptions.WallColours"/>.</param>
/// <param name="Floor">Index of the colour in <see cref="MazeOptions.FloorColours"/>.</param>
public readonly record struct MazeAreaColours(int Wall, int Floor);

/// <summary>The generative factors of a maze.</summary>
/// <param name="Layout">Walls and rooms; in JSON its map, line by line.</param>
/// <param name="Corridor">The colours of all corridors.</param>
/// <param name="Rooms">The colours of each room, in the order of <see cref="MazeLayout.Rooms"/>. A layout with a
/// different number of rooms needs as many colours: change both in one <c>with</c> expression.</param>
public sealed record MazeFactors(MazeLayout Layout, MazeAreaColours Corridor, IReadOnlyList<MazeAreaColours> Rooms)
    : SceneFactors
{
    /// <summary>"layout", "corridor.wall", "corridor.floor", and "rooms[k].wall" and "rooms[k].floor" for each
    /// room.</summary>
    [JsonIgnore]
    public override IReadOnlyList<string> Properties =>
    [
        "layout", "corridor.wall", "corridor.floor",
        .. Enumerable.Range(0, Rooms.Count).SelectMany(k => new[] { $"rooms[{k}].wall", $"rooms[{k}].floor" }),
    ];

    /// <inheritdoc/>
    public override object this[string property] => property switch
    {
        "layout" => Layout,
        "corridor.wall" => Corridor.Wall,
        "corridor.floor" => Corridor.Floor,
        _ => TryElement(property, "rooms", Rooms.Count, out int k, out var field)
            ? field switch
            {
                "wall" => Rooms[k].Wall,
                "floor" => Rooms[k].Floor,
                _ => throw Unknown(property),
            }
            : throw Unknown(property),
    };

    /// <inheritdoc/>
    public override SceneFactors With(string property, object value)
    {
        switch (property)
        {
            case "layout": return this with { Layout = Cast<MazeLayout>(property, value) };
            case "corridor.wall": return this with { Corridor = Corridor with { Wall = Cast<int>(property, value) } };
            case "corridor.floor": return this with { Corridor = Corridor with { Floor = Cast<int>(property, value) } };
        }

        if (!TryElement(property, "rooms", Rooms.Count, out int k, out var field))
            throw Unknown(property);
        MazeAreaColours[] rooms = [.. Rooms];
        rooms[k] = field switch
        {
            "wall" => rooms[k] with { Wall = Cast<int>(property, value) },
            "floor" => rooms[k] with { Floor = Cast<int>(property, value) },
            _ => throw Unknown(property),
        };
        return this with { Rooms = rooms };
    }
}
