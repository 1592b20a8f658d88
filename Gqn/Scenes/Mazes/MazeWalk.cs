using System.Numerics;

namespace Gqn.Native.Scenes;

/// <summary>A walk through all cells of a maze, as someone explores it.</summary>
/// <remarks>From each cell the walk goes on to the nearest cell that it has not entered yet; among equally near ones,
/// straight on is preferred to a turn right, that to a turn left, and that to going back.</remarks>
internal static class MazeWalk
{
    private const int Cells = MazeLayout.Side * MazeLayout.Side;

    /// <summary>The cells of the walk, each beside the one before it and without a wall between them; the last is
    /// beside the first.</summary>
    /// <param name="layout">The maze.</param>
    /// <param name="start">The first cell.</param>
    /// <param name="heading">The direction in which the walk would leave the first cell if it can.</param>
    public static IReadOnlyList<(int X, int Y)> Of(MazeLayout layout, (int X, int Y) start, MazeSide heading)
    {
        bool[] entered = new bool[Cells];
        var walk = new List<(int X, int Y)> { start };
        entered[Number(start)] = true;
        while (Extend(cell => !entered[Number(cell)]))
            entered[Number(walk[^1])] = true;
        // All cells are connected, so the way back exists.
        if (walk.Count > 1)
        {
            Extend(cell => cell == start);
            walk.RemoveAt(walk.Count - 1);
        }

        return walk;

        bool Extend(Func<(int X, int Y), bool> isWanted)
        {
            var way = ShortestWay(layout.Walls, walk[^1], heading, isWanted, out var last);
            walk.AddRange(way);
            heading = last;
            return way.Count > 0;
        }
    }

    /// <summary>The centre of a cell, in world units.</summary>
    public static Vector2 CentreOf((int X, int Y) cell) =>
        new(MazeLayout.CentreOf(cell.X), MazeLayout.CentreOf(cell.Y));

    /// <summary>The cells from one, exclusive, to the nearest wanted one; none if there is none.</summary>
    private static List<(int X, int Y)> ShortestWay(
        MazeWalls walls, (int X, int Y) from, MazeSide heading, Func<(int X, int Y), bool> isWanted, out MazeSide last)
    {
        var entered = new (int Before, MazeSide Heading)?[Cells];
        entered[Number(from)] = (-1, heading);
        var queue = new Queue<(int X, int Y)>([from]);
        while (queue.TryDequeue(out var cell))
        {
            var ahead = entered[Number(cell)]!.Value.Heading;
            if (cell != from && isWanted(cell))
            {
                last = ahead;
                return Way(entered, Number(cell));
            }

            // Straight on, right, left, back; the sides are numbered anticlockwise.
            foreach (int turn in (ReadOnlySpan<int>)[0, 3, 1, 2])
            {
                var side = (MazeSide)(((int)ahead + turn) % 4);
                if (!walls.IsClosed(cell.X, cell.Y, side)
                    && MazeWalls.TryNeighbour(cell.X, cell.Y, side, out int x, out int y)
                    && entered[Number((x, y))] is null)
                {
                    entered[Number((x, y))] = (Number(cell), side);
                    queue.Enqueue((x, y));
                }
            }
        }

        last = heading;
        return [];
    }

    private static List<(int X, int Y)> Way((int Before, MazeSide Heading)?[] entered, int cell)
    {
        var way = new List<(int X, int Y)>();
        for (; entered[cell]!.Value.Before >= 0; cell = entered[cell]!.Value.Before)
            way.Add((cell % MazeLayout.Side, cell / MazeLayout.Side));
        way.Reverse();
        return way;
    }

    private static int Number((int X, int Y) cell) => (cell.Y * MazeLayout.Side) + cell.X;
}
