using Gqn.Native.Engine.Io;
using Xunit;

namespace Gqn.Native.Tests.Io;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void WritesAndReplaces()
    {
        AtomicFile.Write(_folder["a"], stream => stream.Write("longer than the next"u8));
        AtomicFile.Write(_folder["a"], stream => stream.Write("second"u8));
        Assert.Equal("second", File.ReadAllText(_folder["a"]));
        Assert.Equal(["a"], _folder.FileNames);
    }

    [Fact]
    public void AnExceptionInTheMiddleLeavesTheOldContent()
    {
        File.WriteAllText(_folder["a"], "old");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(_folder["a"], stream =>
        {
            stream.Write(new byte[100_000]);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(_folder["a"]));
        Assert.Equal(["a"], _folder.FileNames);
    }

    [Fact]
    public void ALeftoverOfAKilledProcessIsOverwritten()
    {
        File.WriteAllText(_folder["a.tmp"], "a half-written file that is longer");
        AtomicFile.Write(_folder["a"], stream => stream.Write("new"u8));
        Assert.Equal("new", File.ReadAllText(_folder["a"]));
        Assert.Equal(["a"], _folder.FileNames);
    }

    [Fact]
    public void ASecondWriterIsRefusedAndDoesNotDisturbTheFirst()
    {
        AtomicFile.Write(_folder["a"], stream =>
        {
            stream.Write("first"u8);
            Assert.Throws<IOException>(() => AtomicFile.Write(_folder["a"], other => other.Write("other"u8)));
        });
        Assert.Equal("first", File.ReadAllText(_folder["a"]));
        Assert.Equal(["a"], _folder.FileNames);
    }

    [Fact]
    public void AFolderAsTargetIsAnIOException()
    {
        Directory.CreateDirectory(_folder["a"]);
        var error = Assert.Throws<IOException>(() => AtomicFile.Write(_folder["a"], _ => { }));
        Assert.Contains(_folder["a"], error.Message, StringComparison.Ordinal);
        Assert.Equal(["a"], _folder.FileNames);
    }

    [Fact]
    public void AMissingFolderIsAnIOException()
    {
        string path = Path.Combine(_folder["missing"], "a");
        var error = Assert.Throws<IOException>(() => AtomicFile.Write(path, _ => { }));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Empty(_folder.FileNames);
    }

    [Fact]
    public void AFullDiskIsAnIOException()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs the device /dev/full");
        File.WriteAllText(_folder["a"], "old");
        // The write stays in memory until the final flush, where a nearly full disk shows itself.
        File.CreateSymbolicLink(_folder["a.tmp"], "/dev/full");
        var error = Assert.Throws<IOException>(() => AtomicFile.Write(_folder["a"], stream => stream.Write("new"u8)));
        Assert.Contains(_folder["a"], error.Message, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(_folder["a"]));
        Assert.Equal(["a"], _folder.FileNames);
    }

    [Fact]
    public void AReadOnlyFolderIsAnIOException()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "folders have no mode there");
        if (OperatingSystem.IsWindows())
            return;
        var mode = File.GetUnixFileMode(_folder.Path);
        File.SetUnixFileMode(_folder.Path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            Assert.SkipWhen(Environment.IsPrivilegedProcess, "an administrator cannot be refused");
            Assert.Throws<IOException>(() => AtomicFile.Write(_folder["a"], _ => { }));
            Assert.Empty(_folder.FileNames);
        }
        finally
        {
            File.SetUnixFileMode(_folder.Path, mode);
        }
    }

    [Fact]
    public void DevicesAreNotReplaced()
    {
        Assert.SkipUnless(File.Exists("/dev/null"), "needs the device /dev/null");
        Assert.Contains(
            "/dev/null", Assert.Throws<IOException>(() => AtomicFile.Write("/dev/null", _ => { })).Message,
            StringComparison.Ordinal);
        Assert.Equal(0, new FileInfo("/dev/null").Length);
    }

    [Fact]
    public void LinkStaysALinkAndItsTargetIsReplaced()
    {
        File.WriteAllText(_folder["target"], "old");
        File.CreateSymbolicLink(_folder["link"], _folder["target"]);
        AtomicFile.Write(_folder["link"], stream => stream.Write("new"u8));
        Assert.Equal("new", File.ReadAllText(_folder["target"]));
        Assert.NotNull(File.ResolveLinkTarget(_folder["link"], returnFinalTarget: false));
    }
}
