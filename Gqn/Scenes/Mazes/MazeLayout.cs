using System.Text.Json.Serialization;

namespace Gqn.Native.Scenes;

/// <summary>A rectangle of cells without walls between them.</summary>
/// <param name="X">The westernmost column of cells, from 0.</param>
/// <param name="Y">The southernmost row of cells, from 0.</param>
/// <param name="Width">The number of cells from west to east.</param>
/// <param name="Height">The number of cells from south to north.</param>
public readonly record struct MazeRoom(int X, int Y, int Width, int Height)
{
    /// <summary>Whether a cell belongs to the room.</summary>
    public bool Contains(int x, int y) => x >= X && x < X + Width && y >= Y && y < Y + Height;

    /// <summary>Whether the rooms share a cell, a border or a corner.</summary>
    internal bool Touches(in MazeRoom other) =>
        X <= other.X + other.Width && other.X <= X + Width && Y <= other.Y + other.Height && other.Y <= Y + Height;
}

/// <summary>A maze of 7×7 connected cells with walls on their borders, enclosed by a ring wall; some cells form rooms,
/// the others are corridors.</summary>
/// <remarks>
/// Cells, columns and rows count from the south-west corner: x grows to the east, y to the north, as on a map. In the
/// world, the maze is centred at the origin and a cell has a side of one unit, so the centre of cell (x, y) is
/// (x − 3, y − 3). Layouts are immutable; two are equal if their walls and rooms are.
/// </remarks>
[JsonConverter(typeof(MazeLayoutJsonConverter))]
public sealed class MazeLayout : IEquatable<MazeLayout>
{
    /// <summary>The number of cells along each side.</summary>
    public const int Side = 7;

    /// <summary>The area of cells that belong to no room.</summary>
    public const int Corridor = 0;

    private readonly MazeRoom[] _rooms;

    /// <summary>Creates a layout from walls and rooms that are known to be valid.</summary>
    internal MazeLayout(MazeWalls walls, ReadOnlySpan<MazeRoom> rooms)
    {
        Walls = walls;
        _rooms = rooms.ToArray();
        Array.Sort(_rooms, static (a, b) =>
            a.Y + a.Height != b.Y + b.Height ? (b.Y + b.Height).CompareTo(a.Y + a.Height) : a.X.CompareTo(b.X));
    }

    /// <summary>The rooms in reading order: from the north, then from the west.</summary>
    public IReadOnlyList<MazeRoom> Rooms => _rooms;

    internal MazeWalls Walls { get; }

    /// <summary>Whether there is a wall on a border that runs from south to north.</summary>
    /// <param name="line">The border's number, 0 (the western ring wall) to 7 (the eastern).</param>
    /// <param name="row">The row of the adjacent cells, 0 to 6.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such border.</exception>
    public bool HasVerticalWall(int line, int row)
    {
        ThrowIfOutside(line, Side, nameof(line));
        ThrowIfOutside(row, Side - 1, nameof(row));
        return (Walls.Vertical >> MazeWalls.VerticalBit(line, row) & 1) != 0;
    }

    /// <summary>Whether there is a wall on a border that runs from west to east.</summary>
    /// <param name="column">The column of the adjacent cells, 0 to 6.</param>
    /// <param name="line">The border's number, 0 (the southern ring wall) to 7 (the northern).</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such border.</exception>
    public bool HasHorizontalWall(int column, int line)
    {
        ThrowIfOutside(column, Side - 1, nameof(column));
        ThrowIfOutside(line, Side, nameof(line));
        return (Walls.Horizontal >> MazeWalls.HorizontalBit(column, line) & 1) != 0;
    }

    /// <summary>The area of a cell: <see cref="Corridor"/>, or k + 1 for room k.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such cell.</exception>
    public int AreaOf(int x, int y)
    {
        ThrowIfOutside(x, Side - 1, nameof(x));
        ThrowIfOutside(y, Side - 1, nameof(y));
        for (int k = 0; k < _rooms.Length; k++)
        {
            if (_rooms[k].Contains(x, y))
                return k + 1;
        }

        return Corridor;
    }

    /// <summary>The cell that contains a point of the world, or is nearest to it.</summary>
    /// <param name="x">World coordinate, −3.5 to 3.5 within the maze.</param>
    /// <param name="y">World coordinate, −3.5 to 3.5 within the maze.</param>
    public static (int X, int Y) CellAt(float x, float y)
    {
        return (Cell(x), Cell(y));

        static int Cell(float coordinate) => (int)Math.Clamp(MathF.Floor(coordinate + (Side / 2f)), 0, Side - 1);
    }

