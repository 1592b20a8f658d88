namespace Gqn.Native.Data;

/// <summary>Reads the records of a TFRecord stream sequentially and verifies every checksum.</summary>
/// <remarks>
/// A length is checked against what the stream has left before memory is allocated, so a damaged or hostile file costs
/// no more memory than it has bytes. After a record whose data are damaged the next one can be read; after any other
/// fault, <see cref="IsLost"/> says so. Not thread-safe.
/// </remarks>
public sealed class TfRecordReader : IDisposable
{
    /// <summary>The longest record accepted, 64 MiB; those of the released data sets have 10 to 1200 kB.</summary>
    public const int MaxRecordLength = 64 << 20;

    private const int FirstPiece = 1 << 16;

    private readonly Stream _stream;
    private readonly string _path;
    private readonly long _length;
    private readonly byte[] _frame = new byte[TfRecordFraming.HeaderLength];
    private byte[] _data = [];

    /// <summary>Opens a file.</summary>
    /// <param name="path">A TFRecord file, plain or compressed with gzip.</param>
    /// <exception cref="DatasetException">The file cannot be opened.</exception>
    public TfRecordReader(string path) : this(TfRecordFile.OpenStream(path), path)
    {
    }

    /// <summary>Reads a stream from its current position, and disposes it in the end.</summary>
    /// <param name="stream">Any stream, seekable or not.</param>
    /// <param name="path">The name of the stream in error messages.</param>
    public TfRecordReader(Stream stream, string path)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentException.ThrowIfNullOrEmpty(path);
        (_stream, _path) = (stream, path);
        Position = stream.CanSeek ? stream.Position : 0;
        _length = stream.CanSeek ? stream.Length : -1;
    }

    /// <summary>The byte offset of the next record in the file, uncompressed.</summary>
    public long Position { get; private set; }

    /// <summary>Whether a fault hides where the next record begins, so that the rest of the file cannot be
    /// read.</summary>
    public bool IsLost { get; private set; }

    /// <summary>The number of bytes of the file that have been read; of the compressed ones if it is
    /// compressed.</summary>
    internal long BytesRead => _stream is GunzipStream gzip ? gzip.CompressedPosition : Position;

    /// <summary>Reads the next record.</summary>
    /// <param name="data">Receives the record's data, which are valid until the next call.</param>
    /// <returns>False at the end of the stream.</returns>
    /// <exception cref="DatasetException">The record is damaged, too long or incomplete, or cannot be read.</exception>
    public bool TryRead(out ReadOnlyMemory<byte> data)
    {
        data = default;
        IsLost = true;
        if (ReadLength() is not { } length)
            return false;
        ReadData(length.Bytes, length.IsCertain);
        var footer = _frame.AsSpan(0, TfRecordFraming.FooterLength);
        if (Fill(footer) < footer.Length)
            throw TfRecordFraming.Truncated(_path, Position, "its last check value is not there");
        long offset = Position;
        Advance(length.Bytes);
        TfRecordFraming.CheckData(_data.AsSpan(0, length.Bytes), footer, _path, offset);
        data = _data.AsMemory(0, length.Bytes);
        return true;
    }

    /// <summary>Skips the next record; its data are not verified.</summary>
    /// <returns>False at the end of the stream.</returns>
    /// <exception cref="DatasetException">The record's length is damaged, or the record is incomplete.</exception>
    internal bool TrySkip()
    {
        IsLost = true;
        if (ReadLength() is not { } length)
            return false;
        if (_data.Length < FirstPiece)
            _data = new byte[FirstPiece];
        for (int left = length.Bytes + TfRecordFraming.FooterLength; left > 0;)
        {
            int piece = Math.Min(left, FirstPiece);
            if (Fill(_data.AsSpan(0, piece)) < piece)
                throw TfRecordFraming.Truncated(_path, Position, $"it has {Quantity.Of(length.Bytes, "byte")}");
            left -= piece;
        }

        Advance(length.Bytes);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    /// <summary>Reads a record's header: the number of its bytes, and whether the stream is known to have as many; null
    /// at the end of the stream.</summary>
    private (int Bytes, bool IsCertain)? ReadLength()
    {
        int read = Fill(_frame);
        if (read == 0)
        {
            IsLost = false;
            return null;
        }

        if (read < TfRecordFraming.HeaderLength)
            throw TfRecordFraming.Truncated(_path, Position, $"{read} of its first 12 bytes are there");
        long left = _length < 0 ? -1 : _length - Position - TfRecordFraming.HeaderLength;
        return (TfRecordFraming.ReadHeader(_frame, _path, Position, left), left >= 0);
    }

    private void Advance(int length)
    {
        Position += TfRecordFraming.Overhead + length;
        IsLost = false;
    }

    /// <summary>Reads a record's data; if the stream's length is unknown, the buffer grows with what arrives.</summary>
    private void ReadData(int length, bool known)
    {
        int have = 0;
        while (have < length)
        {
            int room = known ? length : (int)Math.Min(length, Math.Max(FirstPiece, 2L * have));
            if (_data.Length < room)
                Array.Resize(ref _data, room);
            int read = Fill(_data.AsSpan(have, room - have));
            have += read;
            if (have < room)
                throw TfRecordFraming.Truncated(_path, Position, $"{have} of its {length} bytes are there");
        }
    }

    private int Fill(Span<byte> target)
    {
        try
        {
            return _stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException error)
        {
            throw new DatasetException(_path, Position, error.Message, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException(_path, Position, $"it cannot be read ({error.Message})", error);
        }
    }
}
