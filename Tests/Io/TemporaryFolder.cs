namespace Gqn.Native.Tests.Io;

/// <summary>An empty folder that is deleted with its test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private const string MemoryDisk = "/dev/shm";

    /// <param name="inMemory">For tests that write thousands of files: spares the disk if the system can.</param>
    internal TemporaryFolder(bool inMemory = false)
    {
        Path = inMemory && Directory.Exists(MemoryDisk)
            ? Directory.CreateDirectory(System.IO.Path.Combine(MemoryDisk, $"gqn-tests-{Guid.NewGuid():N}")).FullName
            : Directory.CreateTempSubdirectory("gqn-tests-").FullName;
    }

    internal string Path { get; }

    internal string this[string name] => System.IO.Path.Combine(Path, name);

    internal string[] FileNames =>
        [.. Directory.EnumerateFileSystemEntries(Path).Select(path => System.IO.Path.GetFileName(path)).Order()];

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