    /// <summary>The world coordinate of the centre of a column or row of cells.</summary>
    public static float CentreOf(int cell) => cell - ((Side - 1) / 2f);

    /// <summary>Parses a map as <see cref="ToString"/> writes it.</summary>
    /// <param name="text">15 lines of 22 characters.</param>
    /// <exception cref="MazeFormatException">The text is not a map of a maze; the message says where.</exception>
    public static MazeLayout Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return MazeText.Parse(text);
    }

    /// <summary>A map with north on top: walls as lines, and the cells of the rooms as letters.</summary>
    /// <example>
    /// Its first lines may be:
    /// <code>
    /// +--+--+--+--+--+--+--+
    /// |AA AA|        |     |
    /// +  +  +--+--+  +  +  +
    /// |AA AA          BB BB|
    /// +--+  +--+--+--+  +  +
    /// </code>
    /// </example>
    public override string ToString() => MazeText.Write(this);

    /// <inheritdoc/>
    public bool Equals(MazeLayout? other) => other is not null && Walls == other.Walls
        && _rooms.AsSpan().SequenceEqual(other._rooms);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MazeLayout);

    /// <inheritdoc/>
    public override int GetHashCode() => Identity.GetHashCode();

    /// <summary>A hash of walls and rooms that is stable across runs and versions of .NET.</summary>
    internal ulong Identity
    {
        get
        {
            ulong hash = SceneHash.Mix(Walls.Vertical, Walls.Horizontal);
            foreach (var room in _rooms)
                hash = SceneHash.Mix(hash, (ulong)((((((room.X * 8) + room.Y) * 8) + room.Width) * 8) + room.Height));
            return hash;
        }
    }

    private static void ThrowIfOutside(int value, int last, string name)
    {
        if (value < 0 || value > last)
            throw new ArgumentOutOfRangeException(name, $"{name} {value} is not one of the maze's 0 to {last}.");
    }
}

/// <summary>One of the four sides of a cell, anticlockwise.</summary>
internal enum MazeSide
{
    East,
    North,
    West,
    South,
}

/// <summary>The borders of cells that carry a wall: 8×7 that run north and 7×8 that run east, one bit each.</summary>
/// <param name="Vertical">Walls that run from south to north, bit <see cref="VerticalBit"/>.</param>
/// <param name="Horizontal">Walls that run from west to east, bit <see cref="HorizontalBit"/>.</param>
internal readonly record struct MazeWalls(ulong Vertical, ulong Horizontal)
{
    /// <summary>Walls everywhere.</summary>
    public static MazeWalls All => new(0x00FF_FFFF_FFFF_FFFF, 0x7F7F_7F7F_7F7F_7F7F);

    public static int VerticalBit(int line, int row) => line + (8 * row);

    public static int HorizontalBit(int column, int line) => column + (8 * line);

    /// <summary>The neighbour of a cell; false at the ring wall.</summary>
    public static bool TryNeighbour(int x, int y, MazeSide side, out int neighbourX, out int neighbourY)
    {
        neighbourX = x + (side == MazeSide.East ? 1 : side == MazeSide.West ? -1 : 0);
        neighbourY = y + (side == MazeSide.North ? 1 : side == MazeSide.South ? -1 : 0);
        return neighbourX is >= 0 and < MazeLayout.Side && neighbourY is >= 0 and < MazeLayout.Side;
    }

    /// <summary>Whether a cell has a wall on this side.</summary>
    public bool IsClosed(int x, int y, MazeSide side)
    {
        (ulong vertical, ulong horizontal) = Bit(x, y, side);
        return ((Vertical & vertical) | (Horizontal & horizontal)) != 0;
    }

    /// <summary>The walls without this one.</summary>
    public MazeWalls Opened(int x, int y, MazeSide side)
    {
        (ulong vertical, ulong horizontal) = Bit(x, y, side);
        return new MazeWalls(Vertical & ~vertical, Horizontal & ~horizontal);
    }

    /// <summary>The number of open sides of a cell.</summary>
    public int Openings(int x, int y)
    {
        int count = 0;
        for (var side = MazeSide.East; side <= MazeSide.South; side++)
            count += IsClosed(x, y, side) ? 0 : 1;
        return count;
    }

    private static (ulong Vertical, ulong Horizontal) Bit(int x, int y, MazeSide side) => side switch
    {
        MazeSide.East => (1UL << VerticalBit(x + 1, y), 0),
        MazeSide.West => (1UL << VerticalBit(x, y), 0),
        MazeSide.North => (0, 1UL << HorizontalBit(x, y + 1)),
        _ => (0, 1UL << HorizontalBit(x, y)),
    };
}
