using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Imaging;
using Gqn.Native.Tests.Io;
using Xunit;

namespace Gqn.Native.Tests.Data;

public sealed class GqnDatasetTests : IDisposable
{
    private static readonly SceneEnvironment Five = Environments.Create("shepard-metzler-5");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void LayoutsAreThoseOfTheReleasedSets()
    {
        Assert.Equal(
            [
                "rooms_ring_camera 64 10 2160 240", "rooms_free_camera_no_object_rotations 64 10 2160 240",
                "rooms_free_camera_with_object_rotations 128 10 2034 226", "jaco 64 11 3600 400",
                "shepard_metzler_5_parts 64 15 900 100", "shepard_metzler_7_parts 64 15 900 100",
                "mazes 84 300 1080 120",
            ],
            GqnDatasetInfo.All.Select(
                info => $"{info.Name} {info.ImageSize} {info.Views} {info.TrainFiles} {info.TestFiles}"));
        foreach (string environment in Environments.Names)
        {
            var info = GqnDatasetInfo.Find(environment)!;
            var rendered = Environments.Create(environment);
            Assert.Equal((info.Views, info.ImageSize), (rendered.ViewsPerScene, rendered.UsualImageSize));
            Assert.Same(info, GqnDatasetInfo.Find(info.Name));
        }

        Assert.Equal("0001-of-2160.tfrecord", GqnDatasetInfo.FileName(1, 2160));
        Assert.Equal("001-of-100.tfrecord", GqnDatasetInfo.FileName(1, 100));
        Assert.Equal("900-of-900.tfrecord", GqnDatasetInfo.FileName(900, 900));
        Assert.Equal("7-of-9.tfrecord", GqnDatasetInfo.FileName(7, 9));
    }

    [Theory]
    [InlineData(FrameFormat.Jpeg)]
    [InlineData(FrameFormat.Png)]
    public void RenderedScenesComeBackFromFiles(FrameFormat format)
    {
        Write("shepard-metzler-5", SceneSplit.Train, scenes: 7, scenesPerFile: 3, format);
        var set = GqnDataset.Open(_folder.Path, null, SceneSplit.Train);
        Assert.Equal(("shepard_metzler_5_parts", 15, 3), (set.Name, set.ViewsPerScene, set.DeclaredFiles));
        Assert.Equal(
            ["1-of-3.tfrecord", "2-of-3.tfrecord", "3-of-3.tfrecord"], set.Files.Select(Path.GetFileName));
        Assert.Equal([3, 3, 1], Enumerable.Range(0, 3).Select(set.CountScenes));

        ulong index = 0;
        for (int file = 0; file < 3; file++)
        {
            long[] offsets = set.ReadOffsets(file);
            int record = 0;
            foreach (var scene in set.ReadFile(file))
            {
                Assert.Equal((set.Files[file], offsets[record]), scene.Source);
                AssertIsScene(Five.Sample(SceneSplit.Train, index), scene, format);
                AssertIsScene(Five.Sample(SceneSplit.Train, index), set.Read(file, offsets[record++]), format);
                index++;
            }
        }

        Assert.Equal(7u, index);
    }

    [Fact]
    public void FilesOfTwentyAndOfTwoThousandScenesMix()
    {
        byte[] frame = Jpeg.Encode(ImageDecoderTests.Picture(8, 8, 1), 80);
        int[] counts = [20, 2000, 20, 0, 2000];
        string train = Directory.CreateDirectory(_folder["shepard_metzler_7_parts/train"]).FullName;
        for (int file = 0; file < counts.Length; file++)
        {
            using var stream = File.Create(Path.Combine(train, GqnDatasetInfo.FileName(file + 1, 900)));
            var writer = new TfRecordWriter(stream);
            for (int scene = 0; scene < counts[file]; scene++)
                writer.Write(Plain(15, frame, 1000 * file + scene));
        }

        var set = GqnDataset.Open(_folder.Path, "shepard-metzler-7", SceneSplit.Train);
        Assert.Equal((5, 900), (set.Files.Count, set.DeclaredFiles));
        Assert.Equal(counts, Enumerable.Range(0, 5).Select(set.CountScenes));
        Assert.Equal(4000 + 1999, set.Read(4, set.ReadOffsets(4)[^1]).Cameras[0]);
    }

