using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Io;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

/// <summary>Training on finite sets: rendered or from files, whole or resumed, the weights are the same.</summary>
public sealed class DatasetTrainingTests : IDisposable
{
    private const int TrainScenes = 22, TestScenes = 10, ScenesPerFile = 8, ImageSize = 16;

    private static readonly string[] Common =
        ["training.steps=14", "training.shuffleBuffer=6", $"training.scenesPerFile={ScenesPerFile}"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("shepard-metzler-5")]
    [InlineData("rooms-ring")]
    public void SameScenesGiveTheSameWeightsWhicheverWayTheyArrive(string environment)
    {
        WriteFiles(environment);
        var rendered = Train("rendered", 2, RenderedOverrides(environment));
        var read = Train("read", 1, DataOverrides);
        Assert.Equal(rendered.Weights, read.Weights);
        Assert.Equal(TrainerTests.Metrics(_folder["rendered"]), TrainerTests.Metrics(_folder["read"]));
        Assert.Equal(rendered.Evaluation with { Scenes = read.Evaluation.Scenes }, read.Evaluation, Same);
        Assert.Equal(GqnDatasetInfo.NameOf(environment), read.Evaluation.Scenes);

        var endless = Train("endless", 2, [.. Common, $"training.scenes={environment}"]);
        Assert.NotEqual(endless.Weights, read.Weights);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(11)]
    public void AnInterruptedRunOnFilesEqualsAnUninterruptedOne(int stopAt)
    {
        WriteFiles("shepard-metzler-5");
        var whole = Train("whole", 1, DataOverrides);
        using (var source = new CancellationTokenSource())
        {
            var observer = new TrainerTests.Observer
            {
                OnStep = step =>
                {
                    if (step == stopAt)
                        source.Cancel();
                },
            };
            TrainerTests.Run(_folder["parts"], 2, observer, source.Token, DataOverrides);
        }

        Assert.Equal(whole.Weights, Train("parts", 2, DataOverrides).Weights);
    }

    [Fact]
    public void ADataSetWithTooFewViewsOrWithoutATestSetIsRefused()
    {
        WriteFiles("shepard-metzler-5");
        var error = Assert.Throws<OptionException>(
            () => Train("views", 1, [.. DataOverrides, "training.maxContexts=15"]));
        Assert.Contains("maxContexts 15 must be from 1 to 14: a scene of shepard_metzler_5_parts", error.Message,
            StringComparison.Ordinal);
        Directory.Delete(_folder["sets/shepard_metzler_5_parts/test"], recursive: true);
        Assert.Contains(
            "has no folder 'test'; training.holdout=0.05 would hold out a share of its training scenes",
            Assert.Throws<DatasetException>(() => Train("test", 1, DataOverrides)).Message, StringComparison.Ordinal);
    }

    /// <summary>Of 22 scenes in files of 8, 8 and 6, with a fifth held out.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(9)]
    public void ARunThatHoldsOutAShareOfItsScenesGoesOnExactly(int stopAt)
    {
        WriteFiles("shepard-metzler-5");
        Directory.Delete(_folder["sets/shepard_metzler_5_parts/test"], recursive: true);
        string[] overrides = [.. DataOverrides, "training.holdout=0.2"];
        var whole = Train("whole", 1, overrides);
        using (var source = new CancellationTokenSource())
        {
            var observer = new TrainerTests.Observer
            {
                OnStep = step =>
                {
                    if (step == stopAt)
                        source.Cancel();
                },
            };
            TrainerTests.Run(_folder["parts"], 2, observer, source.Token, overrides);
        }

        var parts = Train("parts", 2, overrides);
        Assert.Equal(whole.Weights, parts.Weights);
        Assert.Equal(whole.Evaluation, parts.Evaluation, Same);
        Assert.NotEqual(whole.Weights, Train("other", 1, [.. DataOverrides, "training.holdout=0.4"]).Weights);
    }

    [Fact]
    public void HeldOutScenesAreNeverLearnt()
    {
        WriteFiles("shepard-metzler-5");
        var training = new TrainingOptions { Data = _folder["sets"], Holdout = 0.2 };
        ulong[] learnt = Indices(SceneSplit.Train), held = Indices(SceneSplit.Test);
        Assert.Equal(TrainScenes, learnt.Length + held.Length);
        Assert.InRange(held.Length, 3, 6);
        Assert.Empty(learnt.Intersect(held));

        // What training and evaluations read is the same as what the data set's parts hold.
        var batch = SceneBatches.EvaluationBatch(training.OpenScenes(SceneSplit.Test), ImageSize, held.Length, 1, 1);
        Assert.Equal(held.Length, batch.SceneIndices.Distinct().Count());
        Assert.Contains("from 1 to 14", Assert.Throws<OptionException>(
            () => (training with { MaxContexts = 15 }).OpenScenes(SceneSplit.Test)).Message, StringComparison.Ordinal);

        ulong[] Indices(SceneSplit split)
        {
            var dataset = training.OpenDataset(split);
            return
            [
                .. Enumerable.Range(0, dataset.Files.Count).SelectMany(dataset.ReadFile)
                    .Select(record => record.Index!.Value),
            ];
        }
    }

    [Fact]
    public void AShareIsForDataSets()
    {
        var rendered = new RunConfiguration { Training = new TrainingOptions { Holdout = 0.05 } };
        Assert.Contains("training.holdout 0.05 is for data sets", Assert.Throws<OptionException>(rendered.Validate)
            .Message, StringComparison.Ordinal);
        foreach (double share in new[] { 0, 1, -0.1, double.NaN })
        {
            var read = new RunConfiguration { Training = new TrainingOptions { Data = "a", Holdout = share } };
            Assert.Contains("must be above 0 and below 1", Assert.Throws<OptionException>(read.Validate).Message,
                StringComparison.Ordinal);
        }
    }

    private string[] DataOverrides => [.. Common, $"training.data={_folder["sets"]}"];

    private static string[] RenderedOverrides(string environment) =>
    [
        .. Common, $"training.scenes={environment}", $"training.trainScenes={TrainScenes}",
        $"training.testScenes={TestScenes}",
    ];

    private void WriteFiles(string environment)
    {
        foreach (var (split, scenes) in new[] { (SceneSplit.Train, TrainScenes), (SceneSplit.Test, TestScenes) })
        {
            var writer = new GqnDatasetWriter(_folder["sets"], environment, split, scenes, ScenesPerFile);
            for (int file = 0; file < writer.Layout.Files; file++)
                writer.RenderFile(file, Environments.Create(environment), split, ImageSize, FrameFormat.Png);
        }
    }

    private (float[] Weights, EvaluationReport Evaluation) Train(string run, int threads, params string[] overrides)
    {
        Assert.Equal(TrainingOutcome.Completed, TrainerTests.Run(
            _folder[run], threads, new TrainerTests.Observer(), CancellationToken.None, overrides));
        using var device = new CpuDevice(1);
        using var model = TrainedModel.Load(_folder[run], device);
        var store = model.Network.Parameters;
        var weights = new List<float>();
        foreach (var parameter in store.Parameters)
        {
            float[] values = new float[parameter.Shape.Count];
            store.Read(store.Values, parameter, values);
            weights.AddRange(values);
        }

        using var evaluator = new Evaluator(model.Network, device, model.Configuration);
        return ([.. weights], evaluator.Evaluate([1, 3], 14, model.Step));
    }

    private static bool Same(EvaluationReport a, EvaluationReport b) => a.ToJson() == b.ToJson();
}
