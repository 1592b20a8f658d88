using System.Numerics;
using System.Text.Json;
using Gqn.Native.Scenes;
using Gqn.Native.Scenes.Rendering;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

public sealed class ShepardMetzlerTests
{
    public static TheoryData<string> Names => ["shepard-metzler-5", "shepard-metzler-7"];

    [Theory]
    [MemberData(nameof(Names))]
    public void WalksAreSelfAvoidingAndCubesShareFaces(string name)
    {
        var environment = Environments.Create(name);
        int parts = name[^1] - '0';
        foreach (var scene in Sampled(environment, SceneSplit.Train, 500))
        {
            var cells = Factors(scene).Cells;
            Assert.Equal(parts, cells.Count);
            Assert.Equal(parts, cells.Distinct().Count());
            Assert.All(cells.Zip(cells.Skip(1)), pair => Assert.Equal(1, Distance(pair.First, pair.Second)));

            var middle = Vector3.Zero;
            foreach (var box in ((PolycubeGeometry)scene.Geometry).Boxes)
                middle += (box.Low + box.High) / (2 * parts);
            Assert.True(middle.Length() < 1e-6f, $"the barycentre is at {middle}");
        }
    }

    /// <summary>Two tricubes; of the eight one-sided tetracubes all but the T and the tripod, which no walk visits; the
    /// numbers for five and seven cubes were confirmed by an enumeration that shares no code with this one.</summary>
    [Theory]
    [InlineData(3, 2)]
    [InlineData(4, 6)]
    [InlineData(5, 18)]
    [InlineData(7, 310)]
    public void CanonicalFormsCountThePolycubesThatWalksMake(int cells, int shapes) =>
        Assert.Equal(shapes, ShapesOfWalks(cells).Count);

    [Fact]
    public void CanonicalFormIgnoresRotationAndKnowsTheMirror()
    {
        Assert.Equal(24, PolycubeShape.Rotations.Distinct().Count());
        var environment = Environments.Create("shepard-metzler-7");
        int chiral = 0;
        foreach (var scene in Sampled(environment, SceneSplit.Train, 200))
        {
            var factors = Factors(scene);
            GridCell[] reversed = [.. factors.Cells.Reverse()];
            foreach (var rotation in PolycubeShape.Rotations)
            {
                GridCell[] turned =
                    [.. reversed.Select(c => rotation.Apply(c)).Select(c => new GridCell(c.X + 9, c.Y - 4, c.Z))];
                var other = factors with { Cells = turned };
                Assert.Equal(factors.CanonicalForm, other.CanonicalForm);
                Assert.Equal(factors.MirrorForm, other.MirrorForm);
            }

            GridCell[] mirrored = [.. factors.Cells.Select(c => c with { Z = -c.Z })];
            Assert.Equal(factors.MirrorForm, (factors with { Cells = mirrored }).CanonicalForm);
            Assert.Equal(factors.IsChiral, factors.CanonicalForm != (factors with { Cells = mirrored }).CanonicalForm);
            if (factors.IsChiral)
                chiral++;
        }

        Assert.InRange(chiral, 100, 199);

        GridCell[] screw = [new(0, 0, 0), new(1, 0, 0), new(1, 1, 0), new(1, 1, 1)];
        GridCell[] flat = [new(0, 0, 0), new(1, 0, 0), new(1, 1, 0), new(2, 1, 0)];
        Assert.True(new ShepardMetzlerFactors(screw, []).IsChiral);
        Assert.False(new ShepardMetzlerFactors(flat, []).IsChiral);
        Assert.Equal("000 001", new ShepardMetzlerFactors([new(5, 5, 5), new(4, 5, 5)], []).CanonicalForm);
    }

    [Fact]
    public void TrainAndTestShareNoShapeOfSevenParts()
    {
        var environment = Environments.Create("shepard-metzler-7");
        var train = Sampled(environment, SceneSplit.Train, 4000).Select(s => Factors(s).CanonicalForm).ToHashSet();
        var test = Sampled(environment, SceneSplit.Test, 1000).Select(s => Factors(s).CanonicalForm).ToHashSet();
        Assert.Empty(train.Intersect(test));
        Assert.InRange(train.Count + test.Count, 300, 310);
        Assert.InRange(test.Count / (double)(test.Count + train.Count), .05, .15);
    }

