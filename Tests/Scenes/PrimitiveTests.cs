using System.Numerics;
using System.Runtime.Intrinsics;
using Gqn.Native.Engine;
using Gqn.Native.Scenes.Rendering;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

/// <summary>Rays against primitives, compared with a distance field in double precision.</summary>
public sealed class PrimitiveTests
{
    private const int Packets = 400;

    public static TheoryData<string> Kinds =>
        [.. Enum.GetNames<PrimitiveKind>(), "Disc", "Ring", "LyingCapsule", "LongCapsule", "TurnedBox", "TiltedBox"];

    /// <summary>From outside, through the neighbourhood of the primitive: hits at the same distance, misses where the
    /// field says so; they may differ only for rays that nearly graze the surface.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void RaysEnterWhereTheDistanceFieldEnds(string kind)
    {
        var primitive = Make(kind);
        var random = new RandomStream(7, 1);
        int hits = 0, misses = 0, grazing = 0;
        for (int packet = 0; packet < Packets; packet++)
        {
            (var origins, var directions) = Rays(random, primitive);
            var entries = Enter(primitive, origins, directions, 0);
            for (int lane = 0; lane < RayLanes.Count; lane++)
            {
                double expected = DistanceField.Reach(primitive, origins[lane], directions[lane], out double closest);
                double actual = entries.Distance[lane];
                bool missed = double.IsInfinity(expected);
                if (missed != double.IsInfinity(actual) && closest < 1e-4)
                {
                    grazing++;
                    continue;
                }

                Assert.True(missed == double.IsInfinity(actual), $"{actual} for {expected}, closest {closest}");
                if (missed)
                {
                    misses++;
                    continue;
                }

                hits++;
                var at = (Point3)origins[lane] + ((Point3)directions[lane] * actual);
                Assert.InRange(DistanceField.Of(primitive, at), -3e-6, 3e-6);
                Assert.InRange(actual, 0, expected + 2e-2);
            }
        }

        Assert.True(hits > Packets && misses > Packets, $"{hits} hits, {misses} misses");
        Assert.True(grazing < Packets / 50, $"{grazing} rays differ at the border");
    }

    /// <summary>A short step along the normal leads outside, the same step back inside, and nearby rays that hit the
    /// same face hit it perpendicular to the normal.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void NormalsStandOnTheSurfaceAndLookOutwards(string kind)
    {
        const float Shift = 2e-3f;
        var primitive = Make(kind);
        var random = new RandomStream(8, 1);
        int hits = 0, across = 0;
        var faces = new HashSet<int>();
        for (int packet = 0; packet < Packets; packet++)
        {
            (var origins, var directions) = Rays(random, primitive);
            var entries = Enter(primitive, origins, directions, 0);
            var normal = Intersection.Normal(primitive, PointsAt(origins, directions, entries), entries.Face);
            var aside = Direction(random) * Shift;
            Vector3[] beside = [.. origins.Select(o => o + aside)];
            var neighbours = Enter(primitive, beside, directions, 0);
            for (int lane = 0; lane < RayLanes.Count; lane++)
            {
                if (float.IsInfinity(entries.Distance[lane]))
                    continue;
                hits++;
                faces.Add(entries.Face[lane]);
                var n = new Point3(normal.X[lane], normal.Y[lane], normal.Z[lane]);
                Assert.Equal(1, n.Length, 1e-5);
                Assert.True(Point3.Dot(n, directions[lane]) < 1e-4, "the normal looks along the ray");
                var at = (Point3)origins[lane] + ((Point3)directions[lane] * entries.Distance[lane]);
                Assert.InRange(DistanceField.Of(primitive, at + (n * 1e-4)), 5e-5, 1.1e-4);
                if (float.IsInfinity(neighbours.Distance[lane]))
                    continue;
                if (neighbours.Face[lane] != entries.Face[lane])
                    continue;
                var next = (Point3)beside[lane] + ((Point3)directions[lane] * neighbours.Distance[lane]);
                double apart = (next - at).Length;
                // Near its apex a cone is too curved for this.
                bool sharp = primitive.Kind == PrimitiveKind.Cone
                    && at.Z > primitive.Frame.Origin.Z + (primitive.High.Z / 2);
                if (apart > 3 * Shift || sharp)
                    continue;
                across++;
                Assert.InRange(Point3.Dot(n, next - at) / apart, -.05, .05);
            }
        }

        Assert.True(hits > Packets && across > hits / 2, $"{hits} hits, {across} with neighbours");
        int expected = primitive.Kind switch
        {
            PrimitiveKind.Box => 6,
            PrimitiveKind.Cylinder => 3,
            PrimitiveKind.Cone => 2,
            PrimitiveKind.Icosahedron => 20,
            PrimitiveKind.TriangleFrame => 8,
            _ => 1,
        };
        Assert.Equal(expected, faces.Count);
    }

