using System.Numerics;
using Gqn.Native.Scenes;
using Gqn.Native.Scenes.Rendering;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

/// <summary>Which pixels of a query the contexts show: constructed cases with known answers, and all environments
/// against single rays.</summary>
public sealed class VisibilityTests
{
    private const int Size = 33;

    private static readonly SceneEnvironment Five = Environments.Create("shepard-metzler-5");

    public static TheoryData<string> EnvironmentNames => [.. Environments.Names];

    [Fact]
    public void OfAWallBetweenTwoCamerasEachSeesWhatTheOtherDoesNot()
    {
        var scene = Made(new Box(new Vector3(-.1f, -1, -1), new Vector3(.1f, 1, 1), Vector3.One));
        Camera left = new(-3, 0, 0, 0, 0, 45), right = new(3, 0, 0, MathF.PI, 0, 45);
        var pixels = Classify(scene, left, Size, right);
        Assert.Equal(Parts(scene, left, Size).Select(Hidden), pixels);
        Assert.InRange(pixels.Count(pixel => pixel == PixelVisibility.Hidden), Size * Size / 2, (Size * Size) - 1);
        // Without cameras nothing is seen, and a camera that faces away sees none of it.
        Assert.Equal(pixels, Classify(scene, left, Size));
        Assert.Equal(pixels, Classify(scene, left, Size, left with { Yaw = MathF.PI }));

        static PixelVisibility Hidden(byte part) => part == 0 ? PixelVisibility.Nothing : PixelVisibility.Hidden;
    }

    /// <summary>A screen halfway to a back wall: its shadow, as the context sees it, is twice its size on the wall, and
    /// the wall extends beyond the context's picture.</summary>
    [Theory]
    [InlineData(16)]
    [InlineData(33)]
    [InlineData(64)]
    [InlineData(200)]
    public void OfABackWallHiddenIsWhatLiesBehindAScreenOrOutsideThePicture(int size)
    {
        Box screen = new(new Vector3(2, -.3f, -.2f), new Vector3(2.001f, .3f, .2f), Vector3.One);
        var scene = Made(screen, new Box(new Vector3(4, -9, -9), new Vector3(5, 9, 9), Vector3.One));
        Camera query = new(.5f, 1.1f, .3f, -.1f, 0, 60), context = new(0, 0, 0, 0, 0, 45);
        byte[] parts = Parts(scene, query, size);
        var pixels = Classify(scene, query, size, context);
        float border = 4 * MathF.Tan(MathF.PI / 8), pixel = 2 * border / Math.Max(size, 150);
        int hidden = 0, visible = 0;
        for (int i = 0; i < pixels.Length; i++)
        {
            var ray = new PinholeView(query, size).Ray((i % size) + .5f, (i / size) + .5f);
            float y = query.Y + (ray.Y * 3.5f / ray.X), z = query.Z + (ray.Z * 3.5f / ray.X);
            // Depth inside the shadow and inside the picture, in units on the wall.
            float shadow = MathF.Min(.6f - MathF.Abs(y), .4f - MathF.Abs(z));
            float picture = border - MathF.Max(MathF.Abs(y), MathF.Abs(z));
            bool isBorder = MathF.Min(MathF.Abs(shadow), MathF.Abs(picture)) < pixel;
            if (parts[i] != 2 || isBorder)
                continue;
            bool seen = shadow < 0 && picture > 0;
            Assert.Equal((i, seen ? PixelVisibility.Visible : PixelVisibility.Hidden), (i, pixels[i]));
            (hidden, visible) = seen ? (hidden, visible + 1) : (hidden + 1, visible);
        }

        Assert.True(hidden > pixels.Length / 10 && visible > pixels.Length / 10, $"{hidden} hidden, {visible} visible");
        Assert.All(Enumerable.Range(0, parts.Length).Where(i => parts[i] == 1), i => Assert.Equal(
            PixelVisibility.Visible, pixels[i]));
    }

