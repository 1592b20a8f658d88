using StbImageWriteSharp;

namespace Gqn.Native.Imaging;

/// <summary>Writes JPEG files.</summary>
public static class Jpeg
{
    /// <summary>The bytes of a baseline JPEG file; from quality 91 on chroma has full resolution, below half.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="quality">1 to 100; 100 loses least.</param>
    public static byte[] Encode(RgbImage image, int quality)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        using var stream = new MemoryStream();
        new ImageWriter().WriteJpg(
            image.Bytes.ToArray(), image.Width, image.Height, ColorComponents.RedGreenBlue, stream, quality);
        return stream.ToArray();
    }
}