    /// <summary>Hits nearer than the minimum do not count: a convex body has none left, a frame the bar beyond the
    /// hole.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void EntriesBeforeTheMinimumDoNotCount(string kind)
    {
        var primitive = Make(kind);
        var random = new RandomStream(9, 1);
        int later = 0, narrow = 0;
        for (int packet = 0; packet < Packets; packet++)
        {
            (var origins, var directions) = Rays(random, primitive);
            var first = Enter(primitive, origins, directions, 0);
            Vector3[] surface = [.. Enumerable.Range(0, RayLanes.Count).Select(lane =>
                float.IsInfinity(first.Distance[lane]) ? origins[lane] + (50 * directions[lane])
                    : origins[lane] + (directions[lane] * (first.Distance[lane] + 1e-5f)))];
            var second = Enter(primitive, surface, directions, 1e-3f);
            for (int lane = 0; lane < RayLanes.Count; lane++)
            {
                if (float.IsInfinity(second.Distance[lane]))
                    continue;
                later++;
                Assert.Equal(PrimitiveKind.TriangleFrame, primitive.Kind);
                var at = (Point3)surface[lane] + ((Point3)directions[lane] * second.Distance[lane]);
                Assert.InRange(DistanceField.Of(primitive, at), -3e-6, 3e-6);
                if (DistanceField.Of(primitive, at - ((Point3)directions[lane] * 1e-4)) < 0)
                    narrow++;
            }
        }
        // Close to the hole's corners the way through it is shorter than that.
        Assert.True(narrow * 50 <= later, $"{narrow} of {later} were inside already");
        Assert.Equal(primitive.Kind == PrimitiveKind.TriangleFrame, later > 0);
    }

    [Fact]
    public void RaysAlongAxesAndFromWithinAreFinite()
    {
        Vector3[] directions =
        [
            Vector3.UnitX, -Vector3.UnitX, Vector3.UnitY, -Vector3.UnitY, Vector3.UnitZ, -Vector3.UnitZ,
            new(1, 1, 0), new(0, 1, -1),
        ];
        foreach (string kind in Enum.GetNames<PrimitiveKind>())
        {
            var made = Make(kind);
            var primitive = new Primitive(made.Kind, Frame.World, made.Low, made.High, made.Colour, made.Part);
            // Through the middle, or through a bar of the triangle, whose middle is a hole.
            var target = primitive.Kind == PrimitiveKind.TriangleFrame
                ? new Vector3(0, 0, primitive.Low.Z + .05f) : Vector3.Zero;
            Vector3[] origins = [.. directions.Select(d => target - (4 * d))];
            var entries = Enter(primitive, origins, directions, 0);
            for (int lane = 0; lane < RayLanes.Count; lane++)
            {
                double expected = DistanceField.Reach(primitive, origins[lane], directions[lane], out _);
                Assert.Equal(expected, entries.Distance[lane], 1e-5);
            }

            var inside = Enter(primitive, [.. directions.Select(_ => target)], directions, 0);
            Assert.All(Enumerable.Range(0, RayLanes.Count), lane => Assert.True(
                float.IsPositiveInfinity(inside.Distance[lane]) || primitive.Kind == PrimitiveKind.TriangleFrame));
        }
    }

