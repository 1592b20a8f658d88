using System.Text.Json;
using Gqn.Native.Cli;
using Gqn.Native.Engine.Io;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Cli;

/// <summary>From a run to a file of weights, a shipped model, and back to numbers and pictures.</summary>
public sealed class ExportTests(TrainedRun trained) : IClassFixture<TrainedRun>
{
    [Fact]
    public async Task AnExportedRunMeasuresAndDrawsAsTheRun()
    {
        string file = trained["whole.safetensors"], json = trained["whole.json"];
        string output = (await CommandRun.Of("export", trained.Run, "--out", file)).Succeeded().Output;
        Assert.Contains(file, output, StringComparison.Ordinal);
        Assert.Contains("eval.json", output, StringComparison.Ordinal);
        Assert.DoesNotContain("none:", output, StringComparison.Ordinal);
        Assert.False(File.Exists(file + ".tmp"));
        // A checkpoint has the weights and two moments, four bytes each; this file only the weights, two bytes each.
        Assert.InRange(
            new FileInfo(file).Length, 1, 0.25 * new FileInfo(TrainedRun.Checkpoint(trained.Run)).Length);
        string measured = File.ReadAllText(new RunDirectory(trained.Run).EvaluationPath);
        Assert.Equal(measured.Trim(), WeightsFile.Describe(file).Figures!.ToJson());

        output = (await CommandRun.Of("eval --threads 1", file, "--json", json)).Succeeded().Output;
        Assert.Contains($"{file} after step 6, 16 held-out scenes", output, StringComparison.Ordinal);
        var expected = EvaluationReport.Parse(measured, "run");
        var actual = EvaluationReport.Parse(File.ReadAllText(json), "file");
        Assert.Equal(expected.MeanImage, actual.MeanImage);
        for (int i = 0; i < expected.Contexts.Count; i++)
        {
            Assert.Equal(
                1, actual.Contexts[i].Prediction.MeanSquaredError / expected.Contexts[i].Prediction.MeanSquaredError,
                1e-3);
            Assert.Equal(1, actual.Contexts[i].Excess!.Value / expected.Contexts[i].Excess!.Value, 1e-3);
        }

        string picture = trained["whole.png"];
        (await CommandRun.Of("render --threads 1", file, "--out", picture)).Succeeded();
        Assert.True(new FileInfo(picture).Length > 1000);
        output = (await CommandRun.Of("info", file)).Succeeded().Output;
        Assert.Contains(
            "Trained on rooms-ring, 16x16 pixels, for 6 steps of 4 scenes with 1 to 3 contexts (preset tiny, "
            + "seed 1).", output, StringComparison.Ordinal);
        Assert.Matches(@"inference +present\s", output);
        Assert.Matches(@"model\.layers +2\s", output);
    }

    [Fact]
    public async Task WithoutInferenceTheFiguresThatNeedItAreLeftOut()
    {
        string whole = trained["with.safetensors"], file = trained["without.safetensors"];
        string json = trained["without.json"];
        (await CommandRun.Of("export", trained.Run, "--out", whole)).Succeeded();
        (await CommandRun.Of("export --without-inference", trained.Run, "--out", file)).Succeeded();
        Assert.True(new FileInfo(file).Length < 0.75 * new FileInfo(whole).Length);
        using (var reader = Safetensors.Open(file))
        {
            Assert.All(reader.Tensors, tensor => Assert.False(
                tensor.Name.StartsWith("inference", StringComparison.Ordinal)
                || tensor.Name.StartsWith("posterior", StringComparison.Ordinal)
                || tensor.Name.Contains("down", StringComparison.Ordinal), tensor.Name));
        }

        string output = (await CommandRun.Of("eval --threads 1", file, "--json", json)).Succeeded().Output;
        Assert.Contains("the weights are without the inference network", output, StringComparison.Ordinal);
        Assert.DoesNotContain("nats", output, StringComparison.Ordinal);
        using var report = JsonDocument.Parse(File.ReadAllText(json));
        foreach (var entry in report.RootElement.GetProperty("contexts").EnumerateArray())
        {
            Assert.True(entry.TryGetProperty("prediction", out _));
            foreach (string key in (string[])["reconstruction", "kl", "excess"])
                Assert.False(entry.TryGetProperty(key, out _), key);
        }

        string one = trained["with.png"], other = trained["without.png"];
        (await CommandRun.Of("render --scene 2 --threads 1", whole, "--out", one)).Succeeded();
        (await CommandRun.Of("render --scene 2 --threads 1", file, "--out", other)).Succeeded();
        Assert.Equal(File.ReadAllBytes(one), File.ReadAllBytes(other));
        Assert.Matches("inference +absent", (await CommandRun.Of("info", file)).Succeeded().Output);
    }

