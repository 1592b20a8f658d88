using Gqn.Native.Engine.Io;
using StbImageWriteSharp;

namespace Gqn.Native.Imaging;

/// <summary>Writes PNG files, 8 bits per component, without loss.</summary>
public static class Png
{
    /// <summary>The bytes of a PNG file.</summary>
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

    /// <summary>Writes a PNG file; an existing one is replaced only by a whole new one.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, RgbImage image) => AtomicFile.Write(path, stream => Write(stream, image));
}
