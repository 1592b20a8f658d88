using System.IO.Compression;

namespace Gqn.Native.Data;

/// <summary>Reads a gzip-compressed TFRecord file from its beginning, decompressed.</summary>
/// <remarks>What a file expands to is limited by its own length, so that a small file cannot fill a disk. Damage is
/// an <see cref="InvalidDataException"/> whose message has no final full stop. The end of a file that is cut off is
/// reported as an end: the framing of the records tells whether it is one, as in a plain file. Not
/// thread-safe.</remarks>
internal sealed class GunzipStream : Stream
{
    /// <summary>How many times its own length a file may expand to. Frames are compressed already, so gzip gains
    /// little; even scenes of one frame over and over stay far below.</summary>
    public const int MaxExpansion = 100;

    /// <summary>The bytes that any file may expand to, however short it is: 64 MiB.</summary>
    public const long AlwaysAllowed = 64 << 20;

    private readonly FileStream _file;
    private readonly GZipStream _inflated;
    private readonly long _limit;
    private long _position;

    /// <summary>Decompresses an open file, which is disposed in the end.</summary>
    public GunzipStream(FileStream file)
    {
        _file = file;
        _inflated = new GZipStream(file, CompressionMode.Decompress);
        _limit = Math.Max(AlwaysAllowed, file.Length * MaxExpansion);
    }

    /// <summary>The number of bytes of the compressed file that have been read.</summary>
    public long CompressedPosition => _file.Position;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <summary>The number of decompressed bytes that have been read.</summary>
    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <summary>Whether a file is compressed, which its content tells, not its name. A first record of 560,927 bytes
    /// begins with the same three bytes, but the check value of its length agrees.</summary>
    /// <param name="start">The first 12 bytes of the file, or all of them.</param>
    public static bool Recognises(ReadOnlySpan<byte> start) =>
        start is [0x1F, 0x8B, 8, ..] && !TfRecordFraming.IsHeader(start);

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        int read;
        try
        {
            read = _inflated.Read(buffer);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException(
                "its gzip compression is damaged; fetch or make the file again", error);
        }

        _position += read;
        if (_position <= _limit)
            return read;
        throw new InvalidDataException(
            $"gzip expands the file to more than {MaxExpansion} times its {_file.Length} bytes, which no scenes do; "
            + "if it is right all the same, decompress it with gunzip");
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inflated.Dispose();
            _file.Dispose();
        }

        base.Dispose(disposing);
    }
}
