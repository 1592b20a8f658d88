using System.Diagnostics;
using Gqn.Native.Engine.Io;
using Xunit;

namespace Gqn.Native.Tests.Io;

public sealed class SmallFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder["a.json"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ATextIsReadWholeAndWithoutItsByteOrderMark()
    {
        File.WriteAllText(Path, "{ \"σ\": 0.7 }\n");
        Assert.Equal("{ \"σ\": 0.7 }\n", SmallFile.ReadText(Path));
        File.WriteAllBytes(Path, [0xEF, 0xBB, 0xBF, (byte)'x']);
        Assert.Equal("x", SmallFile.ReadText(Path));
    }

    [Fact]
    public void TheLimitIsTheLargestLength()
    {
        File.WriteAllBytes(Path, [.. Enumerable.Repeat((byte)'s', SmallFile.UsualLimit)]);
        Assert.Equal(SmallFile.UsualLimit, SmallFile.ReadText(Path).Length);
        File.AppendAllText(Path, "s");
        Refused("it has more than the 1 MiB that such a file may have");
        File.WriteAllText(Path, "secret");
        Assert.Equal("secret", SmallFile.ReadText(Path, 6));
        Refused("it has more than the 5 bytes that such a file may have", 5);
    }

    [Fact]
    public void AHugeFileTakesNoMemory()
    {
        using (var stream = File.Create(Path))
            stream.SetLength(1L << 40);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        Refused("it has more than the 1 MiB that such a file may have");
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - allocated < 1 << 20);
    }

    [Theory]
    [InlineData(new byte[] { (byte)'s', 0, (byte)'x' }, "it is no text: it has bytes of value 0")]
    [InlineData(new byte[] { (byte)'s', 0xC3, (byte)'x' }, "it is no text in UTF-8")]
    [InlineData(new byte[] { (byte)'s', 0xE2, 0x82 }, "it is no text in UTF-8")]
    [InlineData(new byte[0], "it is empty, or no regular file")]
    public void OtherContentIsRefused(byte[] content, string problem)
    {
        File.WriteAllBytes(Path, content);
        Refused(problem);
    }

    [Fact]
    public void AFolderIsRefused()
    {
        Directory.CreateDirectory(Path);
        Refused("it is a folder, not a file");
    }

    [Fact]
    public void WhatIsNotThereIsNotFound()
    {
        string missing = _folder["none"];
        Assert.Equal(
            $"Cannot read '{missing}': there is no such file.",
            Assert.Throws<FileNotFoundException>(() => SmallFile.ReadText(missing)).Message);
        missing = System.IO.Path.Combine(missing, "file");
        Assert.Equal(
            $"Cannot read '{missing}': there is no such file.",
            Assert.Throws<FileNotFoundException>(() => SmallFile.ReadText(missing)).Message);
    }

    [Fact]
    public void LinksAreFollowed()
    {
        File.WriteAllText(_folder["b"], "text");
        File.CreateSymbolicLink(_folder["between"], _folder["b"]);
        File.CreateSymbolicLink(Path, "between");
        Assert.Equal("text", SmallFile.ReadText(Path));
        File.Delete(_folder["b"]);
        Assert.Equal(
            $"Cannot read '{Path}': it is a link to a file that is not there.",
            Assert.Throws<FileNotFoundException>(() => SmallFile.ReadText(Path)).Message);
    }

    [Fact]
    public void ALinkToItselfIsRefused()
    {
        File.CreateSymbolicLink(Path, Path);
        Assert.ThrowsAny<IOException>(() => SmallFile.ReadText(Path));
    }

    [Fact]
    public void DevicesAreRefused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the device is called /dev/zero on Linux");
        File.CreateSymbolicLink(Path, "/dev/zero");
        Refused("it is a device, not a file");
    }

    [Fact]
    public void APipeIsNotWaitedFor()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the command is called mkfifo on Linux");
        using (var maker = Process.Start("mkfifo", Path))
            maker.WaitForExit();
        Assert.True(File.Exists(Path));
        Refused("it is empty, or no regular file");
    }

    private void Refused(string problem, int maxBytes = SmallFile.UsualLimit)
    {
        var error = Assert.ThrowsAny<IOException>(() => SmallFile.ReadText(Path, maxBytes));
        Assert.Equal($"Cannot read '{Path}': {problem}.", error.Message);
    }
}
