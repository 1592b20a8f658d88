using System.Text.Json.Nodes;
using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Io;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

/// <summary>The sources of the scenes' box and of the volume's grid in a configuration.</summary>
public sealed class SceneGeometryConfigurationTests
{
    private static readonly string[] Volume = ["model.representation=volume"];

    /// <summary>Width, height and the box's least and greatest z.</summary>
    [Theory]
    [InlineData("rooms-ring", 16, 4, 0)]
    [InlineData("rooms-free", 16, 4, 0)]
    [InlineData("rooms-free-rotating", 16, 4, 0)]
    [InlineData("jaco", 16, 6, 0)]
    [InlineData("shepard-metzler-5", 12, 12, -1)]
    [InlineData("shepard-metzler-7", 12, 12, -1.22)]
    [InlineData("mazes", 21, 3, 0)]
    public void AnEnvironmentKnowsItsBoxAndItsGrid(string scenes, int width, int height, double minZ)
    {
        var completed = Apply([.. Volume, $"training.scenes={scenes}"]).WithScenes();
        var bounds = Environments.Create(scenes).Bounds;
        Assert.Equal((width, height), (completed.Model.Volume.Across, completed.Model.Volume.Up));
        Assert.Equal(minZ, completed.Model.Bounds.MinZ!.Value, 1e-9);
        AssertClose(bounds, completed.Model.Bounds.ToBounds());
        Assert.Equal(completed, RunConfiguration.Parse(completed.ToJson(), "config.json"));
        Assert.Equal(completed, completed.WithScenes());
    }

    [Fact]
    public void NetworksThatNeedNoGeometryStayWithoutIt()
    {
        var tiny = Presets.Create("tiny");
        Assert.Same(tiny, tiny.WithScenes());
        // Rays need only the box; the volume's sizes do no harm.
        var rays = Apply("model.viewBroadcast=rays").WithScenes();
        Assert.NotNull(rays.Model.Bounds.MaxX);
        Assert.NotNull(ViewGeometry.Of(rays.Model));
    }

    [Fact]
    public void WhatOptionsSayStays()
    {
        var completed = Apply(
            [.. Volume, "training.scenes=rooms-ring", "model.bounds.minX=-2", "bounds.maxZ=1.5", "volume.width=8"])
            .WithScenes();
        var bounds = completed.Model.Bounds.ToBounds();
        var own = Environments.Create("rooms-ring").Bounds;
        Assert.Equal((-2f, own.High.X, 1.5f, own.Low.Z), (bounds.Low.X, bounds.High.X, bounds.High.Z, bounds.Low.Z));
        Assert.Equal((8, 2), (completed.Model.Volume.Across, completed.Model.Volume.Up));
        Assert.Equal(
            7, Apply([.. Volume, "volume.height=7"]).WithScenes().Model.Volume.Up);
        Assert.Equal(Apply(Volume), Apply([.. Volume, "model.bounds.minX=-2", "model.bounds.minX=none"]));
    }

    [Theory]
    [InlineData("model.bounds.minX=4", "model.bounds.maxX 3.5 must be above model.bounds.minX 4")]
    [InlineData("model.bounds.maxZ=-1", "model.bounds.maxZ -1 must be above model.bounds.minZ 0")]
    public void AnEmptyBoxIsNamed(string assignment, string message) => Assert.Contains(
        message,
        Assert.Throws<OptionException>(
            () => Apply([.. Volume, "training.scenes=rooms-ring", assignment]).WithScenes()).Message,
        StringComparison.Ordinal);

