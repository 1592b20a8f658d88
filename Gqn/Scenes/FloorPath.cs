using System.Numerics;

namespace Gqn.Native.Scenes;

/// <summary>A closed path over the floor, along which a camera moves evenly and turns gradually.</summary>
internal sealed class FloorPath
{
    /// <summary>Directions are averaged over this many intervals before and after a position.</summary>
    private const int Intervals = 16;

    private readonly Vector2[] _corners;
    private readonly double[] _starts;

    /// <summary>Creates the path through these points and back to the first.</summary>
    /// <param name="corners">At least one point; a point that equals the one before it is ignored.</param>
    public FloorPath(IReadOnlyList<Vector2> corners)
    {
        ArgumentOutOfRangeException.ThrowIfZero(corners.Count);
        var distinct = new List<Vector2>();
        foreach (var corner in corners)
        {
            if (distinct.Count == 0 || corner != distinct[^1])
                distinct.Add(corner);
        }

        if (distinct.Count > 1 && distinct[^1] == distinct[0])
            distinct.RemoveAt(distinct.Count - 1);
        _corners = [.. distinct];
        _starts = new double[_corners.Length + 1];
        for (int i = 0; i < _corners.Length; i++)
            _starts[i + 1] = _starts[i] + (_corners.Length > 1 ? Vector2.Distance(_corners[i], Corner(i + 1)) : 0);
    }

    /// <summary>The length of the path, in world units; 0 if it is a single point.</summary>
    public double Length => _starts[^1];

    /// <summary>Walks along the path: around it once with equal steps or, if these would be too long, along the start
    /// of it with the longest ones.</summary>
    /// <param name="count">The number of positions.</param>
    /// <param name="longestStep">The maximum distance between positions along the path, in world units.</param>
    /// <param name="turning">The length of path over which the direction is averaged, in world units.</param>
    /// <param name="look">The direction, in radians, in which a camera looks, from its position and the direction of
    /// the path.</param>
    /// <returns>Positions, and averaged directions from −π to π.</returns>
    public (Vector2 At, float Yaw)[] Walk(
        int count, double longestStep, double turning, Func<Vector2, Vector2, double> look)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var walk = new (Vector2, float)[count];
        double step = Math.Min(longestStep, Length / count);
        // A walk that is no whole round does not come from the end of the path: it begins by looking ahead.
        double earliest = step < Length / count ? 0 : double.NegativeInfinity;
        var directions = new Directions(this, turning / (2 * Intervals), look);
        for (int i = 0; i < count; i++)
        {
            double yaw = 0;
            for (int k = -Intervals; k <= Intervals; k++)
                yaw += directions.At(Math.Max((i * step) + (k * turning / (2 * Intervals)), earliest));
            yaw /= (2 * Intervals) + 1;
            walk[i] = (At(i * step, out _), (float)Math.IEEERemainder(yaw, Math.Tau));
        }

        return walk;
    }

    private Vector2 Corner(int i) => _corners[i % _corners.Length];

    /// <summary>The point at a distance from the start, and the direction of the path there.</summary>
    private Vector2 At(double distance, out Vector2 ahead)
    {
        ahead = Vector2.Zero;
        if (Length == 0)
            return _corners[0];
        distance -= Length * Math.Floor(distance / Length);
        int place = Array.BinarySearch(_starts, distance);
        int i = Math.Min(place >= 0 ? place : ~place - 1, _corners.Length - 1);
        var side = Corner(i + 1) - _corners[i];
        ahead = Vector2.Normalize(side);
        return _corners[i] + (side * (float)((distance - _starts[i]) / (_starts[i + 1] - _starts[i])));
    }

    /// <summary>The directions in which a camera looks along a path, without jumps from π to −π.</summary>
    private sealed class Directions
    {
        private readonly double _length;
        private readonly double[] _angles;

        public Directions(FloorPath path, double spacing, Func<Vector2, Vector2, double> look)
        {
            _length = path.Length;
            _angles = new double[Math.Max(1, (int)Math.Ceiling(_length / spacing)) + 1];
            for (int i = 0; i < _angles.Length; i++)
            {
                double angle = look(path.At(_length * i / (_angles.Length - 1), out var ahead), ahead);
                _angles[i] = i == 0 ? angle : _angles[i - 1] + Math.IEEERemainder(angle - _angles[i - 1], Math.Tau);
            }
        }

        /// <summary>The direction at a distance from the start, which may be before the start or beyond the
        /// end.</summary>
        public double At(double distance)
        {
            if (_length == 0)
                return _angles[0];
            double rounds = Math.Floor(distance / _length);
            double place = ((distance / _length) - rounds) * (_angles.Length - 1);
            int i = Math.Min((int)place, _angles.Length - 2);
            double turned = rounds * (_angles[^1] - _angles[0]);
            return turned + _angles[i] + ((place - i) * (_angles[i + 1] - _angles[i]));
        }
    }
}
