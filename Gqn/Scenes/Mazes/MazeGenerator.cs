using Gqn.Native.Engine;

namespace Gqn.Native.Scenes;

/// <summary>Draws random layouts of mazes.</summary>
/// <remarks>
/// Rooms are placed first. A randomised depth-first search then opens walls until all cells are connected, with each
/// room as one node of the graph, so that paths may branch there. Then some of the remaining walls are opened, rooms
/// with too few openings get more, and some dead ends of a single cell are opened at a second side.
/// </remarks>
internal ref struct MazeGenerator
{
    private const int Side = MazeLayout.Side, Cells = Side * Side;

    private readonly MazeOptions _options;
    private readonly RandomStream _random;

    // Node n is _nodes[n]: a room, or a single cell of a corridor. _nodeOf is the node of each cell.
    private readonly Span<MazeRoom> _nodes;
    private readonly Span<int> _nodeOf;
    private MazeWalls _walls;

    private MazeGenerator(MazeOptions options, RandomStream random, Span<MazeRoom> nodes, Span<int> nodeOf)
    {
        _options = options;
        _random = random;
        _nodes = nodes;
        _nodeOf = nodeOf;
        _walls = MazeWalls.All;
    }

    /// <summary>A border between two nodes, seen from the first one's cell.</summary>
    private readonly record struct Border(int X, int Y, MazeSide Side);

    /// <summary>Draws one random layout.</summary>
    public static MazeLayout Draw(MazeOptions options, RandomStream random)
    {
        Span<MazeRoom> nodes = stackalloc MazeRoom[Cells];
        Span<int> nodeOf = stackalloc int[Cells];
        var generator = new MazeGenerator(options, random, nodes, nodeOf);
        var rooms = nodes[..(options.MinRooms
            + random.NextInt32(options.MaxRooms - options.MinRooms + 1))];
        generator.PlaceRooms(rooms);
        generator.NumberNodes(rooms.Length);
        generator.Connect();
        generator.OpenSomeWalls();
        for (int room = 0; room < rooms.Length; room++)
            generator.OpenRoom(room);
        generator.OpenDeadEnds(rooms.Length);
        return new MazeLayout(generator._walls, rooms);
    }

    /// <summary>Places the rooms: sizes are uniform, as are positions where rooms do not touch.</summary>
    private readonly void PlaceRooms(Span<MazeRoom> rooms)
    {
        int sizes = _options.MaxRoomSize - _options.MinRoomSize + 1;
        foreach (ref var room in rooms)
        {
            int width = _options.MinRoomSize + _random.NextInt32(sizes);
            room = new MazeRoom(0, 0, width, _options.MinRoomSize + _random.NextInt32(sizes));
        }

        do
        {
            foreach (ref var room in rooms)
            {
                int x = _random.NextInt32(Side - room.Width + 1);
                room = room with { X = x, Y = _random.NextInt32(Side - room.Height + 1) };
            }
        }
        while (rooms.Length == 2 && rooms[0].Touches(rooms[1]));
    }

    /// <summary>Numbers rooms and single cells, and opens the walls inside rooms.</summary>
    private void NumberNodes(int rooms)
    {
        _nodeOf.Fill(-1);
        for (int room = 0; room < rooms; room++)
        {
            var area = _nodes[room];
            for (int i = 0; i < area.Width * area.Height; i++)
            {
                (int x, int y) = (area.X + (i % area.Width), area.Y + (i / area.Width));
                _nodeOf[(y * Side) + x] = room;
                if (area.Contains(x + 1, y))
                    _walls = _walls.Opened(x, y, MazeSide.East);
                if (area.Contains(x, y + 1))
                    _walls = _walls.Opened(x, y, MazeSide.North);
            }
        }

        int count = rooms;
        for (int cell = 0; cell < Cells; cell++)
        {
            if (_nodeOf[cell] >= 0)
                continue;
            _nodes[count] = new MazeRoom(cell % Side, cell / Side, 1, 1);
            _nodeOf[cell] = count++;
        }
    }

    /// <summary>Opens the walls of a spanning tree: from the last node with unvisited neighbours, through one of the
    /// walls towards them.</summary>
    private void Connect()
    {
        Span<int> path = stackalloc int[Cells];
        Span<bool> visited = stackalloc bool[Cells];
        Span<Border> borders = stackalloc Border[4 * Cells];
        int length = 1;
        path[0] = _nodeOf[_random.NextInt32(Cells)];
        visited[path[0]] = true;
        while (length > 0)
        {
            int count = 0;
            foreach (var border in borders[..ClosedBorders(path[length - 1], borders)])
            {
                // Compacts in place: the write position never overtakes the read position.
                if (!visited[Beyond(border)])
                    borders[count++] = border;
            }

            if (count == 0)
            {
                length--;
                continue;
            }

            var chosen = borders[_random.NextInt32(count)];
            _walls = _walls.Opened(chosen.X, chosen.Y, chosen.Side);
            path[length] = Beyond(chosen);
            visited[path[length++]] = true;
        }
    }

    private void OpenSomeWalls()
    {
        for (int cell = 0; cell < Cells; cell++)
        {
            (int x, int y) = (cell % Side, cell / Side);
            for (var side = MazeSide.East; side <= MazeSide.North; side++)
            {
                if (!MazeWalls.TryNeighbour(x, y, side, out _, out _) || !_walls.IsClosed(x, y, side))
                    continue;
                if (_random.NextSingle() <= _options.OpeningProbability)
                    _walls = _walls.Opened(x, y, side);
            }
        }
    }

    /// <summary>Gives a room at least the required number of openings, or all that it can have.</summary>
    private void OpenRoom(int room)
    {
        Span<Border> borders = stackalloc Border[4 * Cells];
        int closed = ClosedBorders(room, borders);
        int open = 0;
        var area = _nodes[room];
        for (int i = 0; i < area.Width * area.Height; i++)
        {
            (int x, int y) = (area.X + (i % area.Width), area.Y + (i / area.Width));
            for (var side = MazeSide.East; side <= MazeSide.South; side++)
            {
                bool isOwn = !MazeWalls.TryNeighbour(x, y, side, out int toX, out int toY) || area.Contains(toX, toY);
                if (!isOwn && !_walls.IsClosed(x, y, side))
                    open++;
            }
        }

        for (; open < _options.MinRoomOpenings && closed > 0; open++)
        {
            int chosen = _random.NextInt32(closed);
            _walls = _walls.Opened(borders[chosen].X, borders[chosen].Y, borders[chosen].Side);
            borders[chosen] = borders[--closed];
        }
    }

    /// <summary>Opens dead ends whose only neighbour is a junction or in a room. These cells are collected first, as an
    /// opening may shorten another dead end.</summary>
    private void OpenDeadEnds(int rooms)
    {
        Span<int> deadEnds = stackalloc int[Cells];
        int count = 0;
        for (int cell = 0; cell < Cells; cell++)
        {
            if (IsShortDeadEnd(cell, rooms))
                deadEnds[count++] = cell;
        }

        Span<Border> borders = stackalloc Border[4];
        foreach (int cell in deadEnds[..count])
        {
            if (_random.NextSingle() > _options.DeadEndRemovalProbability)
                continue;
            (int x, int y) = (cell % Side, cell / Side);
            if (_walls.Openings(x, y) > 1)
                continue;
            var chosen = borders[_random.NextInt32(ClosedBorders(_nodeOf[cell], borders))];
            _walls = _walls.Opened(x, y, chosen.Side);
        }
    }

    private readonly bool IsShortDeadEnd(int cell, int rooms)
    {
        (int x, int y) = (cell % Side, cell / Side);
        if (_nodeOf[cell] < rooms || _walls.Openings(x, y) != 1)
            return false;
        var open = MazeSide.East;
        while (_walls.IsClosed(x, y, open))
            open++;
        MazeWalls.TryNeighbour(x, y, open, out int toX, out int toY);
        return _nodeOf[(toY * Side) + toX] < rooms || _walls.Openings(toX, toY) > 2;
    }

    /// <summary>Lists the walls between a node and others, without the ring wall.</summary>
    private readonly int ClosedBorders(int node, Span<Border> borders)
    {
        int count = 0;
        var area = _nodes[node];
        for (int i = 0; i < area.Width * area.Height; i++)
        {
            (int x, int y) = (area.X + (i % area.Width), area.Y + (i / area.Width));
            for (var side = MazeSide.East; side <= MazeSide.South; side++)
            {
                if (MazeWalls.TryNeighbour(x, y, side, out _, out _) && _walls.IsClosed(x, y, side))
                    borders[count++] = new Border(x, y, side);
            }
        }

        return count;
    }

    private readonly int Beyond(in Border border)
    {
        MazeWalls.TryNeighbour(border.X, border.Y, border.Side, out int x, out int y);
        return _nodeOf[(y * Side) + x];
    }
}
