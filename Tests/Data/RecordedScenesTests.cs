using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Imaging;
using Gqn.Native.Tests.Io;
using Xunit;

namespace Gqn.Native.Tests.Data;

/// <summary>Batches from files: the same as rendered ones, and resumable at any batch.</summary>
public sealed class RecordedScenesTests : IClassFixture<RecordedScenesTests.Files>
{
    private const int Scenes = 25, ScenesPerFile = 7, Size = 16, BatchSize = 4, MaxContexts = 3, Buffer = 10;

    private static readonly SceneEnvironment Seven = Environments.Create("shepard-metzler-7");

    private readonly Files _files;

    public RecordedScenesTests(Files files) => _files = files;

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 4)]
    [InlineData(5, 3)]
    public void FilesAndRendererGiveTheSameBatchesInTheSameOrder(int workers, int capacity)
    {
        var rendered = new RenderedScenes(Seven, SceneSplit.Train, new SceneFileLayout(Scenes, ScenesPerFile));
        byte[][] expected = Prints(rendered, 30);
        Assert.Equal(30, expected.Select(Convert.ToHexString).Distinct().Count());
        Assert.Equal(expected, Prints(_files.Train, 30, workers: workers, capacity: capacity));
        Assert.Equal(expected, Prints(rendered, 30, workers: workers, capacity: capacity));
        Assert.NotEqual(expected, Prints(_files.Train, 30, buffer: 4));
    }

    [Fact]
    public void ReadingGoesOnAtAnyBatch()
    {
        byte[][] whole = Prints(_files.Train, 20);
        for (int first = 1; first < 17; first++)
            Assert.Equal(whole[first..(first + 3)], Prints(_files.Train, 3, firstBatch: first, workers: 2));
    }

    [Fact]
    public void EvaluationSetsHaveEverySceneBeforeAnyComesAgainAndNest()
    {
        var test = new RecordedScenes(GqnDataset.Open(_files.Path, null, SceneSplit.Test));
        var wide = SceneBatches.EvaluationBatch(test, Size, 20, 5, 3);
        var narrow = SceneBatches.EvaluationBatch(test, Size, 4, 2, 3);
        Assert.Equal(9, wide.SceneIndices[..9].Distinct().Count());
        Assert.Equal(9, wide.SceneIndices.Distinct().Count());
        int picture = Size * Size * 3;
        for (int b = 0; b < narrow.Scenes; b++)
        {
            Assert.Equal(wide.SceneIndices[b], narrow.SceneIndices[b]);
            Assert.Equal(
                wide.QueryImages.AsSpan(b * picture, picture).ToArray(),
                narrow.QueryImages.AsSpan(b * picture, picture).ToArray());
            Assert.Equal(
                wide.ContextImages.AsSpan(b * 5 * picture, 2 * picture).ToArray(),
                narrow.ContextImages.AsSpan(b * 2 * picture, 2 * picture).ToArray());
            Assert.Equal(
                wide.ContextViews.AsSpan(b * 5 * 7, 14).ToArray(), narrow.ContextViews.AsSpan(b * 2 * 7, 14).ToArray());
        }

        var rendered = new RenderedScenes(Seven, SceneSplit.Test, new SceneFileLayout(9, 9));
        Assert.Equal(wide.QueryImages, SceneBatches.EvaluationBatch(rendered, Size, 20, 5, 3).QueryImages);
    }

    [Fact]
    public void RawCamerasAreEncodedInBothOrders()
    {
        foreach (var order in Enum.GetValues<ViewpointOrder>())
        {
            var batch = SceneBatches.EvaluationBatch(_files.Train, Size, 3, 2, 8, order);
            float[] seven = new float[7];
            for (int b = 0; b < 3; b++)
            {
                (ulong file, ulong record) = (batch.SceneIndices[b] >> 32, batch.SceneIndices[b] & uint.MaxValue);
                var scene = Seven.Sample(SceneSplit.Train, (file * ScenesPerFile) + record);
                Assert.Contains(Enumerable.Range(0, 15), view =>
                {
                    Viewpoint.Encode(scene.Cameras[view], order, seven);
                    return seven.AsSpan().SequenceEqual(batch.QueryViews.AsSpan(b * 7, 7));
                });
            }
        }
    }

    [Fact]
    public void FramesAreBroughtToTheModelsSize()
    {
        var large = ImageDecoderTests.Picture(48, 48, 2);
        using var folder = new TemporaryFolder();
        Write(folder, Png.Encode(large));
        var source = new RecordedScenes(GqnDataset.Open(folder.Path, "mine", SceneSplit.Train));
        foreach (int size in new[] { 16, 32, 48, 100 })
        {
            byte[] expected = new byte[size * size * 3];
            new SquareResampler(48, size).Resample(large.Bytes, expected);
            var batch = SceneBatches.EvaluationBatch(source, size, 1, 1, 1);
            Assert.Equal(expected.Select(value => value / 255f), batch.QueryImages);
        }
    }

    [Fact]
    public void FilesWithoutScenesAreSaidToHaveNone()
    {
        using var folder = new TemporaryFolder();
        string train = Directory.CreateDirectory(folder["jaco/train"]).FullName;
        File.WriteAllBytes(Path.Combine(train, "1-of-1.tfrecord"), []);
        using var batches = new SceneBatches(
            new RecordedScenes(GqnDataset.Open(folder.Path, null, SceneSplit.Train)), Size, 2, 1, 1);
        var error = Assert.Throws<DatasetException>(batches.Next);
        Assert.Equal($"Data '{train}': there is no scene in any of the files.", error.Message);
    }

    [Fact]
    public void DamageSurfacesAsItsOwnErrorWithTheFile()
    {
        using var folder = new TemporaryFolder();
        Write(folder, Png.Encode(ImageDecoderTests.Picture(20, 30, 2)));
        var source = new RecordedScenes(GqnDataset.Open(folder.Path, "mine", SceneSplit.Train));
        using (var batches = new SceneBatches(source, Size, 2, 1, 1))
        {
            var error = Assert.Throws<DatasetException>(batches.Next);
            Assert.Contains("20x30 pixels; frames must be square", error.Message, StringComparison.Ordinal);
        }

        string file = folder["mine/train/1-of-1.tfrecord"];
        byte[] bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(file, bytes);
        using (var batches = new SceneBatches(source, Size, 2, 1, 1, workers: 2))
        {
            var error = Assert.Throws<DatasetException>(batches.Next);
            Assert.Equal((file, 0L), (error.Path, error.Offset));
            Assert.Throws<DatasetException>(batches.Next);
        }
    }

    private static void Write(TemporaryFolder folder, byte[] frame) =>
        new GqnDatasetWriter(folder.Path, "mine", SceneSplit.Train, 1).WriteFile(
            0, [new SceneRecord([frame, frame], new float[10])]);

    private static byte[][] Prints(
        SceneSource source, int count, long firstBatch = 0, int workers = 1, int capacity = 4, int buffer = Buffer)
    {
        using var batches = new SceneBatches(
            source, Size, BatchSize, MaxContexts, 5, firstBatch, workers, capacity, shuffleBuffer: buffer);
        return [.. Enumerable.Range(0, count).Select(_ => BatchPrint.Of(batches.Next()))];
    }

    /// <summary>A small lossless data set.</summary>
    public sealed class Files : IDisposable
    {
        private readonly TemporaryFolder _folder = new(inMemory: true);

        public Files()
        {
            foreach (var (split, scenes) in new[] { (SceneSplit.Train, Scenes), (SceneSplit.Test, 9) })
            {
                int perFile = split == SceneSplit.Train ? ScenesPerFile : 9;
                var writer = new GqnDatasetWriter(Path, Seven.Name, split, scenes, perFile);
                for (int file = 0; file < writer.Layout.Files; file++)
                    writer.RenderFile(file, Seven, split, Size, FrameFormat.Png);
            }

            Train = new RecordedScenes(GqnDataset.Open(Path, null, SceneSplit.Train));
        }

        public string Path => _folder.Path;

        public SceneSource Train { get; }

        public void Dispose() => _folder.Dispose();
    }
}
