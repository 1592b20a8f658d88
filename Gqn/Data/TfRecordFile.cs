using Microsoft.Win32.SafeHandles;

namespace Gqn.Native.Data;

/// <summary>An open TFRecord file, plain or compressed with gzip, with random access to its records. Safe for use by
/// several threads.</summary>
/// <remarks>All offsets are those of the uncompressed records. A compressed file is decompressed into a temporary file
/// when its first record is read.</remarks>
public sealed class TfRecordFile : IDisposable
{
    private readonly object _gate = new();
    private readonly SafeFileHandle? _plain;
    private readonly long _plainLength;
    private DecompressedFiles.Lease? _copy;
    private bool _disposed;

    /// <summary>Opens a file.</summary>
    /// <param name="path">A TFRecord file; its content tells whether it is compressed.</param>
    /// <exception cref="DatasetException">The file cannot be opened.</exception>
    public TfRecordFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Path = path;
        (_plain, _plainLength) = Open<(SafeFileHandle?, long)>(path, () =>
        {
            var file = File.OpenHandle(path, options: FileOptions.RandomAccess);
            try
            {
                long length = RandomAccess.GetLength(file);
                Span<byte> start = stackalloc byte[TfRecordFraming.HeaderLength];
                if (!GunzipStream.Recognises(start[..RandomAccess.Read(file, start, 0)]))
                    return (file, length);
            }
            catch
            {
                file.Dispose();
                throw;
            }

            file.Dispose();
            return (null, 0);
        });
    }

    /// <summary>The path of the file as it was given.</summary>
    public string Path { get; }

    /// <summary>The length of the uncompressed records, with their framing, in bytes.</summary>
    /// <exception cref="DatasetException">The file is compressed, and damaged or cannot be read.</exception>
    public long Length => Content.Length;

    private (SafeFileHandle Handle, long Length) Content
    {
        get
        {
            if (_plain is not null)
                return (_plain, _plainLength);
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                _copy ??= DecompressedFiles.Shared.Open(Path);
                return (_copy.Handle, _copy.Length);
            }
        }
    }

    /// <summary>The byte offset of each record, found by reading only the lengths; a compressed file is read
    /// through.</summary>
    /// <exception cref="DatasetException">A length is damaged, or the file ends within a record.</exception>
    public long[] ReadOffsets()
    {
        var offsets = new List<long>();
        if (_plain is null)
        {
            // Without a copy on the disk: who counts scenes need not read any of them.
            using var records = new TfRecordReader(Path);
            for (long offset = 0; records.TrySkip(); offset = records.Position)
                offsets.Add(offset);
            return [.. offsets];
        }

        Span<byte> header = stackalloc byte[TfRecordFraming.HeaderLength];
        for (long offset = 0; offset < _plainLength;)
        {
            int length = ReadHeader(_plain, _plainLength, offset, header);
            offsets.Add(offset);
            offset += TfRecordFraming.Overhead + length;
        }

        return [.. offsets];
    }

    /// <summary>Reads one record and verifies both checksums.</summary>
    /// <param name="offset">The byte offset of the record, from <see cref="ReadOffsets"/>.</param>
    /// <param name="buffer">Replaced by a larger buffer if the record does not fit.</param>
    /// <returns>The record's data, within <paramref name="buffer"/>.</returns>
    /// <exception cref="DatasetException">The record is damaged or incomplete, or cannot be read.</exception>
    public ReadOnlyMemory<byte> Read(long offset, ref byte[] buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var (handle, whole) = Content;
        Span<byte> header = stackalloc byte[TfRecordFraming.HeaderLength];
        int length = ReadHeader(handle, whole, offset, header), framed = length + TfRecordFraming.FooterLength;
        if (buffer.Length < framed)
            buffer = new byte[framed];
        Fill(handle, buffer.AsSpan(0, framed), offset + TfRecordFraming.HeaderLength, offset);
        TfRecordFraming.CheckData(buffer.AsSpan(0, length), buffer.AsSpan(length, framed - length), Path, offset);
        return buffer.AsMemory(0, length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _plain?.Dispose();
        lock (_gate)
        {
            _disposed = true;
            _copy?.Dispose();
        }
    }

    /// <summary>Opens a stream that reads a file from its beginning, decompressed.</summary>
    internal static Stream OpenStream(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Open<Stream>(path, () =>
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 17);
            try
            {
                if (!file.CanSeek)
                    return file;
                Span<byte> start = stackalloc byte[TfRecordFraming.HeaderLength];
                int read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
                file.Position = 0;
                return GunzipStream.Recognises(start[..read]) ? new GunzipStream(file) : file;
            }
            catch
            {
                file.Dispose();
                throw;
            }
        });
    }

    private static T Open<T>(string path, Func<T> open)
    {
        try
        {
            return open();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            string problem = error switch
            {
                FileNotFoundException or DirectoryNotFoundException => "there is no such file",
                UnauthorizedAccessException => Directory.Exists(path) ? "it is a folder" : "it may not be read",
                NotSupportedException => "it has no length, so it is no regular file",
                _ => $"it cannot be opened ({error.Message})",
            };
            throw new DatasetException(path, null, problem, error);
        }
    }

    private int ReadHeader(SafeFileHandle handle, long whole, long offset, Span<byte> header)
    {
        long left = whole - offset;
        if (left < header.Length)
            throw TfRecordFraming.Truncated(Path, offset, $"{Math.Max(left, 0)} of its first 12 bytes are there");
        Fill(handle, header, offset, offset);
        return TfRecordFraming.ReadHeader(header, Path, offset, left - header.Length);
    }

    private void Fill(SafeFileHandle handle, Span<byte> target, long from, long record)
    {
        try
        {
            for (int have = 0; have < target.Length;)
            {
                int read = RandomAccess.Read(handle, target[have..], from + have);
                if (read == 0)
                    throw TfRecordFraming.Truncated(Path, record, "the file has become shorter");
                have += read;
            }
        }
        catch (Exception error) when (error is not DatasetException and (IOException or UnauthorizedAccessException))
        {
            throw new DatasetException(Path, record, $"it cannot be read ({error.Message})", error);
        }
    }
}
