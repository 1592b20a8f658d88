using System.Numerics;
using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Io;
using Xunit;

namespace Gqn.Native.Tests.Data;

/// <summary>The box of the scenes, from cameras alone, and the refusal of boxes that no camera sees.</summary>
public sealed class CameraBoundsTests
{
    private const float FieldOfView = 50;

    [Theory]
    [InlineData(2.5f, 1f)]
    [InlineData(4f, -.5f)]
    [InlineData(.4f, .2f)]
    public void CamerasOnARingThatLookAtAPointStandAroundIt(float radius, float height)
    {
        var centre = new Vector3(3f, -2.25f, .5f);
        List<Camera> cameras = [.. Enumerable.Range(0, 24).Select(i =>
        {
            float angle = i * (MathF.Tau / 24);
            return LookingAt(centre, centre + Around(angle, radius, height));
        })];
        var bounds = CameraBounds.Of(cameras);
        AssertNear(centre, bounds.Centre, 1e-3f);
        float reach = MathF.Sqrt((radius * radius) + (height * height)) * MathF.Tan(FieldOfView * MathF.PI / 360);
        AssertNear(new Vector3(2 * reach), bounds.Size, 1e-3f);
    }

    [Fact]
    public void AFewCamerasThatLookElsewhereDoNotMatter()
    {
        var centre = new Vector3(1, 1, 0);
        var random = new RandomStream(1, 1);
        List<Camera> cameras = [.. Enumerable.Range(0, 40).Select(i =>
        {
            float angle = random.NextSingle(0, MathF.Tau), away = random.NextSingle(2.5f, 3.5f);
            var camera = LookingAt(centre, centre + Around(angle, away, random.NextSingle(.2f, 1)));
            return i % 20 == 7 ? camera with { Yaw = camera.Yaw + 1.2f } : camera;
        })];
        AssertNear(centre, CameraBounds.Of(cameras).Centre, .3f);
    }

    [Fact]
    public void CamerasThatWalkAboutAreInTheirSceneAndAQuarterFromItsBorder()
    {
        var random = new RandomStream(2, 1);
        List<Camera> cameras = [.. Enumerable.Range(0, 60).Select(_ => new Camera(
            random.NextSingle(-3, 5), random.NextSingle(0, 2), .5f, random.NextSingle(-3, 3), 0, FieldOfView))];
        var bounds = CameraBounds.Of(cameras);
        float extent = cameras.Max(c => c.X) - cameras.Min(c => c.X);
        var margin = new Vector3(.25f * extent);
        AssertNear(
            new Vector3(cameras.Min(c => c.X), cameras.Min(c => c.Y), .5f) - margin, bounds.Low, 1e-5f);
        AssertNear(
            new Vector3(cameras.Max(c => c.X), cameras.Max(c => c.Y), .5f) + margin, bounds.High, 1e-5f);
    }

    [Fact]
    public void CamerasThatLookAwayFromAPointDoNotStandAroundIt()
    {
        List<Camera> cameras = [.. Enumerable.Range(0, 12).Select(i =>
        {
            float angle = i * (MathF.Tau / 12);
            return new Camera(2 * MathF.Cos(angle), 2 * MathF.Sin(angle), 1, angle, 0, FieldOfView);
        })];
        var bounds = CameraBounds.Of(cameras);
        AssertNear(new Vector3(-3, -3, 0), bounds.Low, 1e-4f);
        AssertNear(new Vector3(3, 3, 2), bounds.High, 1e-4f);
    }

    /// <summary>Lines of sight that are identical or parallel have no meeting point.</summary>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(5, 0)]
    [InlineData(5, .5f)]
    public void OneCameraOrParallelOnesGiveABoxAllTheSame(int count, float apart)
    {
        List<Camera> cameras = [.. Enumerable.Range(0, count).Select(
            i => new Camera(1, 2 + (i * apart), 3, .3f, -.1f, FieldOfView))];
        var bounds = CameraBounds.Of(cameras);
        var size = new Vector3(2, 2 + ((count - 1) * apart), 2);
        if (apart > 0)
            size = new Vector3(0, 2, 0) + (2 * .25f * 2 * Vector3.One);
        AssertNear(size, bounds.Size, 1e-5f);
        Assert.True(Vector3.Min(bounds.Low, new Vector3(1, 2, 3)) == bounds.Low);
        var options = Volume(bounds);
        Assert.Contains(cameras, camera => ViewGeometry.Of(options)!.IsInSight(camera));
    }

