using System.Buffers.Binary;
using Gqn.Native.Engine.Io;

namespace Gqn.Native.Data;

/// <summary>How TFRecord files frame a record: its length, the length's check value, the data, the data's check
/// value, all little-endian; the check values are masked CRC32C.</summary>
internal static class TfRecordFraming
{
    /// <summary>Bytes before the data: a length of 64 bits and its check value.</summary>
    public const int HeaderLength = 12;

    /// <summary>Bytes after the data: its check value.</summary>
    public const int FooterLength = 4;

    private const int LengthBytes = 8;

    /// <summary>Bytes of a framed record around its data.</summary>
    public const int Overhead = HeaderLength + FooterLength;

    /// <summary>Writes the twelve bytes before the data.</summary>
    public static void WriteHeader(Span<byte> header, int length)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[LengthBytes..], Crc32C.Masked(header[..LengthBytes]));
    }

    /// <summary>The length that a header states.</summary>
    /// <param name="header">Twelve bytes.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="offset">Where the header stands.</param>
    /// <param name="left">Bytes of the file after the header; a negative number where that is unknown.</param>
    /// <exception cref="DatasetException">The length is damaged, too large, or larger than what is left.</exception>
    public static int ReadHeader(ReadOnlySpan<byte> header, string path, long offset, long left)
    {
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(header[LengthBytes..]);
        uint actual = Crc32C.Masked(header[..LengthBytes]);
        if (stored != actual)
        {
            throw new DatasetException(
                path, offset, $"the check value of the record's length is {stored:x8}, its bytes give {actual:x8}: "
                + "the file is damaged or no TFRecord file; fetch or make it again");
        }

        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(header);
        if (length > TfRecordReader.MaxRecordLength)
        {
            throw new DatasetException(
                path, offset,
                $"a record of {length} bytes is longer than the {TfRecordReader.MaxRecordLength} allowed");
        }

        if (left >= 0 && (long)length + FooterLength > left)
            throw Truncated(path, offset, $"the record needs {length + FooterLength} more bytes, {left} are left");
        return (int)length;
    }

    /// <summary>Compares the data of a record with its check value.</summary>
    /// <exception cref="DatasetException">They do not agree.</exception>
    public static void CheckData(ReadOnlySpan<byte> data, ReadOnlySpan<byte> footer, string path, long offset)
    {
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(footer);
        uint actual = Crc32C.Masked(data);
        if (stored == actual)
            return;
        throw new DatasetException(
            path, offset, $"the check value of the record's data is {stored:x8}, its {data.Length} bytes give "
            + $"{actual:x8}: the file is damaged; fetch or make it again");
    }

    /// <summary>The error for a file that ends within a record.</summary>
    public static DatasetException Truncated(string path, long offset, string detail) =>
        new(path, offset, $"the file ends within the record that begins here ({detail}); fetch or make it again");
}
