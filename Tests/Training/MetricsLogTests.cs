using Gqn.Native.Tests.Io;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

public sealed class MetricsLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string LogPath => _folder["metrics.jsonl"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void OneObjectALineReadableAtOnce()
    {
        using var log = MetricsLog.Open(LogPath, 0);
        log.Write(1, ("loss", 6950.5), ("learningRate", 5e-4));
        Assert.Equal("{\"step\":1,\"loss\":6950.5,\"learningRate\":0.0005}\n", Content());
        log.Write(2, ("loss", double.NaN), ("a", double.PositiveInfinity), ("b\"", double.NegativeInfinity));
        log.Write(3);
        string[] lines = Content().Split('\n');
        Assert.Equal("""{"step":2,"loss":"NaN","a":"Infinity","b\u0022":"-Infinity"}""", lines[1]);
        Assert.Equal("""{"step":3}""", lines[2]);
        Assert.Equal(4, lines.Length);
    }

    [Fact]
    public void ResumingDropsLaterStepsAndAppends()
    {
        using (var log = MetricsLog.Open(LogPath, 0))
        {
            for (int step = 10; step <= 50; step += 10)
                log.Write(step, ("loss", step));
        }

        using (var log = MetricsLog.Open(LogPath, 30))
            log.Write(31, ("loss", 0));
        Assert.Equal(
            "{\"step\":10,\"loss\":10}\n{\"step\":20,\"loss\":20}\n" +
            "{\"step\":30,\"loss\":30}\n{\"step\":31,\"loss\":0}\n",
            Content());
        MetricsLog.Open(LogPath, 0).Dispose();
        Assert.Equal("", Content());
        Assert.Equal(["metrics.jsonl"], _folder.FileNames);
    }

    [Fact]
    public void EveryTornTailLeavesTheWholeLines()
    {
        string first = "{\"step\":1,\"loss\":1}\n";
        string second = "{\"step\":2,\"loss\":22}";
        for (int length = 0; length < second.Length; length++)
        {
            foreach (string tail in new[] { "", "\0\0\0", "\n" })
            {
                File.WriteAllText(LogPath, first + second[..length] + tail);
                MetricsLog.Open(LogPath, 5).Dispose();
                Assert.Equal(first, Content());
            }
        }

        File.WriteAllText(LogPath, first + second);
        MetricsLog.Open(LogPath, 5).Dispose();
        Assert.Equal(first + second + "\n", Content());
    }

    [Theory]
    [InlineData("{\"step\":1")]
    [InlineData("[1]")]
    [InlineData("{\"loss\":1}")]
    [InlineData("{\"step\":\"1\"}")]
    [InlineData("{\"step\":1.5}")]
    [InlineData("{\"step\":1} {\"step\":2}")]
    [InlineData("")]
    public void AnUnreadableLineInTheMiddleIsReportedAndKept(string line)
    {
        string content = "{\"step\":1}\n" + line + "\n{\"step\":2}\n";
        File.WriteAllText(LogPath, content);
        var error = Assert.Throws<InvalidDataException>(() => MetricsLog.Open(LogPath, 1));
        Assert.Contains("line 2", error.Message, StringComparison.Ordinal);
        Assert.Contains(LogPath, error.Message, StringComparison.Ordinal);
        Assert.Equal(content, Content());
    }

    [Fact]
    public void ARefusedLineLeavesTheFileAlone()
    {
        using var log = MetricsLog.Open(LogPath, 0);
        Assert.Throws<ArgumentException>(() => log.Write(1, ("a", 1), ("a", 2)));
        Assert.Throws<ArgumentException>(() => log.Write(1, ("step", 1)));
        Assert.Throws<ArgumentException>(() => log.Write(1, ("", 1)));
        log.Write(2, ("a", 1));
        Assert.Equal("{\"step\":2,\"a\":1}\n", Content());
    }

    [Fact]
    public void AMissingFolderIsAnIOException() =>
        Assert.ThrowsAny<IOException>(() => MetricsLog.Open(Path.Combine(_folder["missing"], "metrics.jsonl"), 0));

    private string Content()
    {
        // The log is still open for writing.
        using var stream = new FileStream(LogPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return new StreamReader(stream).ReadToEnd();
    }
}
