using System.Text.Json;
using Gqn.Native.Experiments;
using Gqn.Native.Training;
using StbImageSharp;
using Xunit;

namespace Gqn.Native.Tests.Cli;

/// <summary>Each experiment as a command on a run of six steps.</summary>
public sealed class ExperimentTests(TrainedRun trained) : IClassFixture<TrainedRun>
{
    [Fact]
    public async Task WithoutANameAllAreListed()
    {
        string output = (await CommandRun.Of("experiment")).Succeeded().Output;
        Assert.All(Experiment.All, experiment => Assert.All(
            new[] { experiment.Name, experiment.Figure, experiment.Claim, experiment.Needs },
            word => Assert.Contains(word, output, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task PredictionMeasuresWhatEvalMeasures()
    {
        string folder = trained["prediction"];
        string output = (await CommandRun.Of(
            "experiment prediction --scenes 16 --threads 1 --run", trained.Run, "--out", folder)).Succeeded().Output;
        using var json = Read(folder, "prediction");
        using var eval = JsonDocument.Parse(File.ReadAllText(new RunDirectory(trained.Run).EvaluationPath));
        foreach (var entry in eval.RootElement.GetProperty("contexts").EnumerateArray())
        {
            int contexts = entry.GetProperty("contexts").GetInt32();
            string condition = contexts == 1 ? "1 context" : $"{contexts} contexts";
            var mse = Row(json, condition, "MSE");
            AssertClose(entry.GetProperty("prediction").GetProperty("meanSquaredError"), mse.GetProperty("model"));
            AssertClose(
                entry.GetProperty("prediction").GetProperty("objectMeanSquaredError"),
                Row(json, condition, "object MSE").GetProperty("model"));
            AssertClose(
                entry.GetProperty("prediction").GetProperty("structuralSimilarity"),
                Row(json, condition, "SSIM").GetProperty("model"));
            AssertClose(entry.GetProperty("excess"), Row(json, condition, "excess, nats").GetProperty("model"));
            AssertClose(
                entry.GetProperty("nearestView").GetProperty("meanSquaredError"),
                mse.GetProperty("baselines").GetProperty("nearest view"));
            AssertClose(
                eval.RootElement.GetProperty("meanImage").GetProperty("meanSquaredError"),
                mse.GetProperty("baselines").GetProperty("mean image"));
        }

        AssertVerdict(json, output);
        AssertPicture(folder, "prediction.png", columns: 10, rows: 6);
        AssertPicture(folder, "prediction-tour.png", columns: 12, rows: 2);
        Assert.Contains("<svg", File.ReadAllText(Path.Combine(folder, "prediction.svg")), StringComparison.Ordinal);
        Assert.Equal(4, Directory.GetFiles(folder).Length);
    }

    [Fact]
    public async Task OcclusionSamplesWhatIsHidden()
    {
        string folder = trained["occlusion"], again = trained["occlusion-again"];
        string output = (await CommandRun.Of("experiment occlusion --scenes 5 --threads 1 --run", trained.Run, "--out",
            folder)).Succeeded().Output;
        using var json = Read(folder, "occlusion");
        AssertVerdict(json, output);
        Assert.Equal(5, json.RootElement.GetProperty("count").GetInt32());
        AssertPicture(folder, "occlusion.png", columns: 11, rows: 8);
        double ratio = Row(json, "1 context", "hidden / visible").GetProperty("model").GetProperty("value").GetDouble();
        double hidden = Value("variance, hidden pixels"), visible = Value("variance, visible pixels");
        Assert.Equal(hidden / visible, ratio, 1e-9 * ratio);
        Assert.True(hidden > 0);
        // The same numbers with other threads, others with another seed.
        (await CommandRun.Of("experiment occlusion --scenes 5 --threads 2 --run", trained.Run, "--out", again))
            .Succeeded();
        Assert.Equal(Text(folder, "occlusion"), Text(again, "occlusion"));
        (await CommandRun.Of("experiment occlusion --scenes 5 --seed 2 --threads 2 --run", trained.Run, "--out", again))
            .Succeeded();
        Assert.NotEqual(Text(folder, "occlusion"), Text(again, "occlusion"));

        double Value(string measure) =>
            Row(json, "1 context", measure).GetProperty("model").GetProperty("value").GetDouble();
    }

    [Fact]
    public async Task SurpriseIsTheDivergenceOfTheEvaluation()
    {
        string folder = trained["surprise"];
        string output = (await CommandRun.Of("experiment surprise --scenes 16 --threads 1 --run", trained.Run, "--out",
            folder)).Succeeded().Output;
        using var json = Read(folder, "surprise");
        AssertVerdict(json, output);
        AssertPicture(folder, "surprise.png", columns: 4, rows: 8);
        using var eval = JsonDocument.Parse(File.ReadAllText(new RunDirectory(trained.Run).EvaluationPath));
        foreach (var entry in eval.RootElement.GetProperty("contexts").EnumerateArray())
        {
            int contexts = entry.GetProperty("contexts").GetInt32();
            double mean = Row(json, contexts == 1 ? "1 observation" : $"{contexts} observations", "surprise, nats")
                .GetProperty("model").GetProperty("value").GetDouble(), one = entry.GetProperty("kl").GetDouble();
            // One posterior sample of the evaluation, sixteen here.
            Assert.Equal(one, mean, 0.1 * one);
        }
    }

    [Fact]
    public async Task LikelihoodComparesTheCheckpointsOfARun()
    {
        string run = trained["kept"], folder = trained["likelihood"];
        (await CommandRun.Of("train --preset tiny --steps 6 --threads 1 --set reporting.checkpointEvery=2 --set "
            + "reporting.keep=3 --out", run)).Succeeded();
        string output = (await CommandRun.Of(
            "experiment likelihood --scenes 8 --threads 1 --run", run, "--out", folder)).Succeeded().Output;
        using var json = Read(folder, "likelihood");
        AssertVerdict(json, output);
        foreach (int step in (int[])[2, 4, 6])
        {
            double train = Value($"step {step}, train", "excess, nats per image");
            double test = Value($"step {step}, test", "excess, nats per image");
            Assert.Equal(test - train, Value($"step {step}", "test - train, nats"), 1e-9);
            Assert.NotEqual(test, train);
        }

        Assert.Contains("<svg", File.ReadAllText(Path.Combine(folder, "likelihood.svg")), StringComparison.Ordinal);

        double Value(string condition, string measure) =>
            Row(json, condition, measure).GetProperty("model").GetProperty("value").GetDouble();
    }

    [Fact]
    public async Task WhatCannotBeMeasuredIsRefusedBeforeAnythingIsWritten()
    {
        string file = trained["no-inference.safetensors"], folder = trained["never"];
        (await CommandRun.Of("export --without-inference", trained.Run, "--out", file)).Succeeded();
        (await CommandRun.Of("experiment surprise --run", file, "--out", folder))
            .Refused("needs the inference network");
        (await CommandRun.Of("experiment likelihood --run", file, "--out", folder))
            .Refused("name the folder of a run with --run");
        (await CommandRun.Of("experiment suprise --run", trained.Run, "--out", folder)).Refused("mean 'surprise'?");
        (await CommandRun.Of("experiment prediction --scenes 1 --run", trained.Run))
            .Refused("--scenes 1: write a whole");
        (await CommandRun.Of("experiment prediction --run", trained["nothing"])).Refused("There is no run's folder");
        Assert.False(Directory.Exists(folder));
        (await CommandRun.Of("experiment prediction --scenes 2 --run", trained.Run, "--out", file))
            .Refused($"Cannot make the folder '{file}'");

        string one = trained["one-context"];
        (await CommandRun.Of("train --preset tiny --steps 2 --threads 1 --set training.maxContexts=1 --out", one))
            .Succeeded();
        foreach (string experiment in (string[])["prediction", "occlusion", "surprise"])
        {
            (await CommandRun.Of($"experiment {experiment} --run", one, "--out", folder))
                .Refused("was trained with one context alone");
        }

        // A model that only predicts can still be measured, by the bound with its prior.
        string output = (await CommandRun.Of(
            "experiment prediction --scenes 3 --threads 1 --run", file, "--out", folder)).Succeeded().Output;
        Assert.Contains("without its inference network", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HelpExplainsVerdicts()
    {
        string help = (await CommandRun.Of("experiment --help")).Succeeded().Output;
        Assert.All(
            new[] { "--run", "--out", "--scenes", "--seed", "--device", "--threads", "too weak a model" },
            word => Assert.Contains(word, help, StringComparison.Ordinal));
    }

    private static string Text(string folder, string name) => File.ReadAllText(Path.Combine(folder, name + ".json"));

    private static JsonDocument Read(string folder, string name) => JsonDocument.Parse(Text(folder, name));

    private static JsonElement Row(JsonDocument json, string condition, string measure) =>
        json.RootElement.GetProperty("rows").EnumerateArray().Single(
            row => row.GetProperty("condition").GetString() == condition
                && row.GetProperty("measure").GetString() == measure);

    private static void AssertClose(JsonElement expected, JsonElement estimate)
    {
        double value = expected.GetDouble();
        Assert.Equal(value, estimate.GetProperty("value").GetDouble(), 1e-5 * value);
        Assert.InRange(
            value, estimate.GetProperty("low").GetDouble() - 1e-12, estimate.GetProperty("high").GetDouble() + 1e-12);
    }

    /// <summary>The last line is the verdict in a sentence, and begins with it.</summary>
    private static void AssertVerdict(JsonDocument json, string output)
    {
        string verdict = json.RootElement.GetProperty("verdict").GetString()!;
        string last = output.TrimEnd().Split('\n')[^1].TrimEnd();
        Assert.Equal(json.RootElement.GetProperty("conclusion").GetString(), last);
        Assert.StartsWith(verdict, last, StringComparison.OrdinalIgnoreCase);
    }

    private static void AssertPicture(string folder, string name, int columns, int rows)
    {
        var picture = ImageResult.FromMemory(
            File.ReadAllBytes(Path.Combine(folder, name)), ColorComponents.RedGreenBlue);
        // Cells of 16 pixels are enlarged sixfold and lie four apart; the heading is thirteen high.
        Assert.Equal(4 + (columns * 100), picture.Width);
        Assert.Equal(rows * 100, picture.Height - (picture.Height % 100));
    }
}
