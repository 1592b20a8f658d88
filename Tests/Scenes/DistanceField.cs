using Gqn.Native.Scenes.Rendering;

namespace Gqn.Native.Tests.Scenes;

/// <summary>Primitives as distance fields: not where a ray meets them, but how far a point is from them. A ray that
/// repeatedly advances by that distance reaches the surface without any intersection formula.</summary>
internal static class DistanceField
{
    private const double Touching = 1e-9;

    private static readonly Point3[] IcosahedronNormals = MakeIcosahedronNormals();

    /// <summary>At most the distance to the primitive; negative inside it, 0 exactly on its surface.</summary>
    public static double Of(in Primitive primitive, Point3 world)
    {
        var from = world - primitive.Frame.Origin;
        var p = new Point3(
            Point3.Dot(from, primitive.Frame.AxisX), Point3.Dot(from, primitive.Frame.AxisY),
            Point3.Dot(from, primitive.Frame.AxisZ));
        (Point3 low, Point3 high) = (primitive.Low, primitive.High);
        double round = Math.Sqrt((p.X * p.X) + (p.Y * p.Y));
        switch (primitive.Kind)
        {
            case PrimitiveKind.Box:
                return Max(low.X - p.X, p.X - high.X, low.Y - p.Y, p.Y - high.Y, low.Z - p.Z, p.Z - high.Z);
            case PrimitiveKind.Sphere:
                return p.Length - high.X;
            case PrimitiveKind.Capsule:
                double end = high.Z - high.X;
                return (p - new Point3(0, 0, Math.Clamp(p.Z, -end, end))).Length - high.X;
            case PrimitiveKind.Cylinder:
                return Max(round - high.X, Math.Abs(p.Z) - high.Z);
            case PrimitiveKind.Cone:
                double slope = high.X / (high.Z - low.Z);
                return Max((round - (slope * (high.Z - p.Z))) / Math.Sqrt(1 + (slope * slope)), low.Z - p.Z);
            case PrimitiveKind.Icosahedron:
                double inradius = high.X * Math.Sqrt((5 + (2 * Math.Sqrt(5))) / 15);
                return IcosahedronNormals.Max(n => Point3.Dot(n, p)) - inradius;
            default:
                double side = 2 * high.X, bar = high.Y - low.Y;
                // Distances from the triangle's middle to its sides, minus their distance from it.
                double middle = low.Z + (side / Math.Sqrt(12)), sin = Math.Sqrt(.75);
                double z = p.Z - middle;
                double outer = Max(-z, (sin * p.X) + (z / 2), (-sin * p.X) + (z / 2)) - (side / Math.Sqrt(12));
                return Max(outer, -(outer + bar), Math.Abs(p.Y) - (bar / 2));
        }
    }

    /// <summary>The distance to the surface along a ray, in multiples of the direction; +∞ if the ray misses.</summary>
    /// <param name="primitive">The primitive.</param>
    /// <param name="origin">Start of the ray, outside the primitive.</param>
    /// <param name="direction">Direction of the ray.</param>
    /// <param name="closest">How close a ray that misses came to the surface.</param>
    public static double Reach(in Primitive primitive, Point3 origin, Point3 direction, out double closest)
    {
        double along = 0, length = direction.Length;
        closest = double.PositiveInfinity;
        for (int step = 0; step < 20_000 && along * length < 40; step++)
        {
            double distance = Of(primitive, origin + (direction * along));
            if (distance < closest)
                closest = distance;
            if (distance < Touching)
                return along;
            along += Math.Max(distance, Touching) / length;
        }

        return double.PositiveInfinity;
    }

    private static double Max(params ReadOnlySpan<double> values)
    {
        double greatest = double.NegativeInfinity;
        foreach (double value in values)
            greatest = Math.Max(greatest, value);
        return greatest;
    }

    /// <summary>From the twelve corners (±1, 0, ±φ) and their cyclic permutations: a face is three corners with edges
    /// of length 2 between them. Rotated so that (1, 1, 1) is z and (1, −1, 0) is x.</summary>
    private static Point3[] MakeIcosahedronNormals()
    {
        double phi = (1 + Math.Sqrt(5)) / 2;
        List<Point3> corners = [];
        foreach (double one in new[] { 1.0, -1 })
        {
            foreach (double other in new[] { phi, -phi })
                corners.AddRange([new(one, 0, other), new(other, one, 0), new(0, other, one)]);
        }

        List<Point3> normals = [];
        for (int a = 0; a < 12; a++)
        {
            for (int b = a + 1; b < 12; b++)
            {
                for (int c = b + 1; c < 12; c++)
                {
                    if (IsEdge(a, b) && IsEdge(b, c) && IsEdge(a, c))
                        normals.Add((corners[a] + corners[b] + corners[c]).Unit);
                }
            }
        }

        Point3 z = new Point3(1, 1, 1).Unit, x = new Point3(1, -1, 0).Unit, y = new Point3(1, 1, -2).Unit;
        return [.. normals.Select(n => new Point3(Point3.Dot(n, x), Point3.Dot(n, y), Point3.Dot(n, z)))];

        bool IsEdge(int i, int j) => Math.Abs((corners[i] - corners[j]).Length - 2) < 1e-9;
    }
}
