using System.Buffers.Binary;

namespace Gqn.Native.Photographs;

/// <summary>What the segments of a JPEG file state beside its pixels. Reads within bounds, whatever the bytes are, and
/// each byte at most twice.</summary>
internal static class JpegSegments
{
    /// <summary>The orientation of a picture that is stored upright.</summary>
    public const int Upright = 1;

    private const byte EndOfImage = 0xD9, StartOfScan = 0xDA, Application1 = 0xE1;
    private const int EntryLength = 12;
    private const ushort OrientationTag = 0x0112, ShortType = 3;

    private static ReadOnlySpan<byte> ExifName => "Exif\0\0"u8;

    /// <summary>Whether the bytes begin as those of a JPEG file do.</summary>
    public static bool Recognises(ReadOnlySpan<byte> bytes) => bytes is [0xFF, 0xD8, 0xFF, ..];

    /// <summary>The EXIF orientation: how the stored picture must be turned to be upright.</summary>
    /// <param name="jpeg">The file, or its beginning.</param>
    /// <returns>1 to 8 as EXIF numbers them; 1, upright, if the file does not state it or is damaged.</returns>
    public static int Orientation(ReadOnlySpan<byte> jpeg)
    {
        int at = 2;
        while (TryNext(jpeg, ref at, out byte marker, out var content) && marker != StartOfScan)
        {
            // Other programs use the same marker for other data, which the name tells apart.
            if (marker == Application1 && content.StartsWith(ExifName)
                && OrientationOf(content[ExifName.Length..]) is { } orientation)
            {
                return orientation;
            }
        }

        return Upright;
    }

    /// <summary>Whether the file's end is there: decoders fill what is missing of a truncated file with grey.</summary>
    /// <param name="jpeg">The whole file.</param>
    public static bool HasEnd(ReadOnlySpan<byte> jpeg)
    {
        int at = 2;
        while (TryNext(jpeg, ref at, out byte marker, out _))
        {
            // Within a scan, a byte 0xFF of the data is followed by 0. Cameras may append more after the end.
            if (marker == StartOfScan)
                return jpeg[at..].IndexOf([(byte)0xFF, EndOfImage]) >= 0;
        }

        return false;
    }

    /// <summary>Reads the next segment; false at the end of the bytes, or where no segment begins.</summary>
    private static bool TryNext(
        ReadOnlySpan<byte> jpeg, ref int at, out byte marker, out ReadOnlySpan<byte> content)
    {
        marker = 0;
        content = default;
        if (at >= jpeg.Length || jpeg[at] != 0xFF)
            return false;
        // Any number of bytes 0xFF may stand before a marker.
        while (at < jpeg.Length && jpeg[at] == 0xFF)
            at++;
        if (jpeg.Length - at < 3)
            return false;
        marker = jpeg[at++];
        // Markers from 0xD0 to 0xD9 have no length; before the first scan none of them is in place.
        int length = BinaryPrimitives.ReadUInt16BigEndian(jpeg[at..]);
        if (marker is >= 0xD0 and <= EndOfImage || length < 2 || length > jpeg.Length - at)
            return false;
        content = jpeg[(at + 2)..(at + length)];
        at += length;
        return true;
    }

    /// <summary>The orientation in the first directory of a TIFF structure; null if it is not there.</summary>
    private static int? OrientationOf(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 8)
            return null;
        bool little = tiff.StartsWith("II*\0"u8);
        if (!little && !tiff.StartsWith("MM\0*"u8))
            return null;
        uint offset = little
            ? BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..])
            : BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]);
        if (offset > (uint)tiff.Length - 2)
            return null;
        var entries = tiff[((int)offset + 2)..];
        int count = Math.Min(Short(tiff, (int)offset), entries.Length / EntryLength);
        for (int entry = 0; entry < count; entry++)
        {
            int at = entry * EntryLength;
            if (Short(entries, at) == OrientationTag && Short(entries, at + 2) == ShortType
                && Short(entries, at + 8) is >= 1 and <= 8 and var orientation)
            {
                return orientation;
            }
        }

        return null;

        ushort Short(ReadOnlySpan<byte> bytes, int at) => little
            ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..])
            : BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
    }
}
