using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gqn.Native.Scenes;

/// <summary>A text is not a map of a maze.</summary>
public sealed class MazeFormatException : FormatException
{
    internal MazeFormatException(int line, int column, string problem)
        : base($"Line {line}, column {column} of the maze's map: {problem}")
    {
        Line = line;
        Column = column;
    }

    /// <summary>The line of the fault, from 1.</summary>
    public int Line { get; }

    /// <summary>The column of the fault, from 1.</summary>
    public int Column { get; }
}

/// <summary>Maps of mazes as text: a '+' at each corner of the cells, '--' and '|' for walls, two characters per
/// cell.</summary>
internal static class MazeText
{
    private const int Side = MazeLayout.Side, Lines = (2 * Side) + 1, Columns = (3 * Side) + 1;

    public static string Write(MazeLayout layout)
    {
        var text = new System.Text.StringBuilder();
        for (int line = 0; line < Lines; line++)
        {
            if (line > 0)
                text.Append('\n');
            (int row, int border) = (Side - 1 - (line / 2), Side - (line / 2));
            for (int x = 0; x <= Side; x++)
            {
                bool isCell = line % 2 == 1;
                text.Append(!isCell ? '+' : layout.HasVerticalWall(x, row) ? '|' : ' ');
                if (x == Side)
                    continue;
                char fill = isCell ? Letter(layout.AreaOf(x, row)) : layout.HasHorizontalWall(x, border) ? '-' : ' ';
                text.Append(fill, 2);
            }
        }

        return text.ToString();
    }

    public static MazeLayout Parse(string text)
    {
        string[] lines = Split(text);
        var walls = ReadWalls(lines);
        var rooms = ReadRooms(lines, walls);
        ThrowIfUnreachable(walls);
        return new MazeLayout(walls, rooms);
    }

    private static char Letter(int area) => area == MazeLayout.Corridor ? ' ' : (char)('A' + area - 1);

    private static string[] Split(string text)
    {
        string[] lines = text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        for (int i = 0; i < Math.Min(lines.Length, Lines); i++)
        {
            if (lines[i].Length != Columns)
            {
                throw new MazeFormatException(i + 1, Math.Min(lines[i].Length, Columns) + 1,
                    $"every line has {Columns} characters, this one has {lines[i].Length}.");
            }
        }

        if (lines.Length == Lines)
            return lines;
        throw new MazeFormatException(
            Math.Min(lines.Length, Lines) + 1, 1, $"a map has {Lines} lines, this one has {lines.Length}.");
    }

    private static MazeWalls ReadWalls(string[] lines)
    {
        (ulong vertical, ulong horizontal) = (0, 0);
        for (int line = 0; line < Lines; line++)
        {
            for (int column = 0; column < Columns; column++)
            {
                char c = lines[line][column];
                bool isCorner = line % 2 == 0 && column % 3 == 0;
                bool isBorder = !isCorner && (line % 2 == 0 || column % 3 == 0);
                bool isRing = line is 0 or Lines - 1 || column is 0 or Columns - 1;
                if (isCorner && c != '+')
                    throw FaultAt(line, column, $"a corner is '+', not '{c}'.");
                if (!isBorder)
                    continue;
                char wall = line % 2 == 0 ? '-' : '|';
                if (c != wall && (isRing || c != ' '))
                    throw FaultAt(line, column, $"here {(isRing ? "" : "' ' or ")}'{wall}' is expected, not '{c}'.");
                if (line % 2 == 0 && column % 3 == 2 && c != lines[line][column - 1])
                    throw FaultAt(line, column, "half a wall; a wall is '--'.");
                if (c != wall)
                    continue;
                (int row, int border) = (Side - 1 - (line / 2), Side - (line / 2));
                if (wall == '|')
                    vertical |= 1UL << MazeWalls.VerticalBit(column / 3, row);
                else
                    horizontal |= 1UL << MazeWalls.HorizontalBit(column / 3, border);
            }
        }

        return new MazeWalls(vertical, horizontal);
    }

