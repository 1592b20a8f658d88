namespace Gqn.Native.Data;

/// <summary>Reads the records of a TFRecord stream from its beginning to its end; every check value is
/// compared.</summary>
/// <remarks>
/// A length is not believed before it agrees with what the stream has left, so a damaged or hostile file costs no more
/// memory than it has bytes. Not safe for use by several threads at once.
/// </remarks>
public sealed class TfRecordReader : IDisposable
{
    /// <summary>The longest record that is read, 64 MiB; those of the released data sets have 10 to 1200 kB.</summary>
    public const int MaxRecordLength = 64 << 20;

    private const int FirstPiece = 1 << 16;

    private readonly Stream _stream;
    private readonly string _path;
    private readonly long _length;
    private readonly byte[] _frame = new byte[TfRecordFraming.HeaderLength];
    private byte[] _data = [];

    /// <summary>Opens a file.</summary>
    /// <param name="path">An uncompressed TFRecord file.</param>
    /// <exception cref="DatasetException">It cannot be opened.</exception>
    public TfRecordReader(string path) : this(TfRecordFile.OpenStream(path), path)
    {
    }

    /// <summary>Reads a stream from where it stands; ends it when disposed.</summary>
    /// <param name="stream">Any stream; it need not be able to seek.</param>
    /// <param name="path">What messages call it.</param>
    public TfRecordReader(Stream stream, string path)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentException.ThrowIfNullOrEmpty(path);
        (_stream, _path) = (stream, path);
        Position = stream.CanSeek ? stream.Position : 0;
        _length = stream.CanSeek ? stream.Length : -1;
    }

    /// <summary>Where the next record begins, in bytes from the beginning of the file.</summary>
    public long Position { get; private set; }

    /// <summary>Reads the next record.</summary>
    /// <param name="data">Receives its data, which stays until the following call.</param>
    /// <returns>False at the end of the stream.</returns>
    /// <exception cref="DatasetException">The record is damaged, too long or not whole, or cannot be read.</exception>
    public bool TryRead(out ReadOnlyMemory<byte> data)
    {
        data = default;
        int read = Fill(_frame);
        if (read == 0)
            return false;
        if (read < TfRecordFraming.HeaderLength)
            throw TfRecordFraming.Truncated(_path, Position, $"{read} of its first 12 bytes are there");
        long left = _length < 0 ? -1 : _length - Position - TfRecordFraming.HeaderLength;
        int length = TfRecordFraming.ReadHeader(_frame, _path, Position, left);
        ReadData(length, known: left >= 0);
        var footer = _frame.AsSpan(0, TfRecordFraming.FooterLength);
        if (Fill(footer) < footer.Length)
            throw TfRecordFraming.Truncated(_path, Position, "its last check value is not there");
        TfRecordFraming.CheckData(_data.AsSpan(0, length), footer, _path, Position);
        Position += TfRecordFraming.Overhead + length;
        data = _data.AsMemory(0, length);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    /// <summary>Where the length of the stream is not known, room grows with what arrives.</summary>
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
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException(_path, Position, $"it cannot be read ({error.Message})", error);
        }
    }
}
