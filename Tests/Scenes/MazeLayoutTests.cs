using System.Text.Json;
using Gqn.Native.Engine;
using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

public sealed class MazeLayoutTests
{
    private const int Side = MazeLayout.Side, Mazes = 1000;

    private const string Map = """
        +--+--+--+--+--+--+--+
        |  |AA AA AA   |     |
        +  +  +  +  +  +  +  +
        |  |AA AA AA   |  |  |
        +  +--+--+  +  +--+  +
        |           |        |
        +  +  +--+--+--+--+  +
        |  |              |  |
        +  +--+--+  +  +--+  +
        |           |   BB BB|
        +--+--+--+  +  +  +  +
        |           |  |BB BB|
        +  +--+--+--+--+  +--+
        |                    |
        +--+--+--+--+--+--+--+
        """;

    private static readonly MazeOptions Usual = new();

    [Fact]
    public void AllCellsAreConnectedWithinAClosedRing()
    {
        foreach (var layout in Drawn(Usual))
        {
            for (int k = 0; k < Side; k++)
            {
                Assert.True(layout.HasVerticalWall(0, k) && layout.HasVerticalWall(Side, k));
                Assert.True(layout.HasHorizontalWall(k, 0) && layout.HasHorizontalWall(k, Side));
            }

            Assert.Equal(Side * Side, Reached(layout).Count);
        }
    }

    [Fact]
    public void RoomsHaveTheirSizesDoNotTouchAndAreOpenInside()
    {
        int two = 0, wide = 0, high = 0, rooms = 0;
        var places = new HashSet<MazeRoom>();
        foreach (var layout in Drawn(Usual))
        {
            Assert.InRange(layout.Rooms.Count, 1, 2);
            two += layout.Rooms.Count - 1;
            foreach (var room in layout.Rooms)
            {
                Assert.InRange(room.Width, 2, 3);
                Assert.InRange(room.Height, 2, 3);
                Assert.True(room.X >= 0 && room.Y >= 0 && room.X + room.Width <= Side && room.Y + room.Height <= Side);
                (rooms, wide, high) = (rooms + 1, wide + room.Width - 2, high + room.Height - 2);
                places.Add(room);
            }

            foreach ((int x, int y) in Cells())
            {
                int area = layout.AreaOf(x, y);
                Assert.Equal(area, Enumerable.Range(1, layout.Rooms.Count)
                    .FirstOrDefault(k => layout.Rooms[k - 1].Contains(x, y)));
                foreach ((int toX, int toY) in Around(x, y))
                    Assert.True(area == 0 || layout.AreaOf(toX, toY) == 0 || layout.AreaOf(toX, toY) == area);
                foreach ((int toX, int toY, bool open) in Neighbours(layout, x, y))
                    Assert.True(open || area == 0 || layout.AreaOf(toX, toY) != area);
            }

            Assert.All(Enumerable.Range(1, layout.Rooms.Count), area => Assert.True(OpeningsOf(layout, area) >= 2));
        }
        // Four standard deviations of fair coins.
        Assert.InRange(two, 437, 563);
        Assert.InRange(wide / (double)rooms, .45, .55);
        Assert.InRange(high / (double)rooms, .45, .55);
        // Out of the 121 positions of a single room.
        Assert.InRange(places.Count, 115, 121);
    }

    /// <summary>Without extra openings there is one way between any two places: a tree over corridor cells and
    /// rooms.</summary>
    [Fact]
    public void WallsAreOpenedAlongASpanningTreeAndThenWithTheirProbability()
    {
        var tree = Usual with { OpeningProbability = 0, MinRoomOpenings = 1, DeadEndRemovalProbability = 0 };
        var open = tree with { OpeningProbability = .12f };
        int standing = 0, opened = 0;
        foreach ((var before, var after) in Drawn(tree).Zip(Drawn(open)))
        {
            Assert.Equal(before.Rooms, after.Rooms);
            int inside = before.Rooms.Sum(r => ((r.Width - 1) * r.Height) + (r.Width * (r.Height - 1)));
            int nodes = (Side * Side) - before.Rooms.Sum(r => (r.Width * r.Height) - 1);
            Assert.Equal(nodes - 1, OpeningsIn(before) - inside);
            standing += (2 * Side * (Side - 1)) - OpeningsIn(before);
            opened += OpeningsIn(after) - OpeningsIn(before);
            foreach ((int x, int y) in Cells())
            {
                Assert.All(Neighbours(before, x, y).Zip(Neighbours(after, x, y)),
                    pair => Assert.True(!pair.First.Open || pair.Second.Open));
            }
        }

        Assert.Equal(.12, opened / (double)standing, .01);
    }

