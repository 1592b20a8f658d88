using Gqn.Native.Engine.Io;
using StbImageWriteSharp;

namespace Gqn.Native.Imaging;

/// <summary>Writes PNG files, 8 bits per component.</summary>
public static class Png
{
    /// <summary>Encodes an image as a PNG file.</summary>
    public static byte[] Encode(RgbImage image)
    {
        using var stream = new MemoryStream();
        Write(stream, image);
        return stream.ToArray();
    }

    /// <summary>Writes a PNG file to a stream.</summary>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write(Stream stream, RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(image);
        new ImageWriter().WritePng(
            image.Bytes.ToArray(), image.Width, image.Height, ColorComponents.RedGreenBlue, stream);
    }

    /// <summary>Writes a PNG file; an existing file is replaced only when the new one is complete.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, RgbImage image) => AtomicFile.Write(path, stream => Write(stream, image));
}
