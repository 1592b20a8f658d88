using System.Numerics;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using Gqn.Native.Imaging;
using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

public sealed class MazeCasterTests
{
    private static readonly SceneEnvironment Environment = Environments.Create("mazes");

    /// <summary>A picture changes only together with <see cref="SceneEnvironment.Version"/>.</summary>
    [Theory]
    [InlineData(SceneSplit.Train, 0ul, 0, 84, "5fa8a7cf4aa1c9f4867f690e65dd55d82e8cf4f47438a82171a0b5601bcec5df")]
    [InlineData(SceneSplit.Test, 12345ul, 299, 64, "74ce86f4ae2670e9e24532a0b78932574c6a56a5d1a02d96f0395410b93fa37d")]
    [InlineData(
        SceneSplit.Train, ulong.MaxValue, 150, 31, "2496bc5825a484ca88296e6f2c1c8ce0ff1fc8c9dc2bb95c1a3d2309e385e54a")]
    public void PicturesKeepTheirBytes(SceneSplit split, ulong index, int view, int size, string sha256)
    {
        Assert.Equal(1, Environment.Version);
        var scene = Environment.Sample(split, index);
        Assert.Equal(sha256, Hash(scene.Render(scene.Cameras[view], size)));
    }

    [Fact]
    public void PicturesFromAboveKeepTheirBytes()
    {
        var scene = Environment.Sample(SceneSplit.Train, 1);
        Camera downwards = scene.Cameras[0] with { Pitch = -.4f }, above = downwards with { Z = 5, Pitch = -1.2f };
        Assert.Equal(
            "caf81fc53071530eb3798142c554705683b6e0ee0c764b07f8bee4eb18bc3f34", Hash(scene.Render(downwards, 48)));
        Assert.Equal("bb600d404a19b5fc1bb22d30807af0167e5464d78d0ec43ac43d8b989f241302", Hash(scene.Render(above, 48)));
        Assert.Equal(
            "7e035236a630d3eccbafcb0ea9903ccf288cefb3746104696b84168abed94ab4", Hash(Mazes.RenderTopDown(scene, 64)));
    }

    /// <summary>Against double precision, every ray against every box, and 12×12 rays per pixel. The bound is in levels
    /// of 255, over the whole picture; rounding to bytes alone makes 0.25.</summary>
    [Theory]
    [InlineData(32)]
    [InlineData(49)]
    public void AgreesWithDenseSupersampling(int size)
    {
        var sum = new Comparison();
        for (ulong index = 0; index < 10; index++)
        {
            var scene = Environment.Sample(SceneSplit.Train, index);
            Compare(scene, scene.Cameras[(int)index * 7], size, ref sum);
        }

        sum.AssertWithin(mean: .4, farShare: .0005);
    }

    /// <summary>Cameras that look up or down, from between the walls and from above.</summary>
    [Fact]
    public void UnusualCamerasAgreeWithDenseSupersampling()
    {
        var sum = new Comparison();
        for (ulong index = 0; index < 6; index++)
        {
            var scene = Environment.Sample(SceneSplit.Train, index);
            var usual = scene.Cameras[(int)index * 9];
            var camera = index switch
            {
                0 => usual with { Pitch = .5f },
                1 => usual with { Pitch = -.7f },
                2 => usual with { Z = 1.8f, Pitch = -.6f, FieldOfViewDegrees = 60 },
                3 => usual with { Z = 4, Pitch = -1.2f },
                4 => usual with { Z = .9f, Pitch = -.2f },
                _ => new Camera(-5, -5, 6, .8f, -.7f, 50),
            };
            Compare(scene, camera, 40, ref sum);
        }

        sum.AssertWithin(mean: .7, farShare: .0005);
    }

    [Fact]
    public void LevelCamerasSeeTheSameRayByRay()
    {
        double error = 0;
        byte[] columns = new byte[48 * 48 * 3], rays = new byte[48 * 48 * 3];
        float[] near = new float[48 * 48], far = new float[48 * 48];
        int differentDepths = 0;
        for (ulong index = 0; index < 20; index++)
        {
            var scene = Environment.Sample(SceneSplit.Test, index);
            var maze = (MazeGeometry)scene.Geometry;
            MazeCaster.Render(maze, scene.Cameras[1], 48, columns, near);
            MazeRays.Render(maze, scene.Cameras[1], 48, rays, far);
            error += columns.Zip(rays).Average(pair => Math.Abs(pair.First - pair.Second)) / 20;
            differentDepths += near.Zip(far).Count(pair => !(pair.First == pair.Second
                || Math.Abs(pair.First - pair.Second) < 1e-4f * pair.First));
        }

        Assert.True(error < .2, $"mean difference {error:F3} levels");
        Assert.InRange(differentDepths, 0, 20 * 48);
    }