    /// <summary>In a room with a single ball, a camera sees the points of the ball whose normals lean towards it; of
    /// the walls, which are visible from inside only, it sees all but the one behind which it stands.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(.5f)]
    [InlineData(.25f)]
    public void OfABallInARoomACameraAcrossSeesTheFarSide(float turns)
    {
        var ball = new RoomObject(RoomShape.Sphere, new HsvColour(0, 1, 1), 1.4f, .2f, -.3f);
        var environment = new Rooms(RoomCameras.Ring);
        var factors = ((RoomFactors)environment.Sample(SceneSplit.Test, 0).Factors) with { Objects = [ball] };
        var cameras = environment.FixedViews(4);
        Camera query = cameras[0], context = cameras[(int)(turns * 4) % 4];
        var scene = environment.Compose(factors, cameras);
        byte[] parts = Parts(scene, query, 64);
        float[] depth = Depth(scene, query, 64);
        var pixels = Classify(scene, query, 64, context);
        float radius = ball.Size * environment.Options.Shapes.SphereRadius;
        int hidden = 0, visible = 0;
        for (int i = 0; i < pixels.Length; i++)
        {
            Assert.Equal(float.IsPositiveInfinity(depth[i]), pixels[i] == PixelVisibility.Nothing);
            var at = PointOf(query, 64, i, depth[i]);
            if (turns == .5f && at.X > 3.49f && parts[i] == 0 && float.IsFinite(depth[i]))
                Assert.Equal(PixelVisibility.Hidden, pixels[i]);
            if (parts[i] == 0)
                continue;
            var normal = (at - new Vector3(ball.X, ball.Y, radius)) / radius;
            float lean = Vector3.Dot(normal, Vector3.Normalize(PositionOf(context) - at));
            // Nearer than one pixel of the depth map to the outline that the context sees.
            if (MathF.Abs(lean) < .35f)
                continue;
            Assert.Equal((i, lean > 0 ? PixelVisibility.Visible : PixelVisibility.Hidden), (i, pixels[i]));
            (hidden, visible) = lean > 0 ? (hidden, visible + 1) : (hidden + 1, visible);
        }

        Assert.True(turns == .5f ? visible == 0 : visible > 30, $"{hidden} hidden, {visible} visible");
        Assert.True(turns == 1 ? hidden == 0 : hidden > 30, $"{hidden} hidden, {visible} visible");
    }

    [Theory]
    [MemberData(nameof(EnvironmentNames))]
    public void WhatACameraSeesItselfIsVisible(string name)
    {
        var environment = Environments.Create(name);
        for (ulong index = 0; index < 6; index++)
        {
            var scene = environment.Sample(SceneSplit.Test, index);
            for (int view = 0; view < 3; view++)
            {
                var camera = scene.Cameras[view];
                int size = view == 0 ? 64 : view == 1 ? 32 : 16;
                var pixels = Classify(scene, camera, size, scene.Cameras[view + 3], camera);
                Assert.Equal(
                    Depth(scene, camera, size).Select(depth =>
                        float.IsFinite(depth) ? PixelVisibility.Visible : PixelVisibility.Nothing),
                    pixels);
            }
        }
    }

    /// <summary>For each pixel and each context, a picture so narrow that it shows only the point and its surroundings
    /// within a pixel. If all its rays agree, the answer must agree with them.</summary>
    [Theory]
    [MemberData(nameof(EnvironmentNames))]
    public void AgreesWithRaysToEachPoint(string name)
    {
        var environment = Environments.Create(name);
        int hidden = 0, visible = 0, falselyHidden = 0, unclear = 0;
        for (ulong index = 0; index < 6; index++)
        {
            var scene = environment.Sample(SceneSplit.Test, index);
            var query = scene.Cameras[0];
            // The views of a maze are rooms apart; one that overlaps has to be constructed.
            Camera[] contexts =
                [scene.Cameras[2], name == "mazes" ? query with { Yaw = query.Yaw + .4f } : scene.Cameras[5]];
            float[] depth = Depth(scene, query, Size);
            var pixels = Classify(scene, query, Size, contexts);
            for (int i = 0; i < pixels.Length; i++)
            {
                Assert.Equal(float.IsPositiveInfinity(depth[i]), pixels[i] == PixelVisibility.Nothing);
                if (float.IsPositiveInfinity(depth[i]))
                    continue;
                var point = PointOf(query, Size, i, depth[i]);
                bool?[] answers = [.. contexts.Select(context => ReachesFrom(scene, context, point))];
                if (answers.Contains(true))
                {
                    visible++;
                    if (pixels[i] != PixelVisibility.Visible)
                        falselyHidden++;
                }
                else if (answers.Contains(null))
                {
                    unclear++;
                }
                else
                {
                    hidden++;
                    Assert.Equal((index, i, PixelVisibility.Hidden), (index, i, pixels[i]));
                }
            }
        }

        string counts = $"{hidden} hidden, {visible} visible, {falselyHidden} falsely hidden, {unclear} unclear";
        Assert.True(hidden > 25 && visible > 250 && unclear < (hidden + visible) / 3, counts);
        // Creases between surfaces, for example of floor and wall, may be missed by the tolerance.
        Assert.True(falselyHidden < visible / 100, counts);
    }