    [Fact]
    public async Task AShippedModelIsUsedByItsName()
    {
        const string Name = "tiny-of-the-tests";
        string file = ShippedModels.Installed.FileOf(Name);
        try
        {
            (await CommandRun.Of("export", trained.Run, "--out", file)).Succeeded();
            string output = (await CommandRun.Of("models")).Succeeded().Output;
            var figures = WeightsFile.Describe(file).Figures!;
            double prediction = figures.Contexts.Single(entry => entry.Contexts == 3).Prediction.MeanSquaredError;
            string row = output.Split('\n').Single(line => line.Contains(Name + " ", StringComparison.Ordinal));
            Assert.Contains(FormattableString.Invariant($"{prediction:F5}"), row, StringComparison.Ordinal);
            Assert.Contains(
                FormattableString.Invariant($"{figures.MeanImage.ObjectMeanSquaredError:F5}"), row,
                StringComparison.Ordinal);
            Assert.Contains(
                $"{Name} after step 6", (await CommandRun.Of("eval --threads 1 --count 2", Name)).Succeeded().Output,
                StringComparison.Ordinal);
            (await CommandRun.Of("render --threads 1", Name, "--out", trained["shipped.png"])).Succeeded();
            Assert.True(File.Exists(trained["shipped.png"]));
            Assert.Contains(file, (await CommandRun.Of("info", Name)).Succeeded().Output, StringComparison.Ordinal);
            (await CommandRun.Of("eval", Name + "-")).Refused($"did you mean '{Name}'? Shipped are ");
            using var model = TrainedModel.Load(Name);
            Assert.Equal((6, WeightKind.Raw), (model.Step, model.Weights));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task AnAverageIsExportedUnlessTheRawWeightsAreAskedFor()
    {
        string run = trained["averaged"], average = trained["average.safetensors"], raw = trained["raw.safetensors"];
        (await CommandRun.Of(
            "train --preset tiny --steps 6 --threads 1 --set training.averageDecay=0.9 --out", run)).Succeeded();
        (await CommandRun.Of("export", run, "--out", average)).Succeeded();
        // The figures of the run are those of its average.
        string output = (await CommandRun.Of("export --weights raw", run, "--out", raw)).Succeeded().Output;
        Assert.Contains("none:", output, StringComparison.Ordinal);
        Assert.Null(WeightsFile.Describe(raw).Figures);
        var description = WeightsFile.Describe(average);
        Assert.Equal((WeightKind.Average, WeightKind.Average), (description.Weights, description.Figures!.Weights));
        Assert.EndsWith("; averaged with a decay of 0.9.", description.Training, StringComparison.Ordinal);
        Assert.NotEqual(File.ReadAllBytes(average)[^1000..], File.ReadAllBytes(raw)[^1000..]);
        (await CommandRun.Of("eval --weights raw", average)).Refused("has averaged weights alone, not raw ones");
        (await CommandRun.Of("render --weights average", raw, "--out", trained["never.png"]))
            .Refused("has raw weights alone, not averaged ones");
        Assert.Contains("averaged weights", (await CommandRun.Of("eval --count 2", average)).Succeeded().Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatCannotBeExportedOrUsedIsRefused()
    {
        string file = trained["refused.safetensors"];
        (await CommandRun.Of("export --weights average", trained.Run, "--out", file))
            .Refused("has no averaged weights");
        (await CommandRun.Of("export", trained.Run, "--out", trained.Path)).Refused("it is a folder");
        (await CommandRun.Of("export", trained.Run, "--out", trained["no/folder.safetensors"])).Refused("Cannot write");
        (await CommandRun.Of("eval", TrainedRun.Checkpoint(trained.Run))).Refused("of a run, name the folder");
        (await CommandRun.Of("eval", trained.Path)).Refused("is not a run: there is no config.json in it.");
        Assert.False(File.Exists(file));

        (await CommandRun.Of("export", trained.Run, "--out", file)).Succeeded();
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^10] ^= 1;
        File.WriteAllBytes(file, bytes);
        (await CommandRun.Of("eval", file)).Refused("the file is damaged");
        (await CommandRun.Of("render", file, "--out", trained["never.png"])).Refused(file);
        (await CommandRun.Of("info", file)).Refused(file);
    }

    [Fact]
    public void WithoutModelsASentenceSaysSo()
    {
        using var output = new StringWriter();
        ModelsCommand.Write(new Terminal(output, TimeProvider.System), new ShippedModels(trained["nothing"]));
        Assert.StartsWith("No models come with this program", output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("export", "--out", "--weights", "--without-inference")]
    [InlineData("models", "List the trained models")]
    [InlineData("render", "MODEL", "--weights", "--out")]
    public async Task HelpExplains(string verb, params string[] words)
    {
        string output = (await CommandRun.Of(verb, "--help")).Succeeded().Output;
        Assert.All(words, word => Assert.Contains(word, output, StringComparison.Ordinal));
    }
}
