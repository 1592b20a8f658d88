using System.Buffers.Binary;
using Gqn.Native.Engine.Io;

namespace Gqn.Native.Data;

/// <summary>The framing of a record in TFRecord files: its length, the length's checksum, the data, the data's
/// checksum, all little-endian; checksums are masked CRC32C.</summary>
internal static class TfRecordFraming
{
    /// <summary>Bytes before the data: a 64-bit length and its checksum.</summary>
    public const int HeaderLength = 12;

    /// <summary>Bytes after the data: its checksum.</summary>
    public const int FooterLength = 4;

    private const int LengthBytes = 8;

    /// <summary>Bytes of a framed record besides its data.</summary>
    public const int Overhead = HeaderLength + FooterLength;

    /// <summary>Writes the 12-byte header.</summary>
    public static void WriteHeader(Span<byte> header, int length)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[LengthBytes..], Crc32C.Masked(header[..LengthBytes]));
    }

    /// <summary>Whether these bytes are a header: a length and its checksum, which agree.</summary>
    public static bool IsHeader(ReadOnlySpan<byte> bytes) => bytes.Length >= HeaderLength
        && BinaryPrimitives.ReadUInt32LittleEndian(bytes[LengthBytes..]) == Crc32C.Masked(bytes[..LengthBytes]);

    /// <summary>Reads the record length from a header, and verifies it.</summary>
    /// <param name="header">The 12 bytes of the header.</param>
    /// <param name="path">The file, for error messages.</param>
    /// <param name="offset">The byte offset of the header in the file.</param>
    /// <param name="left">Bytes of the file after the header; negative if unknown.</param>
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

    /// <summary>Verifies the checksum of a record's data.</summary>
    /// <exception cref="DatasetException">The checksum does not match.</exception>
    public static void CheckData(ReadOnlySpan<byte> data, ReadOnlySpan<byte> footer, string path, long offset)
    {
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(footer);
        uint actual = Crc32C.Masked(data);
        if (stored == actual)
            return;
        throw new DatasetException(
            path, offset, $"the check value of the record's data is {stored:x8}, that of its "
            + $"{Quantity.Of(data.Length, "byte")} {actual:x8}: the file is damaged; fetch or make it again");
    }

    /// <summary>The error for a file that ends within a record.</summary>
    public static DatasetException Truncated(string path, long offset, string detail) =>
        new(path, offset, $"the file ends within the record that begins here ({detail}); fetch or make it again");
}