    [Fact]
    public void ABoxWhereNothingIsIsRefused()
    {
        var refusal = Assert.Throws<OptionException>(() => Apply(
            [.. Volume, "training.scenes=rooms-ring", "model.bounds.minZ=50", "model.bounds.maxZ=60"]).WithScenes());
        Assert.Contains(
            "No camera of the first 16 scenes of rooms-ring sees", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsMissingIsNamed()
    {
        Assert.Contains(
            "model.bounds.minX is missing: give the box",
            Assert.Throws<OptionException>(() => ViewGeometry.Of(Apply(Volume).Model)).Message,
            StringComparison.Ordinal);
        string[] bounds = ["minX=-1", "maxX=1", "minY=-1", "maxY=1", "minZ=0", "maxZ=1"];
        var boxed = Apply([.. Volume, .. bounds.Select(side => $"model.bounds.{side}")]);
        Assert.Contains(
            "volume.width is missing",
            Assert.Throws<OptionException>(() => ViewGeometry.Of(boxed.Model)!.CreateContexts(1, false)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("volume.width=1", "volume.width 1 must be from 2 to 128")]
    [InlineData("volume.height=129", "volume.height 129 must be from 2 to 128")]
    [InlineData("volume.channels=1", "volume.channels 1 must be from 9")]
    [InlineData("rayChannels=0", "volume.rayChannels 0 must be from 1")]
    [InlineData("depthBins=1", "volume.depthBins 1 must be from 2")]
    [InlineData("raysPerCell=5", "volume.raysPerCell 5 must be from 1 to 4")]
    [InlineData("rayPoints=1", "volume.rayPoints 1 must be from 2")]
    [InlineData("fieldOfViewDegrees=180", "fieldOfViewDegrees 180 must be between 0 and 180")]
    [InlineData("repeatedQueries=1.5", "training.repeatedQueries 1.5 must be from 0 to 1")]
    [InlineData("representationBroadcast=rays", "representationBroadcast must be tile or deconvolution")]
    [InlineData("representationBroadcast=deconvolution", "needs a one-pixel representation")]
    public void ImpossibleValuesAreNamed(string assignment, string message) => Assert.Contains(
        message, Assert.Throws<OptionException>(() => Apply([.. Volume, assignment])).Message,
        StringComparison.Ordinal);

    [Fact]
    public void DataSetsOfAReleasedNameHaveTheirEnvironmentsBoxAndOthersTheirCameras()
    {
        using var folder = new TemporaryFolder();
        foreach (var split in (SceneSplit[])[SceneSplit.Train, SceneSplit.Test])
        {
            var writer = new GqnDatasetWriter(folder["sets"], "shepard-metzler-5", split, 3, 3);
            writer.RenderFile(
                0, Environments.Create("shepard-metzler-5"), split, 16, FrameFormat.Png,
                cancellation: TestContext.Current.CancellationToken);
        }

        string[] options = [.. Volume, $"training.data={folder["sets"]}"];
        var known = Apply(options).WithScenes().Model;
        AssertClose(Environments.Create("shepard-metzler-5").Bounds, known.Bounds.ToBounds());
        Assert.Equal((12, 12), (known.Volume.Across, known.Volume.Up));

        Directory.Move(folder["sets/shepard_metzler_5_parts"], folder["sets/mine"]);
        var own = Apply(options).WithScenes().Model;
        // Cameras at distance 3 with a field of view of 45 degrees.
        Assert.Equal(3 * Math.Tan(Math.PI / 8), own.Bounds.MaxX!.Value, 2e-3);
        Assert.Equal(-3 * Math.Tan(Math.PI / 8), own.Bounds.MinZ!.Value, 2e-3);
        Assert.Equal((16, 16), (own.Volume.Across, own.Volume.Up));

        // A field of view given as an option is that of the pictures, and therefore shapes the box.
        var wide = Apply([.. options, "fieldOfViewDegrees=60"]).WithScenes().Model;
        Assert.Equal(3 * Math.Tan(Math.PI / 6), wide.Bounds.MaxX!.Value, 2e-3);
    }

    [Fact]
    public void ARunKeepsItsBox()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(1);
        var configuration = TrainerTests.Configuration(
            [.. TrainerTests.Volume, "model.bounds.minX=-2", "training.steps=2"]);
        TrainerTests.Run(
            folder["run"], device, configuration, new TrainerTests.Observer(), CancellationToken.None);
        var saved = new RunDirectory(folder["run"]).ReadConfiguration();
        Assert.Equal(configuration, saved);
        Assert.Equal(-2, saved.Model.Bounds.MinX);
        using var model = TrainedModel.Load(folder["run"], device);
        Assert.Equal(configuration.Model, model.Configuration.Model);
    }

    [Fact]
    public void ConfigurationsFromBeforeTheseKeysAreRead()
    {
        var tiny = Presets.Create("tiny");
        var old = JsonNode.Parse(tiny.ToJson())!;
        var model = old["model"]!.AsObject();
        foreach (string key in (string[])["volume", "bounds", "fieldOfViewDegrees", "heInitialization"])
            Assert.True(model.Remove(key), key);
        Assert.True(old["training"]!.AsObject().Remove("repeatedQueries"));
        Assert.Equal(tiny, RunConfiguration.Parse(old.ToJsonString(), "config.json"));
        model["volume"] = null;
        Assert.Throws<OptionException>(() => RunConfiguration.Parse(old.ToJsonString(), "config.json"));
    }

    private static RunConfiguration Apply(params string[] assignments) =>
        ConfigurationOverrides.Apply(Presets.Create("tiny"), assignments);

    private static void AssertClose(SceneBounds expected, SceneBounds actual)
    {
        Assert.True((expected.Low - actual.Low).Length() < 1e-4f, $"{actual}, not {expected}");
        Assert.True((expected.High - actual.High).Length() < 1e-4f, $"{actual}, not {expected}");
    }
}