    [Fact]
    public void WrongCountsNameTheDataSet()
    {
        byte[] frame = Jpeg.Encode(ImageDecoderTests.Picture(8, 8, 1), 80);
        WriteFile("jaco", "1-of-1.tfrecord", Plain(11, frame, 0), Plain(10, frame, 0));
        var error = AssertSecondFails("jaco");
        Assert.Contains("10 frames, but scenes of jaco have 11", error.Message, StringComparison.Ordinal);

        WriteFile("mine", "1-of-1.tfrecord", Plain(3, frame, 0), Plain(4, frame, 0));
        error = AssertSecondFails("mine");
        Assert.Contains(
            "4 frames, but scenes of mine have 3 (as its first has)", error.Message, StringComparison.Ordinal);

        byte[] uneven = new TfExampleWriter()
            .Add("cameras", new float[14]).Add("frames", frame, frame, frame).ToArray();
        WriteFile("uneven", "1-of-1.tfrecord", Plain(3, frame, 0), uneven);
        Assert.Contains("3 frames and 14 camera numbers; it needs 15 of them", AssertSecondFails("uneven").Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void AnExampleThatIsNoSceneSaysWhatItLacks()
    {
        byte[] frame = Jpeg.Encode(ImageDecoderTests.Picture(8, 8, 1), 80);
        AssertFault(new TfExampleWriter().Add("cameras", new float[5]), "no feature 'frames' of byte strings");
        AssertFault(new TfExampleWriter().Add("frames", frame), "no feature 'cameras' of floats");
        AssertFault(
            new TfExampleWriter().Add("frames", [1f]).Add("cameras", new float[5]),
            "the feature 'frames' of the example holds floats; it needs byte strings");
        AssertFault(
            new TfExampleWriter().Add("frames", frame).Add("cameras", [1L, 2, 3, 4, 5]),
            "the feature 'cameras' of the example holds integers; it needs floats");
        AssertFault(
            new TfExampleWriter().Add("frames", Array.Empty<ReadOnlyMemory<byte>>()).Add("cameras", new float[5]),
            "the feature 'frames' of the example is empty; it needs byte strings");
        AssertFault(
            new TfExampleWriter().Add("frames", frame).Add("cameras", Array.Empty<float>()),
            "the feature 'cameras' of the example is empty; it needs floats");
        AssertFault(
            new TfExampleWriter().Add("frames", frame).Add("cameras", new float[4]),
            "the scene has 1 frame and 4 camera numbers; it needs 5 of them: x, y, z, yaw, pitch of each frame");
        AssertFault(
            new TfExampleWriter().Add("frames", frame).Add("cameras", [0f, 0, 0, float.NaN, 0]),
            "number 3 of camera 0 is not finite");
        var nothing = new ReadOnlyMemory<byte>[10_001];
        AssertFault(
            new TfExampleWriter().Add("frames", nothing).Add("cameras", new float[50_005]),
            "10,001 frames; at most 10,000 are read");
        AssertFault(
            new TfExampleWriter().Add("frames", frame).Add("cameras", new float[5]).Add("factors", new byte[2 << 20]),
            "'factors' has 2097152 bytes");
        var damaged = SceneRecord.Parse(
            new TfExampleWriter()
                .Add("frames", frame.AsMemory(0, frame.Length - 40)).Add("cameras", new float[5]).ToArray(), "a", 9);
        Assert.Contains("'a', byte 9: frame 0 of the scene cannot be decoded",
            Assert.Throws<DatasetException>(() => damaged.Decode(0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FoldersAreFoundOrSaidToBeMissing()
    {
        byte[] scene = Plain(3, Jpeg.Encode(ImageDecoderTests.Picture(8, 8, 1), 80), 0);
        AssertNotFound(_folder["nowhere"], null, "there is no such folder");
        AssertNotFound(_folder.Path, null, "there is no data set");
        WriteFile("mine", "1-of-1.tfrecord", scene);
        Assert.Equal("mine", GqnDataset.Open(_folder.Path, null, SceneSplit.Train).Name);
        Assert.Equal("mine", GqnDataset.Open(_folder["mine"], null, SceneSplit.Train).Name);
        Assert.Equal("mine", GqnDataset.Open(_folder["mine"] + "/", null, SceneSplit.Train).Name);
        Assert.Equal("mine", GqnDataset.Open(_folder["mine"], "mine", SceneSplit.Train).Name);
        WriteFile("rooms_ring_camera", "0001-of-2160.tfrecord", scene);
        AssertNotFound(_folder.Path, null, "several data sets, name one of them: mine, rooms_ring_camera");
        AssertNotFound(_folder.Path, "yours", "no data set 'yours'; there are mine, rooms_ring_camera");
        Assert.Equal(10, GqnDataset.Open(_folder.Path, "rooms-ring", SceneSplit.Train).ViewsPerScene);
        Assert.Contains("no folder 'test'", Assert.Throws<DatasetException>(
            () => GqnDataset.Open(_folder.Path, "mine", SceneSplit.Test)).Message, StringComparison.Ordinal);

        WriteFile("mine", "1-of-2.tfrecord", scene);
        AssertNotFound(_folder.Path, "mine", "two data sets in one folder");
        File.Delete(_folder["mine/train/1-of-2.tfrecord"]);
        WriteFile("mine", "01-of-1.tfrecord", scene);
        AssertNotFound(_folder.Path, "mine", "file 1 of 1 is there twice");
        File.Delete(_folder["mine/train/01-of-1.tfrecord"]);
        WriteFile("mine", "2-of-1.tfrecord", scene);
        AssertNotFound(_folder.Path, "mine", "no file 2 of 1");
    }

    [Fact]
    public void AFileAppearsOnlyWhole()
    {
        var writer = new GqnDatasetWriter(_folder.Path, "shepard-metzler-5", SceneSplit.Test, 5, 4);
        using var source = new CancellationTokenSource();
        int made = 0;
        Assert.Throws<OperationCanceledException>(() => writer.RenderFile(
            0, Five, SceneSplit.Test, 16, progress: () =>
            {
                if (++made == 2)
                    source.Cancel();
            }, cancellation: source.Token));
        Assert.Empty(Directory.GetFiles(writer.Path));
        Assert.Throws<ArgumentException>(() => writer.WriteFile(1, []));
        Assert.Empty(Directory.GetFiles(writer.Path));
        writer.RenderFile(1, Five, SceneSplit.Test, 16, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([writer.PathOf(1)], Directory.GetFiles(writer.Path));
        Assert.Equal(1, GqnDataset.Open(_folder.Path, null, SceneSplit.Test).CountScenes(0));
    }

    [Fact]
    public void FactorsGiveTheSceneBackAndForeignOnesAreNamed()
    {
        var record = SceneRecord.Render(Five, SceneSplit.Test, 12, 16, FrameFormat.Png);
        var read = SceneRecord.Parse(record.ToArray());
        var scene = read.ToScene(SceneSplit.Test)!;
        Assert.Equal(read.Decode(4).Bytes.ToArray(), scene.Render(read.Camera(4), 16).Bytes.ToArray());
        Assert.Null(new SceneRecord(record.Frames, record.Cameras).ToScene(SceneSplit.Test));
        var broken = new SceneRecord(record.Frames, record.Cameras)
        {
            Environment = Five.Name,
            Factors = "{\"$type\":\"shepard-metzler\"",
        };
        Assert.Contains("factors are not those of shepard-metzler-5",
            Assert.Throws<DatasetException>(() => broken.ToScene(SceneSplit.Test)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new SceneRecord(record.Frames, record.Cameras[1..]));
        float[] nowhere = [.. Enumerable.Repeat(float.NaN, 75)];
        Assert.Throws<ArgumentException>(() => new SceneRecord(record.Frames, nowhere));
    }

    private static void AssertIsScene(Scene scene, SceneRecord record, FrameFormat format)
    {
        Assert.Equal((scene.Index, Five.Name, 15), (record.Index!.Value, record.Environment, record.Views));
        for (int view = 0; view < record.Views; view++)
        {
            Assert.Equal(scene.Cameras[view], record.Camera(view));
            byte[] expected = scene.Render(scene.Cameras[view], 64).Bytes.ToArray();
            byte[] actual = record.Decode(view).Bytes.ToArray();
            if (format == FrameFormat.Png)
            {
                Assert.Equal(expected, actual);
                continue;
            }

            double error = expected.Zip(actual, (a, b) => (double)(a - b) * (a - b)).Average();
            double decibels = 10 * Math.Log10(255.0 * 255.0 / Math.Max(error, 1e-9));
            Assert.True(decibels > 30, $"view {view} of scene {scene.Index} has only {decibels:F1} dB");
        }
    }

    private DatasetException AssertSecondFails(string name)
    {
        var set = GqnDataset.Open(_folder.Path, name, SceneSplit.Train);
        long second = set.ReadOffsets(0)[1];
        var error = Assert.Throws<DatasetException>(() => set.ReadFile(0).Count());
        Assert.Equal((set.Files[0], second), (error.Path, error.Offset));
        return error;
    }

    private static void AssertFault(TfExampleWriter example, string problem) => Assert.Contains(
        problem, Assert.Throws<DatasetException>(() => SceneRecord.Parse(example.ToArray())).Message,
        StringComparison.Ordinal);

    private static void AssertNotFound(string folder, string? name, string problem) => Assert.Contains(
        problem, Assert.Throws<DatasetException>(() => GqnDataset.Open(folder, name, SceneSplit.Train)).Message,
        StringComparison.Ordinal);

    /// <summary>A scene as the released sets have it: nothing but frames and cameras.</summary>
    private static byte[] Plain(int views, byte[] frame, float first) => new TfExampleWriter()
        .Add("cameras", [first, .. new float[(views * 5) - 1]])
        .Add("frames", [.. Enumerable.Repeat((ReadOnlyMemory<byte>)frame, views)]).ToArray();

    private void WriteFile(string name, string file, params ReadOnlySpan<byte[]> records)
    {
        string train = Directory.CreateDirectory(Path.Combine(_folder[name], "train")).FullName;
        using var stream = File.Create(Path.Combine(train, file));
        var writer = new TfRecordWriter(stream);
        foreach (byte[] record in records)
            writer.Write(record);
    }

    private void Write(string name, SceneSplit split, int scenes, int scenesPerFile, FrameFormat format)
    {
        var writer = new GqnDatasetWriter(_folder.Path, name, split, scenes, scenesPerFile);
        for (int file = 0; file < writer.Layout.Files; file++)
            writer.RenderFile(file, Environments.Create(name), split, 64, format);
    }
}
