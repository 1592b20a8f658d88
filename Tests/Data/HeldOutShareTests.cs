using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Tests.Io;
using Xunit;

namespace Gqn.Native.Tests.Data;

public sealed class HeldOutShareTests
{
    [Theory]
    [InlineData(0.05, 1000, 50)]
    [InlineData(0.05, 20, 1)]
    [InlineData(0.3, 1000, 300)]
    [InlineData(0.5, 7, 4)]
    [InlineData(0.9, 1000, 900)]
    [InlineData(0.001, 5000, 5)]
    public void BothSidesTogetherAreAllRecordsAndTheShareIsKept(double share, int count, int held)
    {
        for (int file = 0; file < 50; file++)
        {
            int[] test = [.. new HeldOutShare(share, true).Of(file, count)];
            int[] train = [.. new HeldOutShare(share, false).Of(file, count)];
            Assert.InRange(test.Length, held - 1, held + 1);
            Assert.Equal(Enumerable.Range(0, count), test.Concat(train).Order());
        }
    }

    [Fact]
    public void WhatIsHeldOutDependsOnThePlaceAlone()
    {
        var share = new HeldOutShare(0.05, true);
        int[] many = [.. share.Of(3, 1000)];
        Assert.Equal(many.Where(record => record < 410), share.Of(3, 410));
        Assert.NotEqual(many, share.Of(4, 1000));
        // Not every twentieth: a pattern in the order of the scenes must not decide.
        Assert.True(many.Select(record => record % 20).Distinct().Count() > 10);
        Assert.Equal([7, 20, 44, 74], many[..4]);
    }

    [Fact]
    public void TheScenesOfAFileStayOnTheirSideWhenAnotherFileIsAdded()
    {
        using var folder = new TemporaryFolder();
        Write(folder, 3, 30);
        string before = Held(folder);
        Write(folder, 1, 25);
        string after = Held(folder);
        Assert.EndsWith(before, after, StringComparison.Ordinal);
        Assert.NotEqual(before, after);
    }

    [Fact]
    public void TooFewScenesAreRefused()
    {
        using var folder = new TemporaryFolder();
        Write(folder, 1, 2);
        AssertRefused(0.0001, true, "holding out 0.0001 of its 2 scenes holds out none; choose a larger share");
        Assert.Equal(1, Open(folder, 0.5, false).CountScenes());
        Assert.Equal(1, Open(folder, 0.5, true).CountScenes());
        Write(folder, 1, 1);
        AssertRefused(0.999, false, "holding out 0.999 of its 1 scene leaves none to learn from");
        Write(folder, 1, 0);
        AssertRefused(0.5, true, "there is no scene in any of the files");

        void AssertRefused(double share, bool held, string problem)
        {
            var error = Assert.Throws<DatasetException>(() => Open(folder, share, held));
            Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void BothWaysOfReadingAFileSeeTheSameScenes()
    {
        using var folder = new TemporaryFolder();
        Write(folder, 2, 40);
        foreach (bool held in new[] { false, true })
        {
            var part = Open(folder, 0.2, held);
            Assert.Equal(part.ReadOffsets(0).Length, part.CountScenes());
            Assert.Equal(
                part.ReadOffsets(0).Select(offset => part.Read(0, offset).Cameras[0]),
                part.ReadFile(0).Select(record => record.Cameras[0]));
        }
    }

    private static GqnDataset Open(TemporaryFolder folder, double share, bool held) =>
        GqnDataset.OpenPart(folder.Path, "mine", new HeldOutShare(share, held));

    private static string Held(TemporaryFolder folder)
    {
        var part = Open(folder, 0.1, true);
        return string.Join(
            ' ', Enumerable.Range(0, part.Files.Count).SelectMany(part.ReadFile).Select(record => record.Cameras[0]));
    }

    /// <summary>A file of scenes whose first camera numbers tell file and record.</summary>
    private static void Write(TemporaryFolder folder, int number, int scenes)
    {
        string train = Directory.CreateDirectory(folder["mine/train"]).FullName;
        byte[] frame = Png.Encode(new RgbImage(8, 8));
        using var stream = File.Create(Path.Combine(train, $"{number}-of-3.tfrecord"));
        var writer = new TfRecordWriter(stream);
        for (int scene = 0; scene < scenes; scene++)
        {
            float[] cameras = [(1000 * number) + scene, .. new float[9]];
            writer.Write(new SceneRecord([frame, frame], cameras).ToArray());
        }
    }
}
