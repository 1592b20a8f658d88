using Microsoft.Win32.SafeHandles;

namespace Gqn.Native.Data;

/// <summary>Decompressed copies of gzip-compressed files, for random access: each is made once, in the folder for
/// temporary files, and shared by all that read the file. Safe for use by several threads.</summary>
/// <remarks>Copies that nobody reads are kept, the last used ones, up to a limit: a shuffled order goes back and forth
/// between the files in its window. They have no name, so that nothing is left behind, however the process
/// ends.</remarks>
/// <param name="maxBytes">The bytes of the copies that are kept besides those being read.</param>
/// <param name="maxFiles">The number of these copies.</param>
/// <param name="folder">The folder for temporary files; must exist.</param>
internal sealed class DecompressedFiles(long maxBytes, int maxFiles, string folder)
{
    private const int BufferLength = 1 << 17;

    private readonly object _gate = new();
    private readonly Dictionary<(string Path, long Length, DateTime Written), Copy> _copies = [];
    private long _clock;

    /// <summary>The copies of this process: 16 GiB, and 512 files, besides those being read.</summary>
    public static DecompressedFiles Shared { get; } = new(16L << 30, 512, Path.GetTempPath());

    /// <summary>The number of copies that exist.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _copies.Count;
        }
    }

    /// <summary>Opens the copy of a file, and makes it first if there is none.</summary>
    /// <exception cref="DatasetException">The file is damaged or cannot be read, or there is no room for the
    /// copy.</exception>
    public Lease Open(string path)
    {
        var file = new FileInfo(path);
        var key = (file.FullName, file.Exists ? file.Length : 0, file.LastWriteTimeUtc);
        Copy? copy;
        lock (_gate)
        {
            if (!_copies.TryGetValue(key, out copy))
                _copies.Add(key, copy = new Copy());
            copy.Readers++;
            copy.Used = ++_clock;
        }

        try
        {
            // Other files are decompressed at the same time; who wants this one waits here.
            lock (copy)
            {
                if (copy.Handle is null)
                    (copy.Handle, copy.Length) = Make(path);
            }

            return new Lease(this, copy);
        }
        catch
        {
            Return(copy);
            throw;
        }
    }

    private void Return(Copy copy)
    {
        lock (_gate)
        {
            copy.Readers--;
            var idle = _copies.Where(entry => entry.Value.Readers == 0).OrderByDescending(entry => entry.Value.Used);
            long bytes = 0;
            int files = 0;
            // What could not be made is removed, too: the next reader tries again.
            foreach (var (key, kept) in idle.ToList())
            {
                bytes += kept.Length;
                files++;
                if (kept.Handle is not null && bytes <= maxBytes && files <= maxFiles)
                    continue;
                kept.Handle?.Dispose();
                _copies.Remove(key);
            }
        }
    }

    private (SafeFileHandle Handle, long Length) Make(string path)
    {
        try
        {
            return Decompress(path);
        }
        catch (DatasetException error) when (error.Offset is null && RemoveUnread())
        {
            // The disk was full, and has room now.
            return Decompress(path);
        }
    }

    /// <summary>Removes the copies that nobody reads; false if there is none.</summary>
    private bool RemoveUnread()
    {
        lock (_gate)
        {
            var unread = _copies.Where(entry => entry.Value.Readers == 0).ToList();
            foreach (var (key, copy) in unread)
            {
                copy.Handle?.Dispose();
                _copies.Remove(key);
            }

            return unread.Count > 0;
        }
    }

    private (SafeFileHandle Handle, long Length) Decompress(string path)
    {
        using var source = TfRecordFile.OpenStream(path);
        var handle = CreateNameless(path);
        try
        {
            byte[] buffer = new byte[BufferLength];
            for (long length = 0; ;)
            {
                int read = Read(source, buffer, path, length);
                if (read == 0)
                    return (handle, length);
                Store(path, () => RandomAccess.Write(handle, buffer.AsSpan(0, read), length));
                length += read;
            }
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static int Read(Stream source, byte[] buffer, string path, long position)
    {
        try
        {
            return source.Read(buffer);
        }
        catch (InvalidDataException error)
        {
            throw new DatasetException(path, position, error.Message, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException(path, position, $"it cannot be read ({error.Message})", error);
        }
    }

    /// <summary>An empty file that is gone when it is closed.</summary>
    private SafeFileHandle CreateNameless(string path)
    {
        string name = Path.Combine(folder, $"gqn-{Guid.NewGuid():N}.tfrecord");
        SafeFileHandle? handle = null;
        Store(path, () =>
        {
            var options = OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None;
            handle = File.OpenHandle(
                name, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, FileOptions.RandomAccess | options);
            // Where open files may be deleted, even a killed process leaves nothing.
            if (!OperatingSystem.IsWindows())
                File.Delete(name);
        });
        return handle!;
    }

    private void Store(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException(
                path, null, $"it is compressed, and its decompressed copy cannot be written to {folder} "
                + $"({error.Message.TrimEnd('.')}); decompress it with gunzip, or name a folder with more room in the "
                + "environment variable TMPDIR", error);
        }
    }

    /// <summary>A copy in use.</summary>
    public sealed class Lease : IDisposable
    {
        private readonly DecompressedFiles _owner;
        private Copy? _copy;

        internal Lease(DecompressedFiles owner, Copy copy)
        {
            (_owner, _copy) = (owner, copy);
            (Handle, Length) = (copy.Handle!, copy.Length);
        }

        /// <summary>The open copy, valid until disposal.</summary>
        public SafeFileHandle Handle { get; }

        /// <summary>The length of the copy in bytes.</summary>
        public long Length { get; }

        /// <inheritdoc/>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _copy, null) is { } copy)
                _owner.Return(copy);
        }
    }

    /// <summary>A copy; its handle is absent until it is made.</summary>
    internal sealed class Copy
    {
        public SafeFileHandle? Handle { get; set; }

        public long Length { get; set; }

        public int Readers { get; set; }

        public long Used { get; set; }
    }
}
