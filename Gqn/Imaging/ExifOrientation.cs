using System.Buffers.Binary;

namespace Gqn.Native.Imaging;

/// <summary>Reads the orientation that EXIF metadata state: how a viewer should turn or mirror the pixels.</summary>
internal static class ExifOrientation
{
    /// <summary>The orientation of pixels that need not be turned, 1.</summary>
    public const int Upright = 1;

    private const int Last = 8, OrientationTag = 0x0112, Short = 3, EntryLength = 12;

    /// <summary>The orientation in an EXIF segment of a JPEG picture.</summary>
    /// <param name="segment">The content of an APP1 segment.</param>
    /// <returns>1 to 8; null if it states none.</returns>
    public static int? OfSegment(ReadOnlySpan<byte> segment) =>
        segment.StartsWith("Exif\0\0"u8) ? Of(segment[6..]) : null;

    /// <summary>The orientation in EXIF metadata, which are laid out like a TIFF file.</summary>
    /// <param name="tiff">The metadata, from the byte order mark on.</param>
    /// <returns>1 to 8; null if they state none or are damaged.</returns>
    public static int? Of(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 8 || !(tiff.StartsWith("II*\0"u8) || tiff.StartsWith("MM\0*"u8)))
            return null;
        bool isLittleEndian = tiff[0] == 'I';
        uint directory = Number32(tiff[4..], isLittleEndian);
        if (directory > tiff.Length - 2)
            return null;
        var entries = tiff[((int)directory + 2)..];
        for (int left = Number16(tiff[(int)directory..], isLittleEndian); left > 0 && entries.Length >= EntryLength; left--)
        {
            if (Number16(entries, isLittleEndian) == OrientationTag && Number16(entries[2..], isLittleEndian) == Short)
            {
                int value = Number16(entries[8..], isLittleEndian);
                return value is >= Upright and <= Last ? value : null;
            }

            entries = entries[EntryLength..];
        }

        return null;
    }

    private static int Number16(ReadOnlySpan<byte> bytes, bool isLittleEndian) => isLittleEndian
        ? BinaryPrimitives.ReadUInt16LittleEndian(bytes)
        : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static uint Number32(ReadOnlySpan<byte> bytes, bool isLittleEndian) => isLittleEndian
        ? BinaryPrimitives.ReadUInt32LittleEndian(bytes)
        : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
