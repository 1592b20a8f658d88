using System.Buffers.Binary;
using System.Globalization;
using Google.Protobuf;
using Gqn.Native.Engine.Io;

namespace Gqn.Native.Training;

/// <summary>Writes event files for TensorBoard: curves and images against training steps.</summary>
/// <remarks>
/// An event file is a sequence of TFRecords, each holding one protobuf message <c>Event</c>. TensorBoard joins all
/// event files of a folder, so a resumed run opens another one. Not thread-safe.
/// </remarks>
public sealed class TensorBoardWriter : IDisposable
{
    // Fields of tensorflow.Event, SessionLog, Summary, Summary.Value and Summary.Image.
    private const int EventWallTime = 1, EventStep = 2, EventFileVersion = 3, EventSummary = 5, EventSessionLog = 7;
    private const int SessionStatus = 1, SessionStart = 1;
    private const int SummaryValue = 1;
    private const int ValueTag = 1, ValueSimple = 2, ValueImage = 4;
    private const int ImageHeight = 1, ImageWidth = 2, ImageColorspace = 3, ImageEncoded = 4;
    private const int Rgb = 3;

    private readonly TimeProvider _clock;
    private readonly FileStream _file;

    /// <summary>Starts a new event file, <c>events.out.tfevents.SECONDS.NUMBER</c>: writes its version, and the start of
    /// a session, at which TensorBoard forgets the points of earlier files from <paramref name="firstStep"/> on: a run
    /// that was killed makes them again.</summary>
    /// <param name="folder">The folder of the file; created if missing.</param>
    /// <param name="clock">The clock for the time stamp of each event; nothing else depends on it.</param>
    /// <param name="firstStep">The first step of this file.</param>
    /// <exception cref="IOException">The folder or the file cannot be written.</exception>
    public TensorBoardWriter(string folder, TimeProvider clock, long firstStep = 1)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(clock);
        _clock = clock;
        Directory.CreateDirectory(folder);
        string seconds = clock.GetUtcNow().ToUnixTimeSeconds().ToString("D10", CultureInfo.InvariantCulture);
        int number = 0;
        do
            Path = System.IO.Path.Combine(folder, $"events.out.tfevents.{seconds}.{number++}");
        while (File.Exists(Path));
        _file = new FileStream(Path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 1 << 16);
        WriteEvent(step: 0, output =>
        {
            output.WriteTag(EventFileVersion, WireFormat.WireType.LengthDelimited);
            output.WriteString("brain.Event:2");
        });
        WriteEvent(firstStep, output => WriteMessage(output, EventSessionLog, session =>
        {
            session.WriteTag(SessionStatus, WireFormat.WireType.Varint);
            session.WriteEnum(SessionStart);
        }));
    }

    /// <summary>The path of the event file.</summary>
    public string Path { get; }

    /// <summary>Adds a point to the curve <paramref name="tag"/>.</summary>
    /// <param name="step">The training step, the abscissa.</param>
    /// <param name="tag">The curve's name; a slash in it groups curves.</param>
    /// <param name="value">The ordinate; NaN and infinities are kept.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Scalar(long step, string tag, float value) => WriteSummary(step, tag, output =>
    {
        output.WriteTag(ValueSimple, WireFormat.WireType.Fixed32);
        output.WriteFloat(value);
    });

    /// <summary>Adds an image to the series <paramref name="tag"/>.</summary>
    /// <param name="step">The training step.</param>
    /// <param name="tag">The series' name.</param>
    /// <param name="png">The image, encoded as PNG.</param>
    /// <param name="width">The width of the image, in pixels.</param>
    /// <param name="height">The height of the image, in pixels.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Image(long step, string tag, ReadOnlySpan<byte> png, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        var bytes = ByteString.CopyFrom(png);
        WriteSummary(step, tag, output => WriteMessage(output, ValueImage, image =>
        {
            image.WriteTag(ImageHeight, WireFormat.WireType.Varint);
            image.WriteInt32(height);
            image.WriteTag(ImageWidth, WireFormat.WireType.Varint);
            image.WriteInt32(width);
            image.WriteTag(ImageColorspace, WireFormat.WireType.Varint);
            image.WriteInt32(Rgb);
            image.WriteTag(ImageEncoded, WireFormat.WireType.LengthDelimited);
            image.WriteBytes(bytes);
        }));
    }

    /// <summary>Passes everything written so far to the operating system, so that TensorBoard sees it.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Flush() => _file.Flush();

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void WriteSummary(long step, string tag, Action<CodedOutputStream> writeContent)
    {
        ArgumentException.ThrowIfNullOrEmpty(tag);
        WriteEvent(step, output => WriteMessage(output, EventSummary, summary =>
            WriteMessage(summary, SummaryValue, value =>
            {
                value.WriteTag(ValueTag, WireFormat.WireType.LengthDelimited);
                value.WriteString(tag);
                writeContent(value);
            })));
    }

    private void WriteEvent(long step, Action<CodedOutputStream> writeContent) => WriteRecord(Encode(output =>
    {
        output.WriteTag(EventWallTime, WireFormat.WireType.Fixed64);
        output.WriteDouble(_clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
        output.WriteTag(EventStep, WireFormat.WireType.Varint);
        output.WriteInt64(step);
        writeContent(output);
    }));

    private static void WriteMessage(CodedOutputStream output, int field, Action<CodedOutputStream> writeContent)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(UnsafeByteOperations.UnsafeWrap(Encode(writeContent)));
    }

    private static byte[] Encode(Action<CodedOutputStream> writeContent)
    {
        using var buffer = new MemoryStream();
        using var output = new CodedOutputStream(buffer, leaveOpen: true);
        writeContent(output);
        output.Flush();
        return buffer.ToArray();
    }

    /// <summary>
    /// TFRecord: length (8 bytes), its masked CRC32C (4), the data, its masked CRC32C (4), little-endian.
    /// </summary>
    private void WriteRecord(byte[] data)
    {
        Span<byte> head = stackalloc byte[12];
        BinaryPrimitives.WriteInt64LittleEndian(head, data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head[8..], Crc32C.Masked(head[..8]));
        Span<byte> tail = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(tail, Crc32C.Masked(data));
        _file.Write(head);
        _file.Write(data);
        _file.Write(tail);
    }
}