    [Fact]
    public void PartsAreNoneAndCamerasInWallsSeeNothing()
    {
        var scene = Environment.Sample(SceneSplit.Train, 0);
        byte[] rgb = new byte[16 * 16 * 3], parts = new byte[16 * 16];
        float[] depth = new float[16 * 16];
        parts.AsSpan().Fill(7);
        scene.Render(scene.Cameras[0], 16, rgb, parts, depth);
        Assert.Equal((byte)0, Assert.Single(parts.Distinct()));
        foreach (var inside in new[]
            { scene.Cameras[0] with { X = 3.5f }, scene.Cameras[0] with { X = -20 }, scene.Cameras[0] with { Z = -1 } })
        {
            scene.Render(inside, 16, rgb, parts, depth);
            Assert.Equal([36, 36, 42], rgb[..3]);
            Assert.Equal(2, rgb.Distinct().Count());
            Assert.Equal(0f, Assert.Single(depth.Distinct()));
        }

        scene.Render(new Camera(0, 0, 2, 0, 1.4f, 40), 16, rgb, parts, depth);
        Assert.Equal([154, 226, 250], rgb[..3]);
        Assert.Equal(float.PositiveInfinity, Assert.Single(depth.Distinct()));
    }

    /// <summary>On a wall's face, in a corner, and along lines shared by walls.</summary>
    [Fact]
    public void CamerasAtWallsSeeWholePictures()
    {
        var scene = Environment.Sample(SceneSplit.Train, 0);
        foreach (float x in new[] { -3.45f, -3.4499998f, -3.4f, -3, 3.4499998f })
        {
            foreach (float yaw in new[] { 0, MathF.PI / 4, MathF.PI / 2, MathF.PI, -MathF.PI / 2 })
            {
                foreach (int size in new[] { 8, 9, 33 })
                {
                    float[] depth = new float[size * size];
                    byte[] rgb = new byte[size * size * 3];
                    scene.Render(new Camera(x, -3.45f, .5f, yaw, 0, 80), size, rgb, default, depth);
                    Assert.DoesNotContain(depth, d => !(d >= 0));
                    // Nothing is black: everything here is brighter, or nearly as dark as the top of a wall.
                    Assert.DoesNotContain(Enumerable.Range(0, size * size),
                        i => rgb[i * 3] + rgb[(i * 3) + 1] + rgb[(i * 3) + 2] < 60);
                }
            }
        }
    }

    [Fact]
    public void ColoursChangeNothingElse()
    {
        var scene = Environment.Sample(SceneSplit.Train, 0);
        var other = scene.With("rooms[0].wall", (Wall(scene) + 1) % 6);
        float[] depth = new float[32 * 32], otherDepth = new float[32 * 32];
        byte[] rgb = new byte[32 * 32 * 3], otherRgb = new byte[32 * 32 * 3];
        int same = 0, different = 0;
        for (int view = 0; view < 100; view++)
        {
            scene.Render(scene.Cameras[view], 32, rgb, default, depth);
            other.Render(other.Cameras[view], 32, otherRgb, default, otherDepth);
            Assert.Equal(depth, otherDepth);
            if (rgb.AsSpan().SequenceEqual(otherRgb))
                same++;
            else
                different++;
        }

        Assert.True(same > 10 && different > 10, $"{same} views without the room, {different} with it");

        static int Wall(Scene scene) => ((MazeFactors)scene.Factors).Rooms[0].Wall;
    }