    [Fact]
    public void NoCamerasAreNoBox() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => CameraBounds.Of([]));

    /// <summary>The environment of files with a name of one's own is unknown.</summary>
    [Theory]
    [InlineData("shepard-metzler-5", 1.2426f)]
    [InlineData("rooms-ring", 0f)]
    [InlineData("mazes", 0f)]
    public void FilesOfAnUnknownNameAreAskedForTheirCameras(string environment, float reach)
    {
        using var folder = new TemporaryFolder();
        var writer = new GqnDatasetWriter(folder["sets"], environment, SceneSplit.Train, 3, 3);
        writer.RenderFile(
            0, Environments.Create(environment), SceneSplit.Train, 16, FrameFormat.Png,
            cancellation: TestContext.Current.CancellationToken);
        var known = new RecordedScenes(GqnDataset.Open(folder["sets"], null, SceneSplit.Train)).FindBounds();
        var world = Environments.Create(environment);
        Assert.Equal((world.Bounds, world.UsualGridWidth), known);

        Directory.Move(folder[$"sets/{GqnDatasetInfo.NameOf(environment)}"], folder["sets/mine"]);
        var source = new RecordedScenes(GqnDataset.Open(folder["sets"], "mine", SceneSplit.Train));
        var (bounds, width) = source.FindBounds();
        Assert.Equal(16, width);
        if (reach > 0)
        {
            AssertNear(Vector3.Zero, bounds.Centre, 1e-3f);
            AssertNear(new Vector3(2 * reach), bounds.Size, 1e-3f);
        }

        // Cameras in rooms stand inside them, so that the middle of the rooms is in the box.
        Assert.True(Vector3.Min(bounds.Low, new Vector3(0, 0, .5f)) == bounds.Low);
        Assert.True(Vector3.Max(bounds.High, new Vector3(0, 0, .5f)) == bounds.High);
        SceneSight.Require(source, ViewGeometry.Of(Volume(bounds))!);
    }

    [Theory]
    [InlineData(100, 100)]
    [InlineData(0, 50)]
    public void ABoxThatNoCameraSeesIsRefusedWithASentence(float x, float z)
    {
        var source = new RenderedScenes(Environments.Create("rooms-ring"), SceneSplit.Train);
        var bounds = new SceneBounds(new Vector3(x, 0, z), new Vector3(x + 1, 1, z + 1));
        var refusal = Assert.Throws<OptionException>(
            () => SceneSight.Require(source, ViewGeometry.Of(Volume(bounds))!));
        Assert.Matches(
            "^No camera of the first 16 scenes of rooms-ring sees anything of the box from <.*> to <.*>: set "
                + "model.bounds.minX, .*maxZ to where the scenes are.$",
            refusal.Message);
        var seen = source.FindBounds().Bounds;
        SceneSight.Require(source, ViewGeometry.Of(Volume(seen))!);
    }

    [Fact]
    public void ABoxBehindTheCameraIsNotInSight()
    {
        var geometry = ViewGeometry.Of(Volume(new SceneBounds(new Vector3(-1), new Vector3(1))))!;
        var camera = LookingAt(Vector3.Zero, new Vector3(3, 1, 1));
        Assert.True(geometry.IsInSight(camera));
        Assert.False(geometry.IsInSight(camera with { Yaw = camera.Yaw + MathF.PI, Pitch = -camera.Pitch }));
    }

    private static ModelOptions Volume(SceneBounds bounds) => new ModelOptions
    {
        Representation = RepresentationKind.Volume,
    }.WithScenes(bounds, 8);

    private static Camera LookingAt(Vector3 point, Vector3 from)
    {
        var offset = point - from;
        float level = MathF.Sqrt((offset.X * offset.X) + (offset.Y * offset.Y));
        return new Camera(
            from.X, from.Y, from.Z, MathF.Atan2(offset.Y, offset.X), MathF.Atan2(offset.Z, level), FieldOfView);
    }

    private static Vector3 Around(float angle, float radius, float height) =>
        new(radius * MathF.Cos(angle), radius * MathF.Sin(angle), height);

    private static void AssertNear(Vector3 expected, Vector3 actual, float tolerance) =>
        Assert.True((expected - actual).Length() <= tolerance, $"{actual}, not {expected}");
}
