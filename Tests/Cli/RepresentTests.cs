using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Engine.Io;
using Gqn.Native.Scenes;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Cli;

/// <summary>The numbers that represent writes are those of the model, in the order that its help states.</summary>
public sealed class RepresentTests(TrainedRun trained) : IClassFixture<TrainedRun>
{
    // More scenes than a batch of training, of which the last batch is not full.
    private const int Scenes = 10, First = 7, Size = 16, Length = 4 * 4 * 16;

    [Fact]
    public async Task NpyHoldsTheSumOverTheFirstViewsOfEachScene()
    {
        string path = trained["r.npy"];
        string output = (await CommandRun.Of(
            $"represent --threads 1 --first {First} --count {Scenes} --contexts 2", trained.Run, "--out", path))
            .Succeeded().Output;
        Assert.Contains("10 of rooms-ring, test, from number 7 on, 2 views of each", output, StringComparison.Ordinal);
        Assert.Contains("10, one for each scene, of 4 x 4 x 16 numbers", output, StringComparison.Ordinal);
        var (shape, numbers) = ReadNpy(path);
        Assert.Equal("(10, 4, 4, 16)", shape);
        using var device = new CpuDevice(1);
        using var model = TrainedModel.Load(trained.Run, device);
        var environment = Environments.Create("rooms-ring");
        for (int row = 0; row < Scenes; row++)
        {
            var scene = environment.Sample(SceneSplit.Test, First + (ulong)row);
            AssertSame(Representation(model, scene, 0, 1), numbers[(row * Length)..((row + 1) * Length)]);
        }

        string again = trained["again.npy"];
        (await CommandRun.Of(
            $"represent --threads 2 --first {First} --count {Scenes} --contexts 2", trained.Run, "--out", again))
            .Succeeded();
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(again));
    }

    [Fact]
    public async Task SafetensorsHoldsAlsoScenesViewsAndCameras()
    {
        string path = trained["r.safetensors"], summed = trained["sum.safetensors"];
        string[] options = [trained.Run, "--scenes", "shepard-metzler-5", "--split", "train", "--contexts", "3"];
        (await CommandRun.Of(
            $"represent --threads 1 --first {First} --count {Scenes} --each-view --out", [path, .. options]))
            .Succeeded();
        (await CommandRun.Of($"represent --threads 1 --first {First} --count {Scenes} --out", [summed, .. options]))
            .Succeeded();
        using var device = new CpuDevice(1);
        using var model = TrainedModel.Load(trained.Run, device);
        var environment = Environments.Create("shepard-metzler-5");
        using var each = Safetensors.Open(path);
        using var sum = Safetensors.Open(summed);
        Assert.Equal(
            ("shepard-metzler-5", "train", "rooms-ring", "6", "raw"),
            (each.Metadata["scenes"], each.Metadata["split"], each.Metadata["trainedOn"], each.Metadata["step"],
                each.Metadata["weights"]));
        Assert.Equal([30L, 4, 4, 16], each["r"].Shape);
        Assert.Equal([30L, 6], each["cameras"].Shape);
        Assert.Equal([10L, 4, 4, 16], sum["r"].Shape);
        Assert.Equal([10L, 3, 6], sum["cameras"].Shape);
        Assert.Equal(["scene", "r", "cameras"], sum.Tensors.Select(tensor => tensor.Name));
        long[] numbers = Read<long>(each, "scene"), views = Read<long>(each, "view");
        float[] rows = Read<float>(each, "r"), cameras = Read<float>(each, "cameras"), sums = Read<float>(sum, "r");
        Assert.Equal(Enumerable.Range(0, 30).Select(row => (long)(First + (row / 3))), numbers);
        Assert.Equal(Enumerable.Range(0, 30).Select(row => (long)(row % 3)), views);
        Assert.Equal(Enumerable.Range(First, Scenes).Select(number => (long)number), Read<long>(sum, "scene"));
        Assert.Equal(cameras, Read<float>(sum, "cameras"));
        for (int row = 0; row < 30; row++)
        {
            var scene = environment.Sample(SceneSplit.Train, (ulong)numbers[row]);
            int view = (int)views[row];
            AssertSame(Representation(model, scene, view), rows[(row * Length)..((row + 1) * Length)]);
            var camera = scene.Cameras[view];
            Assert.Equal(
                [camera.X, camera.Y, camera.Z, camera.Yaw, camera.Pitch, camera.FieldOfViewDegrees],
                cameras[(row * 6)..((row + 1) * 6)]);
        }

        // r of a scene is the sum over its views.
        for (int i = 0; i < Scenes * Length; i++)
        {
            int at = (i / Length * 3 * Length) + (i % Length);
            Assert.Equal(rows[at] + rows[at + Length] + rows[at + (2 * Length)], sums[i], 1e-4);
        }
    }

    [Fact]
    public async Task CsvHoldsTheScenesOfADataSetInTheOrderOfItsFiles()
    {
        var environment = Environments.Create("rooms-ring");
        var writer = new GqnDatasetWriter(trained["sets"], "mine", SceneSplit.Test, 7, 3);
        for (int file = 0; file < writer.Layout.Files; file++)
        {
            writer.RenderFile(
                file, environment, SceneSplit.Test, Size, FrameFormat.Png,
                cancellation: TestContext.Current.CancellationToken);
        }

        string path = trained["r.csv"];
        string[] all = ["--threads", "1", "--data", trained["sets"], "--contexts", "1", "--out", path, trained.Run];
        (await CommandRun.Of("represent --first 2 --each-view", all)).Succeeded();
        string[] lines = File.ReadAllText(path).TrimEnd('\n').Split('\n');
        Assert.Equal("scene,view," + string.Join(',', Enumerable.Range(0, Length).Select(i => $"r{i}")), lines[0]);
        Assert.Equal(6, lines.Length);
        using var device = new CpuDevice(1);
        using var model = TrainedModel.Load(trained.Run, device);
        var dataset = GqnDataset.Open(trained["sets"], "mine", SceneSplit.Test);
        var records = Enumerable.Range(0, dataset.Files.Count).SelectMany(dataset.ReadFile).Select(record =>
            model.Represent([record.Decode(0)], [record.Camera(0)]).Values.ToArray()).ToList();
        Assert.Equal(7, records.Count);
        for (int row = 0; row < 5; row++)
        {
            string[] cells = lines[row + 1].Split(',');
            Assert.Equal((Length + 2, $"{row + 2}", "0"), (cells.Length, cells[0], cells[1]));
            AssertSame(
                records[row + 2],
                [.. cells[2..].Select(cell => float.Parse(cell, CultureInfo.InvariantCulture))]);
        }

        (await CommandRun.Of("represent --first 7", all)).Refused(
            "There are 7 scenes of mine in this split, numbered from 0, so from number 7 on there are none.");
        (await CommandRun.Of("represent --first 6 --count 2", all)).Refused("so from number 6 on there are 1, not 2.");
        (await CommandRun.Of("represent --split train", all)).Refused("has no folder 'train'");
        Assert.Equal(6, File.ReadAllLines(path).Length);
    }

    [Fact]
    public async Task RowsOfTheVolumeAreItsGridFromTheLowestPlaceOn()
    {
        string run = trained["volume"], path = trained["volume.npy"];
        (await CommandRun.Of(
            "train --preset tiny --set model.representation=volume --set model.volume.width=5 "
            + "--set model.volume.height=2 --set model.volume.channels=12 --set reporting.evaluationScenes=2 "
            + "--steps 1 --threads 1 --out", run))
            .Succeeded();
        (await CommandRun.Of("represent --threads 1 --count 1 --contexts 1", run, "--out", path)).Succeeded();
        var (shape, numbers) = ReadNpy(path);
        Assert.Equal("(1, 2, 5, 5, 12)", shape);
        // Of the last eight channels the first is how well the view sees the place, the last three are where the place
        // is, in units of half the room's side, times that.
        int seen = 0;
        for (int place = 0; place < 50; place++)
        {
            int at = (place * 12) + 4;
            if (numbers[at] < 1e-3f)
                continue;
            seen++;
            (int z, int y, int x) = (place / 25, place / 5 % 5, place % 5);
            Assert.Equal(((x + .5f) * 1.4f / 3.5f) - 1, numbers[at + 5] / numbers[at], 1e-3f);
            Assert.Equal(((y + .5f) * 1.4f / 3.5f) - 1, numbers[at + 6] / numbers[at], 1e-3f);
            Assert.Equal((z - .5f) * 1.05f / 3.5f, numbers[at + 7] / numbers[at], 1e-3f);
        }

        Assert.True(seen > 10, $"{seen}");
    }

    [Theory]
    [InlineData("--out r.txt", "r.txt: the file's name must end in .npy or .safetensors or .csv.")]
    [InlineData("--out r.npy --scenes jako", "No scene environment is called 'jako'; did you mean 'jaco'")]
    [InlineData("--out r.npy --contexts 11", "11 contexts: a scene of rooms-ring has 10 views.")]
    [InlineData("--out r.npy --count 0", "--count 0: write a whole number from 1")]
    [InlineData("--out r.npy --first -1", "--first -1: write a whole number from 0")]
    [InlineData("", "'--out' is required")]
    public async Task ImpossibleRequestsAreRefused(string options, string sentence) =>
        (await CommandRun.Of("represent " + options, trained.Run)).Refused(sentence);

    private static float[] Representation(TrainedModel model, Scene scene, params int[] views) => model.Represent(
        [.. views.Select(view => scene.Render(scene.Cameras[view], Size))],
        [.. views.Select(view => scene.Cameras[view])]).Values.ToArray();

    private static void AssertSame(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.Contains(expected, value => value != 0);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-5f);
    }

    private static T[] Read<T>(SafetensorsReader reader, string name) where T : struct
    {
        var values = new T[reader[name].Count];
        if (values is long[] integers)
            reader.Read(name, integers);
        else
            reader.Read(name, (float[])(object)values);
        return values;
    }

    private static (string Shape, float[] Numbers) ReadNpy(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int start = 10 + file[8] + (file[9] << 8);
        string header = Encoding.ASCII.GetString(file, 10, start - 10);
        int open = header.IndexOf('(', StringComparison.Ordinal), close = header.IndexOf(')', StringComparison.Ordinal);
        return (header[open..(close + 1)], MemoryMarshal.Cast<byte, float>(file.AsSpan(start)).ToArray());
    }
}