    [Fact]
    public void RenderingAllocatesNothing()
    {
        var scene = Environment.Sample(SceneSplit.Train, 0);
        byte[] rgb = new byte[84 * 84 * 3], parts = new byte[84 * 84];
        float[] depth = new float[84 * 84];
        var raised = scene.Cameras[0] with { Pitch = .2f };
        scene.Render(scene.Cameras[0], 84, rgb, parts, depth);
        scene.Render(raised, 84, rgb, parts, depth);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 15; i++)
            scene.Render(scene.Cameras[i], 84, rgb, parts, depth);
        scene.Render(raised, 84, rgb, parts, depth);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    /// <summary>The mean of a square wave over an interval, by counting.</summary>
    [Theory]
    [InlineData(.1f, .04f)]
    [InlineData(.49f, .1f)]
    [InlineData(-3.3f, .7f)]
    [InlineData(2.6f, 1.3f)]
    [InlineData(-.2f, 20f)]
    public void PatternsAreMeansOverIntervals(float middle, float width)
    {
        var pattern = new CheckerPattern(.5f, .3f);
        double mean = 0;
        const int Samples = 100_000;
        for (int i = 0; i < Samples; i++)
        {
            double at = middle + (width * (((i + .5) / Samples) - .5));
            mean += Math.Floor(at / .5) % 2 == 0 ? 1.0 / Samples : -1.0 / Samples;
        }

        float wave = pattern.Wave(middle, width);
        Assert.Equal(mean, wave, 1e-4);
        var eight = pattern.Wave(Vector256.Create(middle), Vector256.Create(width));
        Assert.Equal(Vector256.Create(wave), eight);
        Assert.Equal(Vector256.Create(pattern.Tone(wave, .3f)), pattern.Tone(eight, Vector256.Create(.3f)));
        Assert.Equal(1, pattern.Tone(1, 1));
        Assert.Equal(.7f, pattern.Tone(-1, 1), 1e-6f);
        Assert.Equal(pattern.Tone(wave, wave), pattern.Tone(new Vector2(middle), new Vector2(width)));
    }

    private static string Hash(RgbImage image) => Convert.ToHexStringLower(SHA256.HashData(image.Bytes));

    private static void Compare(Scene scene, Camera camera, int size, ref Comparison sum)
    {
        byte[] rgb = new byte[size * size * 3];
        float[] depth = new float[size * size];
        scene.Render(camera, size, rgb, default, depth);
        var slow = new BoxMaze((MazeFactors)scene.Factors, new MazeOptions());
        double[] dense = slow.Render(camera, size, grid: 12);
        for (int i = 0; i < rgb.Length; i++)
            sum.AddLevel(Math.Abs(rgb[i] - (255 * dense[i])));
        for (int i = 0; i < depth.Length; i++)
            sum.AddDepth(depth[i], slow.DepthAt(camera, size, (i % size) + .5, (i / size) + .5));
    }

    private struct Comparison
    {
        private double _error;
        private int _levels, _far, _depths, _wrongDepths;

        public void AddLevel(double difference)
        {
            _error += difference;
            _levels++;
            if (difference > 32)
                _far++;
        }

        public void AddDepth(double actual, double expected)
        {
            _depths++;
            if (actual != expected && !(Math.Abs(actual - expected) < 1e-3 * expected))
                _wrongDepths++;
        }

        /// <summary>A pixel centre on a silhouette may go either way.</summary>
        public readonly void AssertWithin(double mean, double farShare)
        {
            string found = $"mean error {_error / _levels:F3} levels, {_far} of {_levels} by more than 32, "
                + $"{_wrongDepths} of {_depths} depths wrong";
            Assert.True(_error / _levels < mean && _far <= _levels * farShare && _wrongDepths <= _depths / 2000, found);
        }
    }
}

/// <summary>The slow renderer of mazes: walls as boxes, every ray against every box, in double precision.</summary>
internal sealed class BoxMaze
{
    private const double Half = .05;

    private readonly MazeFactors _factors;
    private readonly MazeOptions _options;
    private readonly List<double[]> _boxes = [];

    public BoxMaze(MazeFactors factors, MazeOptions options)
    {
        (_factors, _options) = (factors, options);
        for (int line = 0; line <= 7; line++)
        {
            for (int k = 0; k < 7; k++)
            {
                if (factors.Layout.HasVerticalWall(line, k))
                    AddBox(line, line, k, k + 1);
                if (factors.Layout.HasHorizontalWall(k, line))
                    AddBox(k, k + 1, line, line);
            }
        }
        // Everything beyond the ring is wall.
        AddBox(-1e6, 0, -1e6, 1e6);
        AddBox(7, 1e6, -1e6, 1e6);
        AddBox(-1e6, 1e6, -1e6, 0);
        AddBox(-1e6, 1e6, 7, 1e6);
    }

