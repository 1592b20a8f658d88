using Gqn.Native.Data;
using Gqn.Native.Imaging;
using StbImageSharp;

namespace Gqn.Native.Photographs;

/// <summary>The size of a stored picture, and how it must be turned to be upright.</summary>
/// <param name="Width">Width of the stored picture, in pixels.</param>
/// <param name="Height">Height of the stored picture, in pixels.</param>
/// <param name="Orientation">Its EXIF orientation, 1 to 8.</param>
internal readonly record struct PictureHeader(int Width, int Height, int Orientation)
{
    /// <summary>Whether the upright picture is as wide as the stored one is high.</summary>
    public bool SwapsSides => Orientation >= 5;
}

/// <summary>Reads photographs: JPEG (also progressive and CMYK), PNG (also of 16 bits and interlaced), BMP,
/// TGA.</summary>
internal static class PictureFile
{
    /// <summary>The file extensions that are tried for a picture without one.</summary>
    public static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".bmp", ".tga"];

    /// <summary>The greatest width and height, in pixels: 1 GiB of RGBA.</summary>
    public const int MaxSide = 16_384;

    private const string Advice = "convert it to JPEG or PNG";

    /// <summary>As much of a file as usually suffices to find the size.</summary>
    private const int HeadLength = 1 << 20;

    /// <summary>Reads size and orientation.</summary>
    /// <exception cref="DatasetException">The file cannot be read, or is no picture of a kind that is read.</exception>
    public static PictureHeader ReadHeader(string path)
    {
        byte[] head = ReadBytes(path, HeadLength);
        if (Size(head) is { } size)
            return Header(path, head, size);
        byte[] all = head.Length < HeadLength ? head : ReadBytes(path, int.MaxValue);
        return Size(all) is { } found
            ? Header(path, all, found)
            : throw new DatasetException(path, null, $"{KindOf(all)}, which is not read; {Advice}");
    }

    /// <summary>Reads the pixels.</summary>
    /// <param name="path">The file.</param>
    /// <param name="header">Its header; with another orientation than the file's, pixels are turned as that
    /// one says.</param>
    /// <param name="background">What shows through where the picture is transparent.</param>
    /// <exception cref="DatasetException">The file cannot be read, or is damaged.</exception>
    public static RgbImage Read(string path, PictureHeader header, Rgb background)
    {
        byte[] bytes = ReadBytes(path, int.MaxValue);
        if (JpegSegments.Recognises(bytes) && !JpegSegments.HasEnd(bytes))
            throw new DatasetException(path, null, "the picture is cut off: its end is missing; copy it again");
        ImageResult decoded;
        try
        {
            decoded = ImageResult.FromMemory(bytes, ColorComponents.RedGreenBlueAlpha);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // The decoder is a port of C; damaged files end in exceptions of many types.
            throw new DatasetException(path, null, $"the picture is damaged ({error.Message})", error);
        }

        if ((decoded.Width, decoded.Height) != (header.Width, header.Height))
            throw new DatasetException(path, null, "the file has changed while it was being read; start again");
        return Turned(decoded.Data, header, background);
    }

    /// <summary>Turns a picture as its orientation says, over a background.</summary>
    private static RgbImage Turned(ReadOnlySpan<byte> rgba, PictureHeader header, Rgb background)
    {
        int last = header.Width - 1, bottom = header.Height - 1;
        var image = header.SwapsSides
            ? new RgbImage(header.Height, header.Width)
            : new RgbImage(header.Width, header.Height);
        var target = image.Bytes;
        int to = 0;
        for (int y = 0; y < image.Height; y++)
        {
            for (int x = 0; x < image.Width; x++, to += 3)
            {
                (int column, int row) = header.Orientation switch
                {
                    2 => (last - x, y),
                    3 => (last - x, bottom - y),
                    4 => (x, bottom - y),
                    5 => (y, x),
                    6 => (y, bottom - x),
                    7 => (last - y, bottom - x),
                    8 => (last - y, x),
                    _ => (x, y),
                };
                var pixel = rgba.Slice(((row * header.Width) + column) * 4, 4);
                target[to] = Over(pixel[0], pixel[3], background.R);
                target[to + 1] = Over(pixel[1], pixel[3], background.G);
                target[to + 2] = Over(pixel[2], pixel[3], background.B);
            }
        }

        return image;
    }

    private static byte Over(int colour, int alpha, int background) =>
        (byte)(((colour * alpha) + (background * (255 - alpha)) + 127) / 255);

    private static PictureHeader Header(string path, byte[] bytes, (int Width, int Height) size)
    {
        if (size.Width is < 1 or > MaxSide || size.Height is < 1 or > MaxSide)
        {
            throw new DatasetException(
                path, null, $"the picture has {size.Width}x{size.Height} pixels; a side has 1 to {MaxSide}");
        }

        int orientation = JpegSegments.Recognises(bytes) ? JpegSegments.Orientation(bytes) : JpegSegments.Upright;
        return new PictureHeader(size.Width, size.Height, orientation);
    }

    private static (int Width, int Height)? Size(byte[] bytes)
    {
        try
        {
            using var stream = new MemoryStream(bytes);
            return ImageInfo.FromStream(stream) is { } info ? (info.Width, info.Height) : null;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return null;
        }
    }

    private static string KindOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return "the file is empty";
        if (bytes.Length > 12 && bytes[4..].StartsWith("ftyp"u8))
            return "it is a HEIC or AVIF picture or a film";
        if (bytes.Length > 12 && bytes.StartsWith("RIFF"u8) && bytes[8..].StartsWith("WEBP"u8))
            return "it is a WebP picture";
        return bytes.StartsWith("II*\0"u8) || bytes.StartsWith("MM\0*"u8)
            ? "it is a TIFF or raw picture"
            : "it is a damaged picture, or a file of another kind";
    }

    private static byte[] ReadBytes(string path, int most)
    {
        try
        {
            using var stream = File.OpenRead(path);
            byte[] bytes = new byte[Math.Min(stream.Length, Math.Min(most, Array.MaxLength))];
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException(path, null, $"it cannot be read ({error.Message.TrimEnd('.')})", error);
        }
    }
}
