using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Gqn.Native.Engine.Io;

/// <summary>Writes an array of 32-bit floating-point numbers in NumPy's format .npy, version 1.0.</summary>
/// <remarks>
/// The bytes 93 "NUMPY" 01 00, the length of the header (16 bits), the header, and the numbers in C order, last
/// dimension fastest; all little-endian. The header describes type, order and shape as a Python dictionary, and is
/// padded with spaces and a line feed so that the numbers begin at a multiple of 64 bytes and can be mapped.
/// </remarks>
public static class NpyWriter
{
    private const int Alignment = 64, PrefixLength = 10;

    /// <summary>Writes a file; an existing one is replaced only by a whole new one.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="shape">The dimensions of the array, outermost first.</param>
    /// <param name="write">Writes all numbers to the given sink, in pieces of any length.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="ArgumentException">The shape is negative, too large, or has too many dimensions.</exception>
    /// <exception cref="InvalidOperationException">More or fewer numbers were written than the shape holds.</exception>
    public static void Save(string path, ReadOnlySpan<long> shape, Action<NpySink> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        long bytes = SafetensorsEntry.ByteCount(sizeof(float), shape);
        if (bytes < 0)
            throw new ArgumentException("The shape of the array is negative or too large.", nameof(shape));
        byte[] header = Header(shape);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            var sink = new NpySink(stream, bytes / sizeof(float));
            write(sink);
            sink.Finish();
        });
    }

    private static byte[] Header(ReadOnlySpan<long> shape)
    {
        var text = new StringBuilder("{'descr': '<f4', 'fortran_order': False, 'shape': (");
        for (int i = 0; i < shape.Length; i++)
        {
            // A tuple of one element is written with a comma.
            text.Append(i > 0 ? ", " : string.Empty).Append(shape[i].ToString(CultureInfo.InvariantCulture))
                .Append(shape.Length == 1 ? "," : string.Empty);
        }

        text.Append("), }");
        int length = (PrefixLength + text.Length + Alignment) / Alignment * Alignment;
        if (length - PrefixLength > ushort.MaxValue)
            throw new ArgumentException("The array has too many dimensions for its header.", nameof(shape));
        text.Append(' ', length - PrefixLength - text.Length - 1).Append('\n');
        byte[] header = new byte[length];
        header[0] = 0x93;
        "NUMPY"u8.CopyTo(header.AsSpan(1));
        header[6] = 1;
        header[8] = (byte)(length - PrefixLength);
        header[9] = (byte)((length - PrefixLength) >> 8);
        Encoding.ASCII.GetBytes(text.ToString()).CopyTo(header, PrefixLength);
        return header;
    }
}

/// <summary>Takes the numbers of an array while a <see cref="NpyWriter"/> saves its file.</summary>
public sealed class NpySink
{
    private readonly Stream _stream;
    private long _remaining;

    internal NpySink(Stream stream, long count) => (_stream, _remaining) = (stream, count);

    /// <summary>Writes the next numbers.</summary>
    /// <exception cref="InvalidOperationException">Fewer numbers are left.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(ReadOnlySpan<float> values)
    {
        if (values.Length > _remaining)
            throw new InvalidOperationException("More numbers were written than the array's shape holds.");
        _stream.Write(MemoryMarshal.AsBytes(values));
        _remaining -= values.Length;
    }

    internal void Finish()
    {
        if (_remaining > 0)
            throw new InvalidOperationException($"{_remaining} numbers of the array were not written.");
    }
}
