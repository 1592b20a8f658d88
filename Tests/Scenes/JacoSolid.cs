using Gqn.Native.Scenes;

namespace Gqn.Native.Tests.Scenes;

/// <summary>The arm and its target as distance functions, in world units, in double precision.</summary>
internal sealed class JacoSolid
{
    private const double Scale = 2.2;

    private static readonly double[] LinkRadii = [.05, .045, .04, .035, .035, .03];
    private static readonly double[] RingRadii = [.055, .056, .051, .046, .041, .041];

    private readonly List<(int Part, Func<Point3, double> Distance)> _shapes = [];

    public JacoSolid(JacoFactors factors)
    {
        var arm = PublishedArm.At([.. factors.Joints]);
        var target = new Point3(factors.Target.X, factors.Target.Y, factors.Target.Z) * Scale;
        _shapes.Add((1, p => (p - target).Length - (.08 * Scale)));
        Point3[] joints = [.. arm.Frames.Take(6).Select(f => At(f, 0, 0, 0))];
        var palm = At(arm.Frames[5], 0, 0, -.1);
        for (int i = 0; i < 6; i++)
        {
            Point3 from = i == 0 ? new Point3(0, 0, 0) : joints[i], to = i == 5 ? palm : joints[i + 1];
            AddCapsule(2 + i, from, to, LinkRadii[i]);
            var axis = At(arm.Frames[i], 0, 0, 1 / Scale) - joints[i];
            var middle = joints[i];
            double radius = RingRadii[i] * Scale;
            _shapes.Add((2 + i, p =>
            {
                double along = Point3.Dot(p - middle, axis);
                double across = ((p - middle) - (axis * along)).Length - radius;
                double beyond = Math.Abs(along) - (.02 * Scale);
                return Math.Min(Math.Max(across, beyond), 0)
                    + Math.Sqrt(Math.Pow(Math.Max(across, 0), 2) + Math.Pow(Math.Max(beyond, 0), 2));
            }
            ));
        }

        foreach ((int i, double[,] finger) in arm.Frames.Skip(6).Index())
            AddCapsule(8 + i, At(finger, 0, 0, 0), At(finger, .084, -.063 / 11, 0), .012);
    }

    /// <summary>The part that a pixel's centre shows, and its distance along the camera's forward axis.</summary>
    public (int Part, double Depth) Seen(Camera camera, int size, int column, int row)
    {
        double tangent = Math.Tan(camera.FieldOfViewDegrees * Math.PI / 360);
        (double sy, double cy) = Math.SinCos(camera.Yaw);
        (double sp, double cp) = Math.SinCos(camera.Pitch);
        double h = tangent * ((2 * (column + .5) / size) - 1), v = tangent * (1 - (2 * (row + .5) / size));
        Point3 ray = new((cp * cy) + (h * sy) - (v * sp * cy), (cp * sy) - (h * cy) - (v * sp * sy), sp + (v * cp));
        Point3 origin = new(camera.X, camera.Y, camera.Z);
        // The floor ends the ray.
        double end = ray.Z < 0 ? -origin.Z / ray.Z : 20;
        double depth = 0;
        while (depth < end)
        {
            var at = origin + (ray * depth);
            (int part, double distance) = _shapes.Select(s => (s.Part, s.Distance(at))).MinBy(s => s.Item2);
            if (distance < 1e-6)
                return (part, depth);
            depth += distance / ray.Length;
        }

        return (0, end);
    }

    private void AddCapsule(int part, Point3 from, Point3 to, double radius)
    {
        var along = to - from;
        double square = Point3.Dot(along, along);
        _shapes.Add((part, p =>
        {
            double share = Math.Clamp(Point3.Dot(p - from, along) / square, 0, 1);
            return (p - from - (along * share)).Length - (radius * Scale);
        }
        ));
    }

    /// <summary>A point given in a frame, in world units.</summary>
    private static Point3 At(double[,] frame, double x, double y, double z)
    {
        double[,] point = PublishedArm.Point(frame, x, y, z);
        return new Point3(point[0, 3], point[1, 3], point[2, 3]) * Scale;
    }
}
