using System.Numerics;

namespace Gqn.Native.Scenes;

/// <summary>A walk around the middle of a room that keeps clear of the objects in it.</summary>
/// <remarks>
/// The walk follows a circle where that is free, and elsewhere the shortest way past what stands on it. If objects
/// leave no way around the middle, it turns and comes back; if they divide the room, it stays in the largest part.
/// </remarks>
internal sealed class RoomWalk
{
    /// <summary>The radius of the circle, as a fraction of the cameras' range: outside most objects.</summary>
    private const float Radius = .9f;

    /// <summary>The grid has this many points along a side, 0.05 units apart in a usual room.</summary>
    private const int Side = 121;

    /// <summary>The number of points on the circle near which the walk passes.</summary>
    private const int Stations = 32;

    private static readonly (int X, int Y)[] Neighbours =
        [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, 1), (-1, -1), (1, -1)];

    private readonly float _range, _spacing;
    private readonly bool[] _free = new bool[Side * Side];

    /// <summary>Finds the free points of a room.</summary>
    /// <param name="range">The points lie between − this and this along x and y, in world units.</param>
    /// <param name="isClear">Whether there is no object within a distance of a point.</param>
    /// <param name="clearance">The distance from objects that the walk keeps, in world units.</param>
    public RoomWalk(float range, Func<Vector2, float, bool> isClear, float clearance)
    {
        (_range, _spacing) = (range, 2 * range / (Side - 1));
        // Every point of a line between neighbours is nearer than this to one of them.
        float half = _spacing * MathF.Sqrt(.5f);
        for (int point = 0; point < _free.Length; point++)
            _free[point] = isClear(At(point), clearance + half);
        KeepLargestPart();
    }

    /// <summary>The points of the walk, which ends beside its start; none if no point of the room is free.</summary>
    public List<Vector2> Points()
    {
        var walk = new List<Vector2>();
        int[] stations = [.. Enumerable.Range(0, Stations).Select(NearestFree).Where(point => point >= 0)];
        for (int i = 0; i < stations.Length; i++)
            walk.AddRange(ShortestWay(stations[i], stations[(i + 1) % stations.Length]).Select(At));
        return walk;
    }

    private Vector2 At(int point)
    {
        return new Vector2(Coordinate(point % Side), Coordinate(point / Side));

        // Rounding must not push the last point beyond the range.
        float Coordinate(int place) => Math.Min((place * _spacing) - _range, _range);
    }

    private int NearestFree(int station)
    {
        (double sin, double cos) = Math.SinCos(Math.Tau * station / Stations);
        var wanted = new Vector2((float)cos, (float)sin) * (Radius * _range);
        int nearest = -1;
        float distance = float.MaxValue;
        for (int point = 0; point < _free.Length; point++)
        {
            float away = Vector2.DistanceSquared(At(point), wanted);
            if (_free[point] && away < distance)
                (nearest, distance) = (point, away);
        }

        return nearest;
    }

    private void KeepLargestPart()
    {
        int[] parts = new int[_free.Length];
        int largest = 0, most = 0, count = 0;
        for (int point = 0; point < _free.Length; point++)
        {
            if (!_free[point] || parts[point] != 0)
                continue;
            int size = Fill(point, ++count, parts);
            if (size > most)
                (largest, most) = (count, size);
        }

        for (int point = 0; point < _free.Length; point++)
            _free[point] &= parts[point] == largest;
    }

    /// <summary>Numbers a connected part and returns its size.</summary>
    private int Fill(int start, int number, int[] parts)
    {
        int size = 0;
        var open = new Queue<int>([start]);
        parts[start] = number;
        while (open.TryDequeue(out int point))
        {
            size++;
            foreach (var step in Neighbours)
            {
                if (TryStep(point, step, out int next) && parts[next] == 0)
                {
                    parts[next] = number;
                    open.Enqueue(next);
                }
            }
        }

        return size;
    }

    /// <summary>The points from one to another; the other is left out. Where the circle is free, it is the shortest
    /// way, because steps count more the farther they are from it.</summary>
    private List<int> ShortestWay(int from, int to)
    {
        int[] before = new int[_free.Length];
        float[] cost = new float[_free.Length];
        Array.Fill(before, -1);
        Array.Fill(cost, float.MaxValue);
        cost[from] = 0;
        var open = new PriorityQueue<int, (float Cost, int Point)>();
        open.Enqueue(from, (0, from));
        while (open.TryDequeue(out int point, out var priority) && point != to)
        {
            if (priority.Cost > cost[point])
                continue;
            foreach (var step in Neighbours)
            {
                if (!TryStep(point, step, out int next))
                    continue;
                float off = MathF.Abs((At(next).Length() / _range) - Radius);
                float reached = cost[point] + (MathF.Sqrt((step.X * step.X) + (step.Y * step.Y)) * (1 + off));
                if (reached < cost[next])
                {
                    (cost[next], before[next]) = (reached, point);
                    open.Enqueue(next, (reached, next));
                }
            }
        }

        var way = new List<int>();
        for (int point = before[to]; point >= 0; point = before[point])
            way.Add(point);
        way.Reverse();
        return way;
    }

    private bool TryStep(int point, (int X, int Y) step, out int next)
    {
        (int x, int y) = ((point % Side) + step.X, (point / Side) + step.Y);
        next = (y * Side) + x;
        return x is >= 0 and < Side && y is >= 0 and < Side && _free[next];
    }
}
