using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

/// <summary>Presets, overrides and impossible values.</summary>
public sealed class ConfigurationTests
{
    [Fact]
    public void PaperPresetHasThePapersConstants()
    {
        var paper = Presets.Create("paper");
        Assert.Equal(64, paper.Model.ImageSize);
        Assert.Equal(16, paper.Model.LatentSize);
        Assert.Equal(256, paper.Model.RepresentationChannels);
        Assert.Equal(12, paper.Model.Layers);
        Assert.Equal(128, paper.Model.Hidden);
        Assert.Equal(3, paper.Model.LatentChannels);
        Assert.Equal(5, paper.Model.Kernel);
        Assert.False(paper.Model.SharedCores);
        Assert.Equal(RepresentationKind.Tower, paper.Model.Representation);
        Assert.Equal(36, paper.Training.Batch);
        Assert.Equal(2_000_000, paper.Training.Steps);
        Assert.Equal(5e-4, paper.Training.LearningRate.At(0));
        Assert.Equal(2.75e-4, paper.Training.LearningRate.At(800_000), 1e-12);
        Assert.Equal(5e-5, paper.Training.LearningRate.At(1_600_000));
        Assert.Equal(5e-5, paper.Training.LearningRate.At(1_999_999));
        Assert.Equal(2.0, paper.Training.Sigma.At(0));
        Assert.Equal(1.35, paper.Training.Sigma.At(100_000), 1e-12);
        Assert.Equal(0.7, paper.Training.Sigma.At(200_000));
        Assert.Equal(0.9f, paper.Training.Adam.Beta1);
        Assert.Equal(0.999f, paper.Training.Adam.Beta2);
        Assert.Equal(1e-8f, paper.Training.Adam.Epsilon);
        Assert.Equal(0f, paper.Training.Adam.ClipNorm);
        Assert.Equal(0f, paper.Training.Adam.WeightDecay);
    }

    [Fact]
    public void SmallPresetIsThePeersSmall()
    {
        var small = Presets.Create("small");
        Assert.Equal((32, 8, 64, 3, 64, 6, 8), (
            small.Model.ImageSize, small.Model.LatentSize, small.Model.Hidden, small.Model.LatentChannels,
            small.Model.RepresentationChannels, small.Model.Layers, small.Training.Batch));
    }

    [Fact]
    public void EveryPresetIsValidAndSurvivesItsFile()
    {
        foreach (var (name, _) in Presets.All)
        {
            var preset = Presets.Create(name);
            preset.Validate();
            Assert.Equal(name, preset.Preset);
            Assert.Equal(preset, RunConfiguration.Parse(preset.ToJson(), name));
        }

        Assert.Contains(Presets.All, preset => preset.Name == Presets.Default);
    }

    [Fact]
    public void OverridesReachEveryKey()
    {
        var tiny = Presets.Create("tiny");
        foreach (var (key, value) in ConfigurationOverrides.List(tiny))
            Assert.Equal(tiny, ConfigurationOverrides.Apply(tiny, [$"{key}={value}"]));
        var changed = ConfigurationOverrides.Apply(
            tiny, ["layers=5", "MODEL.Representation=pool", "learningRate.initial=2e-3", "sharedCores=true"]);
        Assert.Equal((5, RepresentationKind.Pool, 2e-3, true), (
            changed.Model.Layers, changed.Model.Representation, changed.Training.LearningRate.Initial,
            changed.Model.SharedCores));
    }

    [Fact]
    public void ValuesThatMayBeAbsentAreSetAndTakenBack()
    {
        var tiny = Presets.Create("tiny");
        Assert.Contains(("training.trainScenes", "none"), ConfigurationOverrides.List(tiny));
        var some = ConfigurationOverrides.Apply(tiny, ["trainScenes=12", "testScenes=7"]);
        Assert.Equal((12, 7), (some.Training.TrainScenes, some.Training.TestScenes));
        Assert.Equal(tiny, ConfigurationOverrides.Apply(some, ["trainScenes=none", "training.testScenes=None"]));
        var read = ConfigurationOverrides.Apply(tiny, ["training.data=123", "dataset=jaco"]);
        Assert.Equal(("123", "jaco"), (read.Training.Data, read.Training.Dataset));
        Assert.Equal(read, RunConfiguration.Parse(read.ToJson(), "config.json"));
    }