    /// <summary>The last step draws from where the others left the stream, so that mazes with and without it are
    /// comparable.</summary>
    [Fact]
    public void DeadEndsOfOneCellAreOpenedWithTheirProbability()
    {
        int shortOnes = 0, opened = 0;
        foreach (((var before, var half), var all) in
            Drawn(Usual with { DeadEndRemovalProbability = 0 }).Zip(Drawn(Usual))
                .Zip(Drawn(Usual with { DeadEndRemovalProbability = 1 })))
        {
            foreach ((int x, int y) in Cells())
            {
                if (IsShortDeadEnd(before, x, y))
                {
                    shortOnes++;
                    if (Ways(half, x, y).Length > 1)
                        opened++;
                    Assert.True(Ways(all, x, y).Length > 1);
                }

                Assert.True(Ways(before, x, y).Length <= Ways(half, x, y).Length);
            }
        }

        Assert.InRange(shortOnes, 500, 20 * Mazes);
        // A few are opened from the other side, by a neighbouring dead end.
        Assert.InRange(opened / (double)shortOnes, .46, .6);
    }

    [Fact]
    public void MapsSurviveTextAndJson()
    {
        foreach (var layout in Drawn(Usual))
        {
            string map = layout.ToString();
            var read = MazeLayout.Parse(map);
            Assert.Equal(layout, read);
            Assert.Equal(map, read.ToString());
            Assert.Equal(layout.GetHashCode(), read.GetHashCode());
            Assert.Equal(layout, JsonSerializer.Deserialize<MazeLayout>(JsonSerializer.Serialize(layout)));
        }

        var drawn = MazeLayout.Parse(Map.Replace("\n", "\r\n", StringComparison.Ordinal) + "\r\n");
        Assert.Equal(Map, drawn.ToString());
        Assert.Equal([new MazeRoom(1, 5, 3, 2), new MazeRoom(5, 1, 2, 2)], drawn.Rooms);
        Assert.True(drawn.HasVerticalWall(1, 6));
        Assert.False(drawn.HasVerticalWall(4, 6));
        Assert.True(drawn.HasHorizontalWall(6, 1));
        Assert.False(drawn.HasHorizontalWall(5, 1));
        Assert.NotEqual(drawn, MazeLayout.Parse(Map.Replace("AA   |", "AA    ", StringComparison.Ordinal)));
        Assert.Throws<ArgumentOutOfRangeException>(() => drawn.HasVerticalWall(8, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => drawn.HasHorizontalWall(7, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => drawn.AreaOf(0, -1));
    }

    [Theory]
    [InlineData(1, 2, ' ', "here '-' is expected")]
    [InlineData(1, 1, '-', "a corner is '+'")]
    [InlineData(3, 4, '*', "a corner is '+'")]
    [InlineData(4, 4, '!', "here ' ' or '|' is expected")]
    [InlineData(5, 6, ' ', "half a wall")]
    [InlineData(6, 22, ' ', "here '|' is expected")]
    [InlineData(2, 5, 'a', "blank or has a room's letter")]
    [InlineData(2, 6, 'B', "are alike")]
    public void FaultsInCharactersAreNamedWithTheirPlace(int line, int column, char now, string problem)
    {
        string[] lines = Map.Split('\n');
        lines[line - 1] = lines[line - 1].Remove(column - 1, 1).Insert(column - 1, $"{now}");
        AssertFault(lines, line, column, problem);
    }

    [Fact]
    public void FaultsInRoomsAndSizesAreNamedWithTheirPlace()
    {
        AssertFault(Edited(2, "|  |AA AA       |     |"), 2, 23, "22 characters");
        AssertFault(Map.Split('\n')[..14], 15, 1, "15 lines");
        AssertFault([.. Map.Split('\n'), "x"], 16, 1, "15 lines");
        AssertFault([""], 1, 1, "22 characters");
        AssertFault(Edited(2, "|  |AA AA      |     |"), 4, 11, "room A is not a rectangle");
        AssertFault(Edited(2, "|  |AA|AA AA   |     |"), 2, 5, "room A has a wall inside");
        AssertFault(Edited(14, "|CC                AA|"), 14, 20, "room A is not a rectangle");
        AssertFault(Edited(14, "|DD                  |"), 14, 2, "the next new room is 'C'");
        AssertFault(Edited(5, "+--+--+--+  +  +--+  +"), 4, 2, "no way");
        Assert.Throws<ArgumentNullException>(() => MazeLayout.Parse(null!));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<MazeLayout>("[\"+\"]"));

        static string[] Edited(int line, string text)
        {
            string[] lines = Map.Split('\n');
            lines[line - 1] = text;
            return lines;
        }
    }

    /// <summary>A changed map is either refused, naming the place, or it is the map of another maze.</summary>
    [Fact]
    public void DamagedMapsAreRefusedOrMeanWhatTheySay()
    {
        var random = new RandomStream(1, 1);
        int refused = 0;
        for (int i = 0; i < 4000; i++)
        {
            char[] text = Map.ToCharArray();
            for (int change = random.NextInt32(3); change >= 0; change--)
                text[random.NextInt32(text.Length)] = "+-| AB\nZ"[random.NextInt32(8)];
            try
            {
                var layout = MazeLayout.Parse(new string(text));
                Assert.Equal(new string(text).TrimEnd('\n'), layout.ToString());
                Assert.Equal(Side * Side, Reached(layout).Count);
            }
            catch (MazeFormatException error)
            {
                refused++;
                Assert.InRange(error.Line, 1, 16);
                Assert.InRange(error.Column, 1, 23);
            }
        }

        Assert.InRange(refused, 2000, 3999);
    }

    private static void AssertFault(string[] lines, int line, int column, string problem)
    {
        var error = Assert.Throws<MazeFormatException>(() => MazeLayout.Parse(string.Join('\n', lines)));
        Assert.Equal((line, column), (error.Line, error.Column));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        Assert.Contains($"Line {line}, column {column}", error.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<MazeLayout> Drawn(MazeOptions options) =>
        Enumerable.Range(0, Mazes).Select(i => MazeGenerator.Draw(options, new RandomStream((ulong)i, 1)));

    private static IEnumerable<(int X, int Y)> Cells() =>
        Enumerable.Range(0, Side * Side).Select(cell => (cell % Side, cell / Side));

    private static IEnumerable<(int X, int Y)> Around(int x, int y) =>
        Cells().Where(cell => Math.Abs(cell.X - x) <= 1 && Math.Abs(cell.Y - y) <= 1);

    private static IEnumerable<(int X, int Y, bool Open)> Neighbours(MazeLayout layout, int x, int y)
    {
        if (x + 1 < Side)
            yield return (x + 1, y, !layout.HasVerticalWall(x + 1, y));
        if (x > 0)
            yield return (x - 1, y, !layout.HasVerticalWall(x, y));
        if (y + 1 < Side)
            yield return (x, y + 1, !layout.HasHorizontalWall(x, y + 1));
        if (y > 0)
            yield return (x, y - 1, !layout.HasHorizontalWall(x, y));
    }

    private static (int X, int Y, bool Open)[] Ways(MazeLayout layout, int x, int y) =>
        [.. Neighbours(layout, x, y).Where(neighbour => neighbour.Open)];

    private static HashSet<(int X, int Y)> Reached(MazeLayout layout)
    {
        HashSet<(int X, int Y)> reached = [(3, 3)];
        var queue = new Queue<(int X, int Y)>(reached);
        while (queue.TryDequeue(out var cell))
        {
            foreach ((int x, int y, _) in Ways(layout, cell.X, cell.Y))
            {
                if (reached.Add((x, y)))
                    queue.Enqueue((x, y));
            }
        }

        return reached;
    }

    private static int OpeningsIn(MazeLayout layout) => Cells().Sum(cell => Ways(layout, cell.X, cell.Y).Length) / 2;

    private static int OpeningsOf(MazeLayout layout, int area) => Cells()
        .Where(cell => layout.AreaOf(cell.X, cell.Y) == area)
        .Sum(cell => Ways(layout, cell.X, cell.Y).Count(to => layout.AreaOf(to.X, to.Y) != area));

    private static bool IsShortDeadEnd(MazeLayout layout, int x, int y)
    {
        if (layout.AreaOf(x, y) != MazeLayout.Corridor || Ways(layout, x, y) is not [var way])
            return false;
        return layout.AreaOf(way.X, way.Y) != MazeLayout.Corridor || Ways(layout, way.X, way.Y).Length > 2;
    }
}
