using System.Text.Json;
using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Imaging;
using Gqn.Native.Scenes;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Cli;

/// <summary>Evaluations on other scenes than those of the run, and on scenes that are easy to a fault.</summary>
public sealed class EvalElsewhereTests(TrainedRun trained) : IClassFixture<TrainedRun>
{
    [Fact]
    public async Task ScenesOfAnotherEnvironmentAreMeasuredAndNamed()
    {
        string json = trained["jaco.json"];
        string output = (await CommandRun.Of(
            "eval --threads 1 --count 6 --contexts 2 --scenes jaco --json", json, trained.Run)).Succeeded().Output;
        Assert.Contains(
            "6 held-out scenes of jaco (it was trained on rooms-ring):", output, StringComparison.Ordinal);
        var report = EvaluationReport.Parse(File.ReadAllText(json), json);
        Assert.Equal("jaco", report.Scenes);
        using var device = new CpuDevice(1);
        using var model = TrainedModel.Load(trained.Run, device);
        var configuration = model.Configuration with
        {
            Training = model.Configuration.Training with { Scenes = "jaco" },
        };
        using var evaluator = new Evaluator(model.Network, device, configuration);
        var expected = evaluator.Evaluate([2], 6, report.Step, TestContext.Current.CancellationToken);
        Assert.Equal(expected.Contexts[0].Prediction, report.Contexts[0].Prediction);
        Assert.Equal(expected.MeanImage, report.MeanImage);

        // Naming the run's own scenes is the same as naming none.
        output = (await CommandRun.Of("eval --threads 1 --count 3 --scenes rooms-ring", trained.Run))
            .Succeeded().Output;
        Assert.Contains("3 held-out scenes of rooms-ring:", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ScenesOfADataSetAreMeasuredWithAsManyContextsAsTheyHave()
    {
        var environment = Environments.Create("rooms-ring");
        foreach (var split in Enum.GetValues<SceneSplit>())
        {
            new GqnDatasetWriter(trained["sets"], "pairs", split, 4).WriteFile(0, Enumerable.Range(0, 4).Select(i =>
            {
                var whole = SceneRecord.Render(environment, split, (ulong)i, 16, FrameFormat.Png);
                return new SceneRecord([.. whole.Frames.Take(2)], whole.Cameras[..10]);
            }));
        }

        string json = trained["pairs.json"];
        string output = (await CommandRun.Of(
            "eval --threads 1 --count 4 --data", trained["sets"], trained.Run, "--json", json)).Succeeded().Output;
        Assert.Contains(
            "4 held-out scenes of pairs (it was trained on rooms-ring):", output, StringComparison.Ordinal);
        var report = EvaluationReport.Parse(File.ReadAllText(json), json);
        Assert.Equal(("pairs", 1), (report.Scenes, Assert.Single(report.Contexts).Contexts));
        (await CommandRun.Of("eval --contexts 2 --data", trained["sets"], trained.Run))
            .Refused("2 contexts: a scene of pairs has 2 views and one is the query");

        new GqnDatasetWriter(trained["lone"], "lone", SceneSplit.Test, 1).WriteFile(
            0, [new SceneRecord([Png.Encode(new RgbImage(16, 16))], [0, -4, 1, 1.5f, 0])]);
        (await CommandRun.Of("eval --data", trained["lone"], trained.Run))
            .Refused("A scene of lone has one view: there must be one to show the model and one to predict.");
    }

    [Fact]
    public async Task ScenesOutsideTheModelsBoxAreRefused()
    {
        string run = trained["volume"];
        (await CommandRun.Of(
            "train --preset tiny --set model.representation=volume --set model.volume.width=4 "
            + "--set model.volume.height=2 --set reporting.evaluationScenes=2 --steps 1 --threads 1 --out", run))
            .Succeeded();
        var whole = SceneRecord.Render(
            Environments.Create("rooms-ring"), SceneSplit.Test, 0, 16, FrameFormat.Png);
        float[] cameras = [.. Enumerable.Range(0, whole.Views).SelectMany(
            view => (float[])[100 + view, 50, 1, 0, 0])];
        foreach (var split in Enum.GetValues<SceneSplit>())
        {
            new GqnDatasetWriter(trained["far"], "far", split, 1).WriteFile(
                0, [new SceneRecord(whole.Frames, cameras)]);
        }

        const string Sentence = "and no camera of the first 16 scenes of far sees anything of it";
        (await CommandRun.Of("eval --data", trained["far"], run)).Refused(Sentence);
        (await CommandRun.Of("render --data", trained["far"], run, "--out", trained["far.png"])).Refused(Sentence);
        (await CommandRun.Of("represent --data", trained["far"], run, "--out", trained["far.csv"])).Refused(Sentence);
        (await CommandRun.Of("eval --count 2 --scenes mazes", run)).Succeeded();
    }

    [Fact]
    public async Task FiguresOfOtherScenesAreNotExported()
    {
        string run = trained.Copy("elsewhere"), json = new RunDirectory(run).EvaluationPath;
        (await CommandRun.Of("eval --threads 1 --count 2 --scenes jaco --json", json, run)).Succeeded();
        string output = (await CommandRun.Of("export", run, "--out", trained["e.safetensors"])).Succeeded().Output;
        Assert.Contains("is not there or not of these weights and scenes", output, StringComparison.Ordinal);
        Assert.Null(WeightsFile.Describe(trained["e.safetensors"]).Figures);
    }

    /// <summary>One scene whose views are all the same picture: the nearest view is the answer.</summary>
    [Theory]
    [InlineData(16, false)]
    [InlineData(16, true)]
    [InlineData(1, false)]
    public async Task APerfectAnswerIsWrittenAndReadBack(int size, bool isBlack)
    {
        string sets = trained[$"equal-{size}-{isBlack}"], run = trained[$"run-{size}-{isBlack}"];
        var picture = new RgbImage(size, size);
        if (!isBlack)
            picture.Fill(new Rgb(200, 100, 50));
        var record = new SceneRecord(
            [.. Enumerable.Repeat((ReadOnlyMemory<byte>)Png.Encode(picture), 5)],
            [.. Enumerable.Range(0, 5).SelectMany(view => (float[])[view, -4, 1, 1.5f, 0])]);
        foreach (var split in Enum.GetValues<SceneSplit>())
            new GqnDatasetWriter(sets, "equal", split, 1).WriteFile(0, [record]);
        string output = (await CommandRun.Of(
            "train --preset tiny --steps 2 --threads 1 --data", sets, "--out", run)).Succeeded().Output;
        Assert.Contains("better than both", output, StringComparison.Ordinal);
        string text = File.ReadAllText(new RunDirectory(run).EvaluationPath), json = trained["equal.json"];
        using (var document = JsonDocument.Parse(text))
        {
            var quality = document.RootElement.GetProperty("contexts")[0].GetProperty("nearestView");
            Assert.Equal("Infinity", quality.GetProperty("peakSignalToNoise").GetString());
            Assert.Equal(0, quality.GetProperty("meanSquaredError").GetDouble());
        }

        var report = EvaluationReport.Parse(text, "eval.json");
        Assert.Equal(double.PositiveInfinity, report.Contexts[0].NearestView.PeakSignalToNoise);
        Assert.Equal(1, report.Contexts[0].NearestView.StructuralSimilarity, 1e-9);
        Assert.Equal(double.PositiveInfinity, report.MeanImage.PeakSignalToNoise);
        Assert.Equal(text.TrimEnd(), report.ToJson());
        Assert.True(File.Exists(new RunDirectory(run).PredictionsPath));
        output = (await CommandRun.Of("eval --threads 1 --count 3", run, "--json", json)).Succeeded().Output;
        Assert.Contains("Infinity", output, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", output, StringComparison.Ordinal);
        Assert.Equal(3, EvaluationReport.Parse(File.ReadAllText(json), json).Count);
        (await CommandRun.Of("export", run, "--out", trained["equal.safetensors"])).Succeeded();
        Assert.NotNull(WeightsFile.Describe(trained["equal.safetensors"]).Figures);
        (await CommandRun.Of("render --orbit 3", run, "--out", trained["equal.gif"])).Succeeded();
    }

    [Fact]
    public void NumbersThatAreNotFiniteSurviveJson()
    {
        string path = new RunDirectory(trained.Run).EvaluationPath;
        var report = EvaluationReport.Parse(File.ReadAllText(path), path);
        var odd = report with
        {
            MeanImage = new ImageQuality(
                double.NaN, 0, 0, double.NegativeInfinity, double.PositiveInfinity, double.NaN),
        };
        Assert.Equal(odd.MeanImage, EvaluationReport.Parse(odd.ToJson(), path).MeanImage);
        Assert.Contains("\"peakSignalToNoise\": \"-Infinity\"", odd.ToJson(), StringComparison.Ordinal);
        Assert.Contains("\"meanSquaredError\": \"NaN\"", odd.ToJson(), StringComparison.Ordinal);
    }
}