    [Fact]
    public void LatentsAreSteeredOnlyWhereThatIsAskedFor()
    {
        Assert.All(Presets.All, entry =>
        {
            var training = Presets.Create(entry.Name).Training;
            Assert.Equal((0L, 0.0), (training.KlWarmup, training.FreeBits));
            Assert.Equal(1, training.KlWeightAt(0));
        });
        var steered = ConfigurationOverrides.Apply(
            Presets.Create("tiny"), ["klWarmup=40", "freeBits=0.25", "sigma.shape=geometric"]);
        Assert.Equal((40L, 0.25), (steered.Training.KlWarmup, steered.Training.FreeBits));
        Assert.Equal(ScheduleShape.Geometric, steered.Training.Sigma.Shape);
        Assert.Equal(ScheduleShape.Linear, steered.Training.LearningRate.Shape);
        Assert.Equal(steered, RunConfiguration.Parse(steered.ToJson(), "config.json"));
        double[] weights = [.. new double[] { 0, 10, 39, 40, 1000 }.Select(steered.Training.KlWeightAt)];
        Assert.Equal([0, .25, 39 / 40.0, 1, 1], weights);
    }

    /// <summary>Files of runs older than shapes, warm-ups and free bits.</summary>
    [Fact]
    public void ConfigurationsWithoutTheNewerKeysAreRead()
    {
        var paper = Presets.Create("paper");
        var root = System.Text.Json.Nodes.JsonNode.Parse(paper.ToJson())!;
        var training = root["training"]!.AsObject();
        Assert.True(training.Remove("klWarmup") && training.Remove("freeBits"));
        Assert.True(training["sigma"]!.AsObject().Remove("shape"));
        Assert.True(training["learningRate"]!.AsObject().Remove("shape"));
        Assert.Equal(paper, RunConfiguration.Parse(root.ToJsonString(), "config.json"));
    }

    [Theory]
    [InlineData("trainScenes=many", "'many' is not a number")]
    [InlineData("trainScenes=0", "training.trainScenes 0 must be from 1")]
    [InlineData("batch=none", "'none' is not a number")]
    [InlineData("scenes=none", "No scene environment is called 'none'")]
    [InlineData("dataset=jaco", "training.dataset jaco needs training.data")]
    [InlineData("scenesPerFile=0", "training.scenesPerFile 0 must be from 1")]
    [InlineData("refits=3000", "training.refits 3000: write steps that grow")]
    [InlineData("refits=3000:1.2,3000:1.5", "training.refits")]
    [InlineData("refits=3000:0", "training.refits")]
    [InlineData("refits=-1:2", "training.refits")]
    [InlineData("refits=5:1e3", "training.refits")]
    [InlineData("refits=5:2,", "training.refits")]
    [InlineData("warmupSteps=-1", "training.warmupSteps -1 must be at least 0")]
    [InlineData("layer=5", "did you mean 'model.layers'")]
    [InlineData("model.layers", "write key=value")]
    [InlineData("model.layers=many", "'many' is not a number")]
    [InlineData("model.layers=0", "layers 0 must be from 1")]
    [InlineData("model.layers=2.5", "model.layers")]
    [InlineData("sharedCores=maybe", "'maybe' is not true or false")]
    [InlineData("representation=cube", "model.representation")]
    [InlineData("steps=7", "may be")]
    [InlineData("imageSize=30", "imageSize 30 must be a multiple of 8")]
    [InlineData("canvasScale=3", "canvasScale 3 does not divide imageSize 16")]
    [InlineData("canvasScale=8", "4x4 representation, but canvasScale 8 makes a 2x2 latent grid")]
    [InlineData("representationBroadcast=deconvolution", "needs a one-pixel representation")]
    [InlineData("kernel=4", "kernel 4 must be odd")]
    [InlineData("maxContexts=10", "has 10 views and one is the query")]
    [InlineData("sigma.final=0", "training.sigma needs positive")]
    [InlineData("sigma.shape=cubic", "training.sigma.shape")]
    [InlineData("learningRate.shape=7", "training.learningRate.shape")]
    [InlineData("klWarmup=-1", "training.klWarmup -1 must be 0 (off) or steps")]
    [InlineData("klWarmup=2.5", "training.klWarmup")]
    [InlineData("freeBits=-0.1", "training.freeBits -0.1 must be 0 (off) or a finite number")]
    [InlineData("freeBits=1e300", "training.freeBits 1E+300 must be 0 (off) or a finite number")]
    [InlineData("freeBits=much", "'much' is not a number")]
    [InlineData("scenes=shepard-metzler-6", "shepard-metzler-")]
    public void ImpossibleValuesAreNamed(string assignment, string message)
    {
        var exception = Assert.ThrowsAny<ArgumentException>(
            () => ConfigurationOverrides.Apply(Presets.Create("tiny"), [assignment]));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void UnknownPresetNamesTheNearest() => Assert.Contains(
        "did you mean 'small'", Assert.Throws<OptionException>(() => Presets.Create("smal")).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{\"model\":null}")]
    [InlineData("{\"modell\":{}}")]
    [InlineData("{\"model\":{\"layers\":\"x\"}}")]
    public void BrokenConfigurationFilesGiveOneTypedError(string json) =>
        Assert.NotEmpty(Assert.Throws<OptionException>(() => RunConfiguration.Parse(json, "config.json")).Message);
}