    [Fact]
    public void ACapsuleWithoutLengthIsASphereAndAnInradiusIsTheOneItSays()
    {
        Assert.Equal(PrimitiveKind.Sphere, Primitive.Capsule(Vector3.One, Vector3.One, .1f, default, 1).Kind);
        Assert.Equal(Primitive.IcosahedronInradius, Math.Sqrt((5 + (2 * Math.Sqrt(5))) / 15), 1e-7);
        Assert.Equal(Primitive.Sin60, Math.Sin(Math.PI / 3), 1e-7);
    }

    private static Primitive Make(string kind)
    {
        var place = new Vector3(.3f, -.2f, .5f);
        var tilted = Frame.Along(place, new Vector3(1, -2, 1.5f));
        return kind switch
        {
            nameof(PrimitiveKind.Box) => Primitive.Box(Frame.At(place), new Vector3(.5f, .8f, .6f), default, 1),
            "TurnedBox" => Primitive.Box(Frame.Turned(place, 1.1f), new Vector3(.5f, .8f, .6f), default, 1),
            "TiltedBox" => Primitive.Box(tilted, new Vector3(.5f, .8f, .6f), default, 1),
            nameof(PrimitiveKind.Sphere) => Primitive.Sphere(place, .4f, default, 1),
            nameof(PrimitiveKind.Capsule) =>
                Primitive.Capsule(place, place + new Vector3(0, 0, .6f), .25f, default, 1),
            "LyingCapsule" => Primitive.Capsule(place, place + new Vector3(.5f, .3f, 0), .2f, default, 1),
            "LongCapsule" => Primitive.Capsule(place, place + new Vector3(.5f, -.8f, .9f), .1f, default, 1),
            nameof(PrimitiveKind.Cylinder) =>
                Primitive.Cylinder(place, place + new Vector3(0, 0, .8f), .3f, default, 1),
            "Disc" => Primitive.Cylinder(place, place + new Vector3(.05f, .02f, .1f), .4f, default, 1),
            "Ring" => Primitive.Cylinder(place, place + new Vector3(.3f, .1f, 0), .25f, default, 1),
            nameof(PrimitiveKind.Cone) => Primitive.Cone(place, .375f, 1, default, 1),
            nameof(PrimitiveKind.Icosahedron) =>
                Primitive.Icosahedron(Frame.Turned(place, .4f), .5f, default, 1),
            _ => Primitive.TriangleFrame(Frame.Turned(place, .7f), 1.1f, .2f, default, 1),
        };
    }

    /// <summary>Rays from all sides towards a ball a little larger than the primitive.</summary>
    private static (Vector3[] Origins, Vector3[] Directions) Rays(RandomStream random, in Primitive primitive)
    {
        float radius = 1.6f * MathF.Sqrt(primitive.BoundingRadiusSquared);
        var origins = new Vector3[RayLanes.Count];
        var directions = new Vector3[RayLanes.Count];
        for (int lane = 0; lane < RayLanes.Count; lane++)
        {
            var target = primitive.Frame.Origin + (Direction(random) * random.NextSingle(0, radius));
            origins[lane] = primitive.Frame.Origin + (Direction(random) * random.NextSingle(2, 6));
            directions[lane] = (target - origins[lane]) * random.NextSingle(.1f, 1);
        }

        return (origins, directions);
    }

    private static Vector3 Direction(RandomStream random) =>
        Vector3.Normalize(new Vector3(random.NextNormal(), random.NextNormal(), random.NextNormal()));

    private static Entries Enter(
        in Primitive primitive, Vector3[] origins, Vector3[] directions, float minimum) =>
        Intersection.Enter(primitive, Pack(origins), new RayPacket(Pack(directions)), minimum);

    private static Vector3x8 PointsAt(Vector3[] origins, Vector3[] directions, Entries entries) =>
        Pack([.. Enumerable.Range(0, RayLanes.Count).Select(lane => origins[lane]
            + (directions[lane] * (float.IsInfinity(entries.Distance[lane]) ? 0 : entries.Distance[lane])))]);

    private static Vector3x8 Pack(Vector3[] vectors) => new(
        Vector256.Create<float>(vectors.Select(v => v.X).ToArray()),
        Vector256.Create<float>(vectors.Select(v => v.Y).ToArray()),
        Vector256.Create<float>(vectors.Select(v => v.Z).ToArray()));
}