    [Fact]
    public void TrainAndTestShareNoColouredObjectOfFiveParts()
    {
        var environment = (ShepardMetzler)Environments.Create("shepard-metzler-5");
        var train = Sampled(environment, SceneSplit.Train, 4000).Select(Identity).ToHashSet();
        var test = Sampled(environment, SceneSplit.Test, 1000).Select(Identity).ToHashSet();
        Assert.Empty(train.Intersect(test));

        // The set of a whole object does not depend on its orientation or on the end at which the walk began.
        foreach (var scene in Sampled(environment, SceneSplit.Test, 20))
        {
            foreach (var rotation in PolycubeShape.Rotations)
            {
                GridCell[] turned = [.. Factors(scene).Cells.Reverse().Select(c => rotation.Apply(c))];
                Assert.Equal(SceneSplit.Test, environment.SplitOf(turned, [.. Factors(scene).Colours.Reverse()]));
            }
        }

        static PolycubeShape Identity(Scene scene) => PolycubeShape.Of(
            [.. Factors(scene).Cells], [.. Factors(scene).Colours.Select(c => Math.Min((int)(c.Hue * 10), 9))]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void CamerasLieOnTheSphereAndLookAtTheObject(string name)
    {
        var environment = Environments.Create(name);
        double heights = 0;
        int cameras = 0;
        foreach (var scene in Sampled(environment, SceneSplit.Train, 300))
        {
            Assert.Equal(15, scene.Cameras.Length);
            foreach (var camera in scene.Cameras)
            {
                var position = new Vector3(camera.X, camera.Y, camera.Z);
                Assert.Equal(3, position.Length(), 1e-5f);
                Assert.InRange(camera.Pitch * 180 / MathF.PI, -85.001f, 85.001f);
                Assert.Equal(45, camera.FieldOfViewDegrees);
                var forward = new Vector3(
                    MathF.Cos(camera.Pitch) * MathF.Cos(camera.Yaw), MathF.Cos(camera.Pitch) * MathF.Sin(camera.Yaw),
                    MathF.Sin(camera.Pitch));
                Assert.True((position + (3 * forward)).Length() < 1e-5f);
                heights += camera.Z * camera.Z;
                cameras++;
            }
        }
        // A uniform direction has E z² = r²/3; the missing caps take 0.7 % of that.
        Assert.Equal(2.98, heights / cameras, .1);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void WholeObjectsAreSeenAroundTheMiddleOfThePicture(string name)
    {
        const int Size = 64;
        var environment = Environments.Create(name);
        byte[] rgb = new byte[Size * Size * 3], parts = new byte[Size * Size];
        foreach (var scene in Sampled(environment, SceneSplit.Train, 100))
        {
            for (int view = 0; view < 3; view++)
            {
                scene.Render(scene.Cameras[view], Size, rgb, parts);
                int[] seen = [.. Enumerable.Range(0, parts.Length).Where(i => parts[i] != 0)];
                Assert.InRange(seen.Length, 60, 1600);
                Assert.InRange(seen.Average(i => i % Size), 24, 39);
                Assert.InRange(seen.Average(i => i / Size), 24, 39);
                Assert.DoesNotContain(seen, i => i % Size is 0 or Size - 1 || i / Size is 0 or Size - 1);
            }
        }

        // The longest object, straight across: a cube's far corner must stay within the cone of 22.5 degrees.
        var metzler = (ShepardMetzler)environment;
        int cubes = name[^1] - '0';
        double reach = metzler.CubeEdge * Math.Sqrt((cubes * cubes / 4.0) + .5);
        Assert.True(Math.Asin(reach / ShepardMetzler.CameraDistance) < Math.PI / 8);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void LitFacesSaturateAndTheBackgroundIsBlack(string name)
    {
        var environment = Environments.Create(name);
        byte[] rgb = new byte[64 * 64 * 3], parts = new byte[64 * 64];
        var brightest = new SortedDictionary<int, int>();
        foreach (var scene in Sampled(environment, SceneSplit.Train, 50))
        {
            scene.Render(scene.Cameras[0], 64, rgb, parts);
            Assert.Equal(new byte[3], rgb[..3]);
            for (int y = 1; y < 63; y++)
            {
                for (int x = 1; x < 63; x++)
                {
                    int i = (y * 64) + x;
                    ReadOnlySpan<byte> pixel = rgb.AsSpan(i * 3, 3);
                    bool flat = parts[i] != 0;
                    foreach (int neighbour in new[] { i - 1, i + 1, i - 64, i + 64 })
                        flat &= pixel.SequenceEqual(rgb.AsSpan(neighbour * 3, 3));
                    if (!flat)
                        continue;
                    int level = Math.Max(pixel[0], Math.Max(pixel[1], pixel[2]));
                    brightest[level] = brightest.GetValueOrDefault(level) + 1;
                }
            }
        }
        // Undersides, shadow, sun at a grazing angle, sun.
        Assert.Equal([77, 128, 246, 255], brightest.Keys);
    }

    [Fact]
    public void ColoursAreHuesOfTheCircle()
    {
        Assert.Equal(new Vector3(1, 0, 0), new CubeColour(0, 1).ToRgb());
        Assert.Equal(new Vector3(1, .5f, .5f), new CubeColour(1, .5f).ToRgb());
        Assert.True(Vector3.Distance(new Vector3(0, 1, 0), new CubeColour(1 / 3f, 1).ToRgb()) < 1e-5f);
        Assert.True(Vector3.Distance(new Vector3(.2f, .2f, 1), new CubeColour(2 / 3f, .8f).ToRgb()) < 1e-5f);
        Assert.True(Vector3.Distance(new Vector3(1, 1, 0), new CubeColour(1 / 6f, 1).ToRgb()) < 1e-5f);
    }

    [Fact]
    public void FactorsSurviveJson()
    {
        var factors = Environments.Create("shepard-metzler-5").Sample(SceneSplit.Train, 3).Factors;
        string json = JsonSerializer.Serialize(factors);
        var back = Assert.IsType<ShepardMetzlerFactors>(JsonSerializer.Deserialize<SceneFactors>(json));
        Assert.Equal(((ShepardMetzlerFactors)factors).Cells, back.Cells);
        Assert.Equal(((ShepardMetzlerFactors)factors).Colours, back.Colours);
        Assert.Contains(back.CanonicalForm, json, StringComparison.Ordinal);
    }

    [Fact]
    public void UnknownNamesGetASuggestion()
    {
        Assert.All(Environments.Names, name => Assert.Equal(name, Environments.Create(name).Name));
        var error = Assert.Throws<UnknownSceneException>(() => Environments.Create("sheppard-metzler7"));
        Assert.Equal("shepard-metzler-7", error.Suggestion);
        Assert.All(Environments.Names, name => Assert.Contains(name, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void ViewpointsAreEncodedInBothOrders()
    {
        var camera = new Camera(1, 2, 3, .7f, -.4f, 45);
        float[] seven = new float[Viewpoint.Dimensions];
        Viewpoint.Encode(camera, ViewpointOrder.CosSin, seven);
        float[] expected = [1, 2, 3, .764842f, .644218f, .921061f, -.389418f];
        Assert.All(expected.Zip(seven), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
        Viewpoint.Encode(camera, ViewpointOrder.SinCos, seven);
        float[] released = [1, 2, 3, .644218f, .764842f, -.389418f, .921061f];
        Assert.All(released.Zip(seven), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
        Assert.Throws<ArgumentException>(() => Viewpoint.Encode(camera, ViewpointOrder.CosSin, new float[5]));
    }

    private static ShepardMetzlerFactors Factors(Scene scene) => (ShepardMetzlerFactors)scene.Factors;

    private static IEnumerable<Scene> Sampled(SceneEnvironment environment, SceneSplit split, int count) =>
        Enumerable.Range(0, count).Select(i => environment.Sample(split, (ulong)i));

    private static int Distance(GridCell a, GridCell b) =>
        Math.Abs(a.X - b.X) + Math.Abs(a.Y - b.Y) + Math.Abs(a.Z - b.Z);

    /// <summary>Every self-avoiding walk, step by step.</summary>
    private static HashSet<PolycubeShape> ShapesOfWalks(int cells)
    {
        var shapes = new HashSet<PolycubeShape>();
        // All first steps are equal up to rotation.
        Extend([new GridCell(0, 0, 0), new GridCell(1, 0, 0)]);
        return shapes;

        void Extend(GridCell[] walk)
        {
            if (walk.Length == cells)
            {
                shapes.Add(PolycubeShape.Of(walk, []));
                return;
            }

            var last = walk[^1];
            foreach (var step in new GridCell[]
                { new(1, 0, 0), new(-1, 0, 0), new(0, 1, 0), new(0, -1, 0), new(0, 0, 1), new(0, 0, -1) })
            {
                var next = new GridCell(last.X + step.X, last.Y + step.Y, last.Z + step.Z);
                if (!walk.Contains(next))
                    Extend([.. walk, next]);
            }
        }
    }
}