    private static MazeRoom[] ReadRooms(string[] lines, MazeWalls walls)
    {
        var rooms = new List<MazeRoom>();
        for (int y = Side - 1; y >= 0; y--)
        {
            for (int x = 0; x < Side; x++)
            {
                char letter = CharacterOf(lines, x, y);
                if (letter == ' ' || rooms.Count > letter - 'A')
                    continue;
                if (letter != (char)('A' + rooms.Count))
                    throw FaultIn(x, y, $"the next new room is '{(char)('A' + rooms.Count)}', not '{letter}'.");
                (int right, int bottom) = (x, y);
                while (right + 1 < Side && CharacterOf(lines, right + 1, y) == letter)
                    right++;
                while (bottom > 0 && CharacterOf(lines, x, bottom - 1) == letter)
                    bottom--;
                rooms.Add(new MazeRoom(x, bottom, right - x + 1, y - bottom + 1));
            }
        }

        for (int y = Side - 1; y >= 0; y--)
        {
            for (int x = 0; x < Side; x++)
                CheckCell(lines, walls, rooms, x, y);
        }

        return [.. rooms];
    }

    /// <summary>Checks that a cell's letter names its room, and that the room has no walls inside.</summary>
    private static void CheckCell(string[] lines, MazeWalls walls, List<MazeRoom> rooms, int x, int y)
    {
        char letter = CharacterOf(lines, x, y);
        for (int k = 0; k < rooms.Count; k++)
        {
            char name = (char)('A' + k);
            if (rooms[k].Contains(x, y) != (letter == name))
                throw FaultIn(x, y, $"room {name} is not a rectangle.");
            if (letter != name)
                continue;
            if ((rooms[k].Contains(x + 1, y) && walls.IsClosed(x, y, MazeSide.East))
                || (rooms[k].Contains(x, y - 1) && walls.IsClosed(x, y, MazeSide.South)))
            {
                throw FaultIn(x, y, $"room {name} has a wall inside, to the east or south of this cell.");
            }
        }
    }

    private static void ThrowIfUnreachable(MazeWalls walls)
    {
        Span<bool> reached = stackalloc bool[Side * Side];
        Span<int> open = stackalloc int[Side * Side];
        int count = 1;
        reached[0] = true;
        while (count > 0)
        {
            int cell = open[--count];
            for (var side = MazeSide.East; side <= MazeSide.South; side++)
            {
                if (walls.IsClosed(cell % Side, cell / Side, side)
                    || !MazeWalls.TryNeighbour(cell % Side, cell / Side, side, out int x, out int y)
                    || reached[(y * Side) + x])
                {
                    continue;
                }

                reached[(y * Side) + x] = true;
                open[count++] = (y * Side) + x;
            }
        }

        int missing = reached.IndexOf(false);
        if (missing >= 0)
            throw FaultIn(missing % Side, missing / Side, "no way leads from the south-west corner to this cell.");
    }

    /// <summary>The letter of a cell, or a blank.</summary>
    private static char CharacterOf(string[] lines, int x, int y)
    {
        (int line, int column) = (((Side - 1 - y) * 2) + 1, (x * 3) + 1);
        (char c, char second) = (lines[line][column], lines[line][column + 1]);
        if (c is not (' ' or (>= 'A' and <= 'Z')))
            throw FaultAt(line, column, $"a cell is blank or has a room's letter, not '{c}'.");
        if (second != c)
            throw FaultAt(line, column + 1, $"the two characters of a cell are alike, not '{c}{second}'.");
        return c;
    }

    private static MazeFormatException FaultAt(int line, int column, string problem) =>
        new(line + 1, column + 1, problem);

    private static MazeFormatException FaultIn(int x, int y, string problem) =>
        FaultAt(((Side - 1 - y) * 2) + 1, (x * 3) + 1, problem);
}

/// <summary>A layout in JSON: its map as an array of lines.</summary>
internal sealed class MazeLayoutJsonConverter : JsonConverter<MazeLayout>
{
    public override MazeLayout Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        string[] lines = JsonSerializer.Deserialize<string[]>(ref reader, options) ?? [];
        try
        {
            return MazeLayout.Parse(string.Join('\n', lines));
        }
        catch (MazeFormatException exception)
        {
            throw new JsonException(exception.Message, exception);
        }
    }

    public override void Write(Utf8JsonWriter writer, MazeLayout value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value.ToString().Split('\n'), options);
}
