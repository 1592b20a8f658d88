using System.Buffers.Binary;
using System.Numerics;
using Gqn.Native.Engine.Io;

namespace Gqn.Native.Imaging;

/// <summary>Writes animated GIF89a files that loop for ever.</summary>
/// <remarks>Each frame has a palette of its own: pictures of at most 256 colours are kept exactly.</remarks>
public static class Gif
{
    private const int MaxCodeBits = 12;

    /// <summary>Writes a GIF file; an existing file is replaced only when the new one is complete.</summary>
    /// <param name="path">The file.</param>
    /// <param name="frames">At least one picture, all of the same size of at most 65,535 × 65,535.</param>
    /// <param name="delay">Display time of each frame, rounded to 1/100 s; viewers dislike less than 2/100 s.</param>
    /// <exception cref="ArgumentException">There is no frame, or sizes differ or are too large.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The delay is not between 0.01 s and 655.35 s.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<RgbImage> frames, TimeSpan delay)
    {
        ArgumentNullException.ThrowIfNull(frames);
        AtomicFile.Write(path, stream => Write(stream, frames, delay));
    }

    /// <inheritdoc cref="Write(string, IReadOnlyList{RgbImage}, TimeSpan)"/>
    /// <param name="stream">Receives the bytes of the file.</param>
    /// <param name="frames">At least one picture, all of the same size of at most 65,535 × 65,535.</param>
    /// <param name="delay">Display time of each frame, rounded to 1/100 s.</param>
    public static void Write(Stream stream, IReadOnlyList<RgbImage> frames, TimeSpan delay)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(frames);
        if (frames.Count == 0)
            throw new ArgumentException("An animation needs at least one frame.", nameof(frames));
        (int width, int height) = (frames[0].Width, frames[0].Height);
        if (width > ushort.MaxValue || height > ushort.MaxValue)
            throw new ArgumentException($"A GIF cannot have {width}x{height} pixels.", nameof(frames));
        foreach (var frame in frames)
        {
            if (frame.Width != width || frame.Height != height)
            {
                throw new ArgumentException(
                    $"A frame of {frame.Width}x{frame.Height} does not fit an animation of {width}x{height}.",
                    nameof(frames));
            }
        }

        double hundredths = Math.Round(delay.TotalMilliseconds / 10);
        if (hundredths is < 1 or > ushort.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(delay), $"A delay of {delay.TotalSeconds} s is out of range.");

        stream.Write("GIF89a"u8);
        WriteUInt16(stream, width);
        WriteUInt16(stream, height);
        stream.Write([0x70, 0, 0]); // 8 bits per component, no common palette
        stream.Write([0x21, 0xFF, 11]);
        stream.Write("NETSCAPE2.0"u8);
        stream.Write([3, 1, 0, 0, 0]); // loop for ever
        foreach (var frame in frames)
            WriteFrame(stream, frame, (int)hundredths);
        stream.WriteByte(0x3B);
    }

    private static void WriteFrame(Stream stream, RgbImage frame, int hundredths)
    {
        (var palette, byte[] indices) = ColourQuantizer.Quantize(frame);
        int bits = BitOperations.Log2((uint)Math.Max(palette.Length - 1, 1)) + 1;

        stream.Write([0x21, 0xF9, 4, 0]);
        WriteUInt16(stream, hundredths);
        stream.Write([0, 0]);

        stream.WriteByte(0x2C);
        WriteUInt16(stream, 0);
        WriteUInt16(stream, 0);
        WriteUInt16(stream, frame.Width);
        WriteUInt16(stream, frame.Height);
        stream.WriteByte((byte)(0x80 | (bits - 1)));
        byte[] table = new byte[3 << bits];
        for (int i = 0; i < palette.Length; i++)
            (table[3 * i], table[(3 * i) + 1], table[(3 * i) + 2]) = (palette[i].R, palette[i].G, palette[i].B);
        stream.Write(table);
        WriteLzw(stream, indices, Math.Max(2, bits));
    }

    /// <summary>Writes LZW codes of increasing width, as GIF prescribes.</summary>
    private static void WriteLzw(Stream stream, ReadOnlySpan<byte> indices, int literalBits)
    {
        int clear = 1 << literalBits;
        int end = clear + 1;
        int next = end + 1;
        int width = literalBits + 1;
        Dictionary<int, int> longer = [];

        stream.WriteByte((byte)literalBits);
        var output = new CodeStream(stream);
        output.Write(clear, width);
        int current = indices[0];
        foreach (byte index in indices[1..])
        {
            int key = (current << 8) | index;
            if (longer.TryGetValue(key, out int code))
            {
                current = code;
                continue;
            }

            output.Write(current, width);
            current = index;
            if (next == 1 << MaxCodeBits)
            {
                output.Write(clear, width);
                longer.Clear();
                next = end + 1;
                width = literalBits + 1;
                continue;
            }
            // A decoder adds a code one step later than it is defined here, so the width grows one code later.
            if (next == 1 << width)
                width++;
            longer.Add(key, next++);
        }

        output.Write(current, width);
        // The last code makes the decoder add one more entry, which can exhaust the current width.
        if (next == 1 << width && width < MaxCodeBits)
            width++;
        output.Write(end, width);
        output.Finish();
    }

    private static void WriteUInt16(Stream stream, int value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)value);
        stream.Write(bytes);
    }

    /// <summary>Packs codes, least significant bit first, into blocks of at most 255 bytes.</summary>
    private sealed class CodeStream(Stream stream)
    {
        private readonly byte[] _block = new byte[255];
        private int _used;
        private uint _bits;
        private int _bitCount;

        internal void Write(int code, int width)
        {
            _bits |= (uint)code << _bitCount;
            for (_bitCount += width; _bitCount >= 8; _bitCount -= 8)
            {
                Append((byte)_bits);
                _bits >>= 8;
            }
        }

        internal void Finish()
        {
            if (_bitCount > 0)
                Append((byte)_bits);
            WriteBlock();
            stream.WriteByte(0);
        }

        private void Append(byte value)
        {
            _block[_used++] = value;
            if (_used == _block.Length)
                WriteBlock();
        }

        private void WriteBlock()
        {
            if (_used == 0)
                return;
            stream.WriteByte((byte)_used);
            stream.Write(_block, 0, _used);
            _used = 0;
        }
    }
}
