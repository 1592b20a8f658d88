using StbImageWriteSharp;

namespace Gqn.Native.Imaging;

/// <summary>Writes JPEG files.</summary>
public static class Jpeg
{
    /// <summary>Encodes a baseline JPEG file; chroma has full resolution from quality 91 on, and half below.</summary>
    /// <param name="image">The image to encode.</param>
    /// <param name="quality">1 to 100, from the strongest to the weakest compression.</param>
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
