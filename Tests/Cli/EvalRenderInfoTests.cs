using System.Text.Json;
using Gqn.Native.Cli;
using Gqn.Native.Imaging;
using Gqn.Native.Training;
using StbImageSharp;
using Xunit;

namespace Gqn.Native.Tests.Cli;

public sealed class EvalRenderInfoTests(TrainedRun trained) : IClassFixture<TrainedRun>
{
    private const int ImageSize = 16;

    [Fact]
    public async Task EvalMeasuresWhatTrainingMeasured()
    {
        string json = trained["again.json"];
        string output = (await CommandRun.Of("eval --threads 1", trained.Run, "--json", json)).Succeeded().Output;
        Assert.Equal(File.ReadAllText(new RunDirectory(trained.Run).EvaluationPath), File.ReadAllText(json));
        Assert.Contains("after step 6, 16 held-out scenes of rooms-ring:", output, StringComparison.Ordinal);
        string[] measures =
        [
            "MSE", "RMSE", "MAE", "PSNR", "SSIM", "KL", "excess",
            "mean image", "nearest view", "prediction", "reconstruction", "mean of 16", "variance", "hidden", "visible",
        ];
        Assert.All(measures, measure => Assert.Contains(measure, output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task EvalHelpExplainsTheTables()
    {
        string help = (await CommandRun.Of("eval --help")).Succeeded().Output;
        Assert.Contains("[default: 1,3,5", help, StringComparison.Ordinal);
        Assert.All(EvaluationTables.Notes, line => Assert.Contains(line, help, StringComparison.Ordinal));
    }

    [Fact]
    public async Task EvalTakesContextsAndCount()
    {
        string json = trained["two.json"];
        (await CommandRun.Of("eval --threads 1 --count 3", trained.Run, "--contexts", "2, 7", "--json", json))
            .Succeeded();
        using var report = JsonDocument.Parse(File.ReadAllText(json));
        Assert.Equal(3, report.RootElement.GetProperty("count").GetInt32());
        var entries = report.RootElement.GetProperty("contexts").EnumerateArray();
        Assert.Equal([2, 7], entries.Select(entry => entry.GetProperty("contexts").GetInt32()));
    }

    [Fact]
    public async Task RenderDrawsContextsTruthMeanAndSamples()
    {
        string path = trained["row.png"], options = $" --contexts 2 --samples 3 {trained.Run} --out";
        (await CommandRun.Of("render --scene 3 --threads 1" + options, path)).Succeeded();
        var picture = ImageResult.FromMemory(File.ReadAllBytes(path), ColorComponents.RedGreenBlue);
        Assert.Equal(SheetSize(columns: 7, rows: 1), (picture.Width, picture.Height));

        string again = trained["again.png"], other = trained["other.png"];
        (await CommandRun.Of("render --scene 3 --threads 2" + options, again)).Succeeded();
        (await CommandRun.Of("render --scene 4 --threads 1" + options, other)).Succeeded();
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(again));
        Assert.NotEqual(File.ReadAllBytes(path), File.ReadAllBytes(other));
    }

    [Fact]
    public async Task WithoutANumberTheFirstFourScenesAreRows()
    {
        string path = trained["rows.png"], second = trained["second.png"];
        (await CommandRun.Of("render --contexts 2 --samples 1 --threads 1", trained.Run, "--out", path)).Succeeded();
        var sheet = ImageResult.FromMemory(File.ReadAllBytes(path), ColorComponents.RedGreenBlue);
        Assert.Equal(SheetSize(columns: 4, rows: 4), (sheet.Width, sheet.Height));
        (await CommandRun.Of("render --scene 1 --contexts 2 --samples 1 --threads 1", trained.Run, "--out", second))
            .Succeeded();
        var row = ImageResult.FromMemory(File.ReadAllBytes(second), ColorComponents.RedGreenBlue);
        int above = SheetSize(4, 2).Height - row.Height, header = SheetSize(4, 0).Height, line = 3 * row.Width;
        // The last line below a row is the top frame of the next.
        Assert.Equal(
            row.Data[(header * line)..^line], sheet.Data[((header + above) * line)..((row.Height + above - 1) * line)]);
    }

    [Theory]
    [InlineData("runs/quick-mazes-1/", null, "quick-mazes-1.png")]
    [InlineData("rooms", null, "rooms.png")]
    [InlineData("some/where/rooms.safetensors", 24, "rooms.gif")]
    public void APictureWithoutANameHasTheModels(string model, int? views, string expected) =>
        Assert.Equal(expected, RenderCommand.UsualPath(model, views));

    [Fact]
    public async Task AnOrbitIsAnAnimationOrAStrip()
    {
        string gif = trained["orbit.gif"], png = trained["orbit.PNG"];
        (await CommandRun.Of("render --orbit 4 --samples 1 --contexts 1 --threads 1", trained.Run, "--out", gif))
            .Succeeded();
        using var stream = File.OpenRead(gif);
        var frames = ImageResult.AnimatedGifFramesFromStream(stream, ColorComponents.RedGreenBlue)
            .Select(frame => (frame.Width, frame.Height, Pixels: Convert.ToHexString(frame.Data))).ToList();
        Assert.Equal(4, frames.Distinct().Count());
        Assert.All(frames, frame => Assert.Equal(SheetSize(columns: 3, rows: 1), (frame.Width, frame.Height)));

        (await CommandRun.Of("render --orbit 5 --samples 1 --threads 1", trained.Run, "--out", png)).Succeeded();
        var strip = ImageResult.FromMemory(File.ReadAllBytes(png), ColorComponents.RedGreenBlue);
        Assert.Equal(SheetSize(columns: 5, rows: 2), (strip.Width, strip.Height));
    }

    [Fact]
    public async Task WeightsAreTheAverageWhereThereIsOneAndEitherCanBeAskedFor()
    {
        string run = trained["averaged"];
        string output = (await CommandRun.Of(
            "train --preset tiny --steps 6 --threads 1 --set training.averageDecay=0.9 --out", run)).Succeeded().Output;
        Assert.DoesNotContain("starts at the weights", output, StringComparison.Ordinal);
        string measured = File.ReadAllText(new RunDirectory(run).EvaluationPath);
        foreach (string weights in (string[])["raw", "average", ""])
        {
            string json = trained[$"weights-{weights}.json"], picture = trained[$"weights-{weights}.png"];
            string[] asked = weights.Length == 0 ? [] : ["--weights", weights];
            output = (await CommandRun.Of("eval --threads 1", [run, "--json", json, .. asked])).Succeeded().Output;
            Assert.Equal(weights != "raw", output.Contains("averaged weights", StringComparison.Ordinal));
            Assert.Equal(weights != "raw", measured == File.ReadAllText(json));
            using var report = JsonDocument.Parse(File.ReadAllText(json));
            string expected = weights == "raw" ? "raw" : "average";
            Assert.Equal(expected, report.RootElement.GetProperty("weights").GetString());
            (await CommandRun.Of("render --threads 1", [run, "--out", picture, .. asked])).Succeeded();
        }

        byte[] average = File.ReadAllBytes(trained["weights-average.png"]);
        Assert.Equal(average, File.ReadAllBytes(trained["weights-.png"]));
        Assert.NotEqual(average, File.ReadAllBytes(trained["weights-raw.png"]));
        output = (await CommandRun.Of("info", run)).Succeeded().Output;
        Assert.Matches("weights +raw and average", output);
    }

    [Fact]
    public async Task ARunWithoutAnAverageSaysSoAndBeginsOneWhenResumed()
    {
        (await CommandRun.Of("eval --weights average", trained.Run)).Refused("has no averaged weights");
        (await CommandRun.Of("render --weights average", trained.Run, "--out", trained["never.png"]))
            .Refused("has no averaged weights");
        (await CommandRun.Of("eval --weights mean", trained.Run)).Refused("--weights mean: write raw or average");
        Assert.Matches(@"weights +raw\s", (await CommandRun.Of("info", trained.Run)).Succeeded().Output);
        string run = trained.Copy("begins"), output = (await CommandRun.Of(
            "train --steps 7 --threads 1 --set training.averageDecay=0.9 --resume", run)).Succeeded().Output;
        Assert.Contains("at the weights of this step; the checkpoint has none", output, StringComparison.Ordinal);
        Assert.Matches("weights +raw and average", (await CommandRun.Of("info", run)).Succeeded().Output);
    }

    [Theory]
    [InlineData("tiny")]
    [InlineData("paper")]
    public async Task InfoListsAllKeysAndPartsThatAddUp(string preset)
    {
        string output = (await CommandRun.Of("info --preset", preset)).Succeeded().Output;
        var configuration = Presets.Create(preset);
        var words = output.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        string[][] lines = [.. words.Where(line => line.Length >= 2)];
        Assert.All(
            ConfigurationOverrides.List(configuration),
            entry => Assert.Contains(lines, line => line[0] == entry.Key && line[1] == entry.Value));

        string[][] parts = [.. lines.TakeWhile(line => line[0] != "a")];
        Assert.Equal("total", parts[0][0]);
        Assert.Equal(ModelPlan.Create(configuration, 1).Parameters, Number(parts[0][1]));
        Assert.Equal(Number(parts[0][1]), parts[1..].Sum(line => Number(line[1])));

        static long Number(string text) => long.Parse(text.Replace(",", string.Empty, StringComparison.Ordinal));
    }

    [Fact]
    public async Task InfoOfARunNamesItsCheckpointAndTakesChanges()
    {
        string output = (await CommandRun.Of("info --batch 9 --set model.layers=5", trained.Run)).Succeeded().Output;
        Assert.Contains(TrainedRun.Checkpoint(trained.Run), output, StringComparison.Ordinal);
        Assert.Matches(@"training\.steps +6\s", output);
        Assert.Matches(@"training\.batch +9\s", output);
        Assert.Matches(@"model\.layers +5\s", output);
    }

    [Fact]
    public async Task DevicesListsTheProcessor()
    {
        string output = (await CommandRun.Of("devices --threads 3")).Succeeded().Output;
        using var device = new Engine.CpuDevice(3);
        Assert.Contains(device.Description, output, StringComparison.Ordinal);
        Assert.Contains("simulator", output, StringComparison.Ordinal);
        // A platform has devices, or a sentence says why not and what helps.
        foreach (var (platform, reason) in (ReadOnlySpan<(string, string)>)
            [("cuda:0", "There is no CUDA device: "), ("opencl:0", "There is no OpenCL device: ")])
        {
            Assert.True(
                output.Contains(platform, StringComparison.Ordinal) ^ output.Contains(reason, StringComparison.Ordinal),
                platform);
        }
    }

    [Fact]
    public async Task WithoutWordsTheVerbsAreShown()
    {
        string output = (await CommandRun.Of("")).Succeeded().Output;
        string[] verbs = ["train", "eval", "render", "represent", "info", "export", "models", "data", "devices"];
        Assert.All(verbs, verb => Assert.Contains("  " + verb, output, StringComparison.Ordinal));
    }

    private static (int Width, int Height) SheetSize(int columns, int rows)
    {
        var sheet = new ContactSheet([.. Enumerable.Repeat("x", columns)], ImageSize, ImageSize);
        for (int row = 0; row < rows; row++)
            sheet.AddRow([]);
        var picture = sheet.Render();
        return (picture.Width, picture.Height);
    }
}