    public double[] Render(Camera camera, int size, int grid)
    {
        double[] picture = new double[size * size * 3];
        for (int row = 0; row < size * grid; row++)
        {
            for (int column = 0; column < size * grid; column++)
            {
                var colour = Seen(camera, size, (column + .5) / grid, (row + .5) / grid, out _);
                int pixel = ((row / grid * size) + (column / grid)) * 3;
                for (int c = 0; c < 3; c++)
                    picture[pixel + c] += colour[c] / (grid * grid);
            }
        }

        return picture;
    }

    public double DepthAt(Camera camera, int size, double column, double row)
    {
        Seen(camera, size, column, row, out double depth);
        return depth;
    }

    private void AddBox(double left, double right, double bottom, double top) => _boxes.Add(
        [left - 3.5 - Half, right - 3.5 + Half, bottom - 3.5 - Half, top - 3.5 + Half, -1, _options.WallHeight]);

    private Vector3 Seen(Camera camera, int size, double column, double row, out double depth)
    {
        double tangent = Math.Tan(camera.FieldOfViewDegrees * Math.PI / 360);
        double h = tangent * ((2 * column / size) - 1), v = tangent * (1 - (2 * row / size));
        (double sy, double cy) = Math.SinCos(camera.Yaw);
        (double sp, double cp) = Math.SinCos(camera.Pitch);
        double[] origin = [camera.X, camera.Y, camera.Z];
        double[] ray = [(cp * cy) + (h * sy) - (v * sp * cy), (cp * sy) - (h * cy) - (v * sp * sy), sp + (v * cp)];

        (depth, int face) = (ray[2] < 0 ? -origin[2] / ray[2] : double.PositiveInfinity, ray[2] < 0 ? 5 : -1);
        bool isFloor = true;
        foreach (double[] box in _boxes)
        {
            (double enter, double leave, int entered) = (double.MinValue, double.MaxValue, 0);
            for (int axis = 0; axis < 3; axis++)
            {
                double a = (box[2 * axis] - origin[axis]) / ray[axis];
                double b = (box[(2 * axis) + 1] - origin[axis]) / ray[axis];
                if (Math.Min(a, b) > enter)
                    (enter, entered) = (Math.Min(a, b), (2 * axis) + (a < b ? 0 : 1));
                leave = Math.Min(leave, Math.Max(a, b));
            }

            if (enter > 0 && enter < leave && enter < depth)
                (depth, face, isFloor) = (enter, entered, false);
        }

        if (face < 0)
            return ToVector(_options.SkyColour);
        double x = origin[0] + (depth * ray[0]), y = origin[1] + (depth * ray[1]), z = origin[2] + (depth * ray[2]);
        if (isFloor)
            return ToVector(_options.FloorColours[ColoursAt(x, y).Floor]) * Tone(x, y, .5, .12);
        if (face == 5)
            return ToVector(_options.WallTopColour);

        double outwards = (face & 1) == 0 ? -1 : 1;
        (double normalX, double normalY) = face < 2 ? (outwards, 0.0) : (0.0, outwards);
        double angle = 25 * Math.PI / 180;
        double light = .8 + (.2 * ((normalX * Math.Cos(angle)) + (normalY * Math.Sin(angle))));
        int wall = ColoursAt(x + (normalX * 1e-6), y + (normalY * 1e-6)).Wall;
        return ToVector(_options.WallColours[wall]) * (float)light * Tone(face < 2 ? y : x, z, .25, .15);
    }

    /// <summary>Between the faces of a border's walls both cells count, and the corridor wins.</summary>
    private MazeAreaColours ColoursAt(double x, double y)
    {
        int[] areas = [.. from a in new[] { x - Half, x + Half }
                          from b in new[] { y - Half, y + Half }
                          select _factors.Layout.AreaOf(Cell(a), Cell(b))];
        return areas.Distinct().Count() > 1 || areas[0] == 0 ? _factors.Corridor : _factors.Rooms[areas[0] - 1];

        static int Cell(double coordinate) => Math.Clamp((int)Math.Floor(coordinate + 3.5), 0, 6);
    }

    private static float Tone(double a, double b, double tile, double contrast) =>
        (Math.Floor(a / tile) + Math.Floor(b / tile)) % 2 == 0 ? 1 : (float)(1 - contrast);

    private static Vector3 ToVector(Rgb colour) => new Vector3(colour.R, colour.G, colour.B) / 255f;
}
