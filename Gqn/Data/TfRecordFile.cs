using Microsoft.Win32.SafeHandles;

namespace Gqn.Native.Data;

/// <summary>An open TFRecord file with random access to its records. Safe for use by several threads.</summary>
public sealed class TfRecordFile : IDisposable
{
    private readonly SafeFileHandle _file;

    /// <summary>Opens a file.</summary>
    /// <param name="path">An uncompressed TFRecord file.</param>
    /// <exception cref="DatasetException">The file cannot be opened.</exception>
    public TfRecordFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Path = path;
        (_file, Length) = Open(path, () =>
        {
            var file = File.OpenHandle(path, options: FileOptions.RandomAccess);
            return (file, RandomAccess.GetLength(file));
        });
    }

    /// <summary>The path of the file as it was given.</summary>
    public string Path { get; }

    /// <summary>The length of the file in bytes.</summary>
    public long Length { get; }

    /// <summary>The byte offset of each record, found by reading only the lengths.</summary>
    /// <exception cref="DatasetException">A length is damaged, or the file ends within a record.</exception>
    public long[] ReadOffsets()
    {
        var offsets = new List<long>();
        Span<byte> header = stackalloc byte[TfRecordFraming.HeaderLength];
        for (long offset = 0; offset < Length;)
        {
            int length = ReadHeader(offset, header);
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
        Span<byte> header = stackalloc byte[TfRecordFraming.HeaderLength];
        int length = ReadHeader(offset, header), framed = length + TfRecordFraming.FooterLength;
        if (buffer.Length < framed)
            buffer = new byte[framed];
        Fill(buffer.AsSpan(0, framed), offset + TfRecordFraming.HeaderLength, offset);
        TfRecordFraming.CheckData(buffer.AsSpan(0, length), buffer.AsSpan(length, framed - length), Path, offset);
        return buffer.AsMemory(0, length);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>Opens a stream that reads a file from its beginning.</summary>
    internal static FileStream OpenStream(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Open(path, () => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 17));
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

    private int ReadHeader(long offset, Span<byte> header)
    {
        long left = Length - offset;
        if (left < header.Length)
            throw TfRecordFraming.Truncated(Path, offset, $"{Math.Max(left, 0)} of its first 12 bytes are there");
        Fill(header, offset, offset);
        return TfRecordFraming.ReadHeader(header, Path, offset, left - header.Length);
    }

    private void Fill(Span<byte> target, long from, long record)
    {
        try
        {
            for (int have = 0; have < target.Length;)
            {
                int read = RandomAccess.Read(_file, target[have..], from + have);
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