    [Theory]
    [MemberData(nameof(EnvironmentNames))]
    public void MoreContextsHideNothing(string name)
    {
        var scene = Environments.Create(name).Sample(SceneSplit.Test, 3);
        var before = Classify(scene, scene.Cameras[9], Size);
        Camera[] contexts = [.. scene.Cameras[..5], scene.Cameras[9]];
        for (int count = 1; count <= contexts.Length; count++)
        {
            var after = Classify(scene, scene.Cameras[9], Size, contexts[..count]);
            Assert.All(Enumerable.Range(0, after.Length), i => Assert.True(
                after[i] == before[i]
                || (before[i] == PixelVisibility.Hidden && after[i] == PixelVisibility.Visible)));
            before = after;
        }
        // The last of them is the query itself.
        Assert.Contains(PixelVisibility.Visible, before);
        Assert.DoesNotContain(PixelVisibility.Hidden, before);
    }

    [Fact]
    public void SizesAreChecked()
    {
        var scene = Five.Sample(SceneSplit.Test, 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => Classify(scene, scene.Cameras[0], 7));
        Assert.Throws<ArgumentException>(
            () => Visibility.Classify(scene, scene.Cameras[0], [], 16, new PixelVisibility[255]));
        Assert.Equal(256 * 256, Classify(scene, scene.Cameras[0], 256, scene.Cameras[1]).Length);
    }

    private static Scene Made(params Box[] boxes)
    {
        var light = new Lighting(Vector3.UnitZ, .5f, .3f, 1.3f);
        return new Scene(
            Five, SceneSplit.Test, 0, Five.Sample(SceneSplit.Test, 0).Factors, [], new PolycubeGeometry(boxes, light));
    }

    private static PixelVisibility[] Classify(Scene scene, in Camera query, int size, params Camera[] contexts)
    {
        var pixels = new PixelVisibility[size * size];
        Visibility.Classify(scene, query, contexts, size, pixels);
        return pixels;
    }

    private static byte[] Parts(Scene scene, in Camera camera, int size)
    {
        byte[] parts = new byte[size * size];
        scene.Render(camera, size, new byte[size * size * 3], parts);
        return parts;
    }

    private static float[] Depth(Scene scene, in Camera camera, int size)
    {
        float[] depth = new float[size * size];
        scene.Render(camera, size, new byte[size * size * 3], default, depth);
        return depth;
    }

    private static Vector3 PositionOf(in Camera camera) => new(camera.X, camera.Y, camera.Z);

    private static Vector3 PointOf(in Camera camera, int size, int pixel, float depth) => PositionOf(camera)
        + (depth * new PinholeView(camera, size).Ray((pixel % size) + .5f, (pixel / size) + .5f));

    /// <summary>Whether a point lies in a camera's picture and the rays to it and around it end there; null if they
    /// disagree.</summary>
    private static bool? ReachesFrom(Scene scene, in Camera camera, Vector3 point)
    {
        const int Narrow = 9;
        var way = point - PositionOf(camera);
        bool inFront = new PinholeView(camera, 64).Project(way.X, way.Y, way.Z, out float column, out float row);
        if (!inFront || column is < -1 or > 65 || row is < -1 or > 65)
            return false;
        var aimed = camera with
        {
            Yaw = MathF.Atan2(way.Y, way.X),
            Pitch = MathF.Atan2(way.Z, MathF.Sqrt((way.X * way.X) + (way.Y * way.Y))),
            FieldOfViewDegrees = .6f,
        };
        float[] seen = Depth(scene, aimed, Narrow);
        float distance = way.Length();
        bool isEdge = column is < 1 or > 63 || row is < 1 or > 63;
        if (Array.TrueForAll(seen, depth => depth < .99f * distance))
            return false;
        if (Array.TrueForAll(seen, depth => depth > 1.01f * distance))
            return false;
        bool isThere = MathF.Abs(seen[Narrow * Narrow / 2] - distance) < 1e-3f * distance;
        return isThere && !isEdge && Array.TrueForAll(seen, depth => MathF.Abs(depth - distance) < .1f * distance)
            ? true
            : null;
    }
}
