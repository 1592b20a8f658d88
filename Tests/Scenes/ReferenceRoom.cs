using System.Numerics;
using System.Runtime.Intrinsics;
using Gqn.Native.Scenes;
using Gqn.Native.Scenes.Rendering;

namespace Gqn.Native.Tests.Scenes;

/// <summary>The slow renderer of rooms: one ray at a time in double precision, primitives and shadows by distance
/// fields, one wall after another, light by its definition. It shares only the textures with the fast one.</summary>
internal sealed class ReferenceRoom(Scene scene, RoomOptions options)
{
    private readonly RoomGeometry _geometry = (RoomGeometry)scene.Geometry;
    private readonly RoomFactors _factors = (RoomFactors)scene.Factors;

    /// <summary>What one ray sees.</summary>
    /// <param name="Part">The part; 0 for the surroundings.</param>
    /// <param name="Surface">A number for each wall, the floor, the sky, each primitive.</param>
    /// <param name="Depth">Distance along the forward axis.</param>
    /// <param name="Shadowed">Whether a primitive stands between it and the light.</param>
    /// <param name="Colour">Components from 0 to 1.</param>
    public readonly record struct Seen(int Part, int Surface, double Depth, bool Shadowed, Point3 Colour);

    /// <summary>The ray through a place of the picture, in pixels from its upper left corner.</summary>
    public Seen Look(in Camera camera, int size, double column, double row)
    {
        double tangent = Math.Tan(camera.FieldOfViewDegrees * Math.PI / 360);
        (double sy, double cy) = Math.SinCos(camera.Yaw);
        (double sp, double cp) = Math.SinCos(camera.Pitch);
        double h = tangent * ((2 * column / size) - 1), v = tangent * (1 - (2 * row / size));
        var ray = new Point3((cp * cy) + (h * sy) - (v * sp * cy), (cp * sy) - (h * cy) - (v * sp * sy), sp + (v * cp));
        var origin = new Point3(camera.X, camera.Y, camera.Z);

        (double depth, int surface, var normal) = Surroundings(origin, ray);
        int part = 0, index = -1;
        for (int i = 0; i < _geometry.Primitives.Length; i++)
        {
            double at = DistanceField.Reach(_geometry.Primitives[i], origin, ray, out _);
            if (at < depth)
                (depth, surface, part, index) = (at, 100 + i, _geometry.Primitives[i].Part, i);
        }

        var sky = new Point3(154, 226, 250) * (1 / 255.0);
        if (surface == 0)
            return new Seen(0, 0, double.PositiveInfinity, false, sky);

        var point = origin + (ray * depth);
        if (index >= 0)
            normal = Gradient(_geometry.Primitives[index], point);
        var albedo = index >= 0 ? _geometry.Primitives[index].Colour
            : Texture(point, surface, normal, depth * 2 * tangent / size, ray);
        return Lit(point, normal, ray.Unit, albedo, index >= 0 ? 1 : 0) with
        {
            Part = part,
            Surface = surface,
            Depth = depth,
        };
    }

    /// <summary>The nearest of the floor and the walls that the ray meets from the front.</summary>
    private (double Depth, int Surface, Point3 Normal) Surroundings(Point3 origin, Point3 ray)
    {
        (double depth, int surface, var normal) = (double.PositiveInfinity, 0, default(Point3));
        ReadOnlySpan<Point3> normals = [new(0, 0, 1), new(-1, 0, 0), new(1, 0, 0), new(0, -1, 0), new(0, 1, 0)];
        for (int i = 0; i < normals.Length; i++)
        {
            double approach = Point3.Dot(normals[i], ray);
            if (approach >= 0)
                continue;
            double at = ((i == 0 ? 0 : -options.HalfSide) - Point3.Dot(normals[i], origin)) / approach;
            var p = origin + (ray * at);
            bool inside = Math.Abs(p.X) <= options.HalfSide + 1e-9 && Math.Abs(p.Y) <= options.HalfSide + 1e-9
                && p.Z >= -1e-9 && p.Z <= options.WallHeight;
            if (at > 0 && at < depth && inside)
                (depth, surface, normal) = (at, i + 1, normals[i]);
        }

        return (depth, surface, normal);
    }

    private Seen Lit(Point3 point, Point3 normal, Point3 look, Point3 albedo, double shine)
    {
        var light = options.Light;
        var position = new Point3(_factors.Light.X, _factors.Light.Y, _factors.Light.Z);
        var target = new Point3(position.X * (1 - light.Aim), position.Y * (1 - light.Aim), 0);
        Point3 towards = position - point, l = towards.Unit, axis = (target - position).Unit;
        double along = -Point3.Dot(l, axis), facing = Point3.Dot(normal, l);
        double cutoff = Math.Cos(light.CutoffDegrees * Math.PI / 180);
        double border = Math.Pow(cutoff, light.SpotExponent);
        double beam = facing > 0 && along > cutoff ? (Math.Pow(along, light.SpotExponent) - border) / (1 - border) : 0;
        bool shadowed = false;
        foreach (ref readonly var primitive in _geometry.Primitives)
        {
            double start = 1e-4;
            shadowed |= beam > 0
                && DistanceField.Reach(primitive, point + (towards * start), towards, out _) < 1 - start;
        }

        if (shadowed)
            beam = 0;
        double head = Math.Max(0, -Point3.Dot(normal, look));
        double brightness = light.Ambient + (light.Headlight * head) + (light.Spot * Math.Max(0, facing) * beam);
        double highlight = shine * light.Specular * beam
            * Math.Pow(Math.Max(0, Point3.Dot((l - look).Unit, normal)), light.Shininess);
        return new Seen(0, 0, 0, shadowed, new Point3(
            Math.Min(1, (albedo.X * brightness) + highlight), Math.Min(1, (albedo.Y * brightness) + highlight),
            Math.Min(1, (albedo.Z * brightness) + highlight)));
    }

    private Point3 Texture(Point3 point, int surface, Point3 normal, double pixel, Point3 ray)
    {
        double footprint = pixel / Math.Abs(Point3.Dot(normal, ray)), half = options.HalfSide;
        if (surface == 1)
        {
            return Sample(
                TextureTables.Of(_factors.Floor), point.X + half, point.Y + half, footprint, options.FloorTile);
        }
        // To the right along the wall, seen from inside: up × normal.
        double along = (-normal.Y * point.X) + (normal.X * point.Y);
        return Sample(TextureTables.Of(_factors.Wall), along + half, point.Z, footprint, options.WallHeight);
    }

    private static Point3 Sample(TwoToneTexture texture, double x, double y, double footprint, double unit)
    {
        var colour = texture.Sample(Lane(x), Lane(y), Lane(footprint));
        return new Vector3(colour.X[0], colour.Y[0], colour.Z[0]);

        Vector256<float> Lane(double value) => Vector256.Create((float)(value / unit));
    }

    private static Point3 Gradient(in Primitive primitive, Point3 at)
    {
        const double Step = 1e-6;
        Point3 x = new(Step, 0, 0), y = new(0, Step, 0), z = new(0, 0, Step);
        return new Point3(
            DistanceField.Of(primitive, at + x) - DistanceField.Of(primitive, at - x),
            DistanceField.Of(primitive, at + y) - DistanceField.Of(primitive, at - y),
            DistanceField.Of(primitive, at + z) - DistanceField.Of(primitive, at - z)).Unit;
    }
}
