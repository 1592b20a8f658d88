using Gqn.Native.Imaging;

namespace Gqn.Native.Scenes;

/// <summary>The parameters of mazes. Few of them are published with the data set; the others are our choice. The
/// defaults are those of the environment "mazes".</summary>
/// <remarks>Lengths are in world units; a cell of the maze has a side of one unit.</remarks>
public sealed record MazeOptions
{
    /// <summary>The minimum number of rooms of a maze (the data set's: 1).</summary>
    public int MinRooms { get; init; } = 1;

    /// <summary>The maximum number of rooms of a maze, 0 to 2 (the data set's: 2); the number is uniform between
    /// both.</summary>
    public int MaxRooms { get; init; } = 2;

    /// <summary>The minimum width and height of a room, in cells.</summary>
    public int MinRoomSize { get; init; } = 2;

    /// <summary>The maximum width and height of a room, in cells, at most 3: two such rooms still fit without
    /// touching.</summary>
    public int MaxRoomSize { get; init; } = 3;

    /// <summary>The minimum number of openings of a room: the data set's rooms have "multiple connecting
    /// corridors".</summary>
    public int MinRoomOpenings { get; init; } = 2;

    /// <summary>The probability that a wall left by the spanning tree is opened.</summary>
    public float OpeningProbability { get; init; } = .12f;

    /// <summary>The probability that a dead end of one cell is opened at a second side.</summary>
    public float DeadEndRemovalProbability { get; init; } = .5f;

    /// <summary>The thickness of the walls, which stand on the borders of the cells.</summary>
    public float WallThickness { get; init; } = .1f;

    /// <summary>The height of the walls; there is no ceiling.</summary>
    public float WallHeight { get; init; } = 1;

    /// <summary>The height of the cameras.</summary>
    public float EyeHeight { get; init; } = .5f;

    /// <summary>The field of view of the cameras, in degrees.</summary>
    public float FieldOfViewDegrees { get; init; } = 80;

    /// <summary>The minimum distance of cameras from the nearest wall.</summary>
    public float Clearance { get; init; } = .15f;

    /// <summary>The number of possible headings, evenly spaced from the x axis on; 0 for any heading.</summary>
    public int Headings { get; init; }

    /// <summary>The number of views of a scene (the data set's: 300).</summary>
    public int ViewsPerScene { get; init; } = 300;

    /// <summary>The possible colours of walls, all equally likely.</summary>
    public IReadOnlyList<Rgb> WallColours { get; init; } =
    [
        new(214, 62, 54), new(58, 158, 70), new(54, 92, 206), new(232, 190, 48), new(152, 66, 178), new(232, 128, 44),
    ];

    /// <summary>The possible colours of floors, all equally likely.</summary>
    public IReadOnlyList<Rgb> FloorColours { get; init; } =
        [new(196, 196, 190), new(150, 108, 72), new(92, 142, 156), new(206, 178, 120)];

    /// <summary>The uniform colour of the sky, as measured in the released images of the rooms.</summary>
    public Rgb SkyColour { get; init; } = new(154, 226, 250);

    /// <summary>The colour of walls seen from above, in plans and by cameras above the maze.</summary>
    public Rgb WallTopColour { get; init; } = new(36, 36, 42);

    /// <summary>The side of the squares in the walls' two-tone pattern.</summary>
    public float WallTile { get; init; } = .25f;

    /// <summary>The side of the squares in the floors' two-tone pattern.</summary>
    public float FloorTile { get; init; } = .5f;

    /// <summary>How much darker the dark squares of walls are, as a fraction.</summary>
    public float WallContrast { get; init; } = .15f;

    /// <summary>How much darker the dark squares of floors are, as a fraction.</summary>
    public float FloorContrast { get; init; } = .12f;

    /// <summary>The direction that the light comes from, in degrees from the x axis.</summary>
    public float LightAzimuthDegrees { get; init; } = 25;

    /// <summary>c in a wall's brightness, 1 − c + c · cos(angle between its normal and the light).</summary>
    public float LightContrast { get; init; } = .2f;

    /// <summary>Rejects invalid values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its limits.</exception>
    internal void Validate()
    {
        Require(MinRooms >= 0 && MinRooms <= MaxRooms && MaxRooms <= 2, nameof(MaxRooms), MaxRooms,
            "there are 0 to 2 rooms, and no more at least than at most");
        Require(MinRoomSize >= 1 && MinRoomSize <= MaxRoomSize && MaxRoomSize <= 3, nameof(MaxRoomSize), MaxRoomSize,
            "rooms measure 1 to 3 cells, and no more at least than at most");
        Require(MinRoomOpenings >= 1, nameof(MinRoomOpenings), MinRoomOpenings, "a room has an opening");
        Require(OpeningProbability is >= 0 and <= 1, nameof(OpeningProbability), OpeningProbability, "0 to 1");
        Require(DeadEndRemovalProbability is >= 0 and <= 1, nameof(DeadEndRemovalProbability),
            DeadEndRemovalProbability, "0 to 1");
        Require(WallThickness is >= .01f and <= .5f, nameof(WallThickness), WallThickness, "0.01 to 0.5");
        Require(WallHeight is >= .1f and <= 10, nameof(WallHeight), WallHeight, "0.1 to 10");
        Require(EyeHeight > 0 && EyeHeight < WallHeight, nameof(EyeHeight), EyeHeight, "between floor and wall top");
        Require(FieldOfViewDegrees is >= 10 and <= 150, nameof(FieldOfViewDegrees), FieldOfViewDegrees, "10 to 150");
        Require(Clearance >= 0 && Clearance < (1 - WallThickness) / 2, nameof(Clearance), Clearance,
            "less than half a corridor");
        Require(Headings >= 0, nameof(Headings), Headings, "not negative");
        Require(ViewsPerScene >= 2, nameof(ViewsPerScene), ViewsPerScene, "at least a context and a query");
        Require(WallColours.Count >= 1, nameof(WallColours), WallColours.Count, "at least one");
        Require(FloorColours.Count >= 1, nameof(FloorColours), FloorColours.Count, "at least one");
        Require(WallTile is >= .05f and <= 10, nameof(WallTile), WallTile, "0.05 to 10");
        Require(FloorTile is >= .05f and <= 10, nameof(FloorTile), FloorTile, "0.05 to 10");
        Require(WallContrast is >= 0 and <= 1, nameof(WallContrast), WallContrast, "0 to 1");
        Require(FloorContrast is >= 0 and <= 1, nameof(FloorContrast), FloorContrast, "0 to 1");
        Require(float.IsFinite(LightAzimuthDegrees), nameof(LightAzimuthDegrees), LightAzimuthDegrees, "finite");
        Require(LightContrast is >= 0 and <= .5f, nameof(LightContrast), LightContrast, "0 to 0.5");
    }

    private static void Require(bool holds, string name, object value, string limits)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(name, $"{name} of a maze is {value}; it must be: {limits}.");
    }
}
