namespace Gqn.Native.Imaging;

/// <summary>Decodes JPEG and PNG images in memory. Buffers are reused for the next image; not thread-safe.</summary>
public sealed class ImageDecoder
{
    /// <summary>The largest width and height that are accepted, in pixels.</summary>
    public const int MaxSide = 4096;

    private readonly JpegDecoder _jpeg = new();
    private readonly PngDecoder _png = new();
    private bool _isPng;

    /// <summary>Width of the last decoded image, in pixels.</summary>
    public int Width => _isPng ? _png.Width : _jpeg.Width;

    /// <summary>Height of the last decoded image, in pixels.</summary>
    public int Height => _isPng ? _png.Height : _jpeg.Height;

    /// <summary>The EXIF orientation that the last decoded image states, 1 to 8, 1 if none: how a viewer should turn or
    /// mirror it. The pixels are as stored; nothing here turns them.</summary>
    public int Orientation => _isPng ? _png.Orientation : _jpeg.Orientation;

    /// <summary>Decodes an image; its first bytes determine the format.</summary>
    /// <param name="bytes">A sequential JPEG with 8 bits per sample, or a PNG of any kind. Alpha is ignored.</param>
    /// <exception cref="ImageFormatException">The image is damaged, too large, or of an unsupported format.</exception>
    public void Decode(ReadOnlySpan<byte> bytes)
    {
        _isPng = PngDecoder.Recognises(bytes);
        if (_isPng)
            _png.Decode(bytes);
        else if (JpegDecoder.Recognises(bytes))
            _jpeg.Decode(bytes);
        else
            throw new ImageFormatException("it is neither a JPEG nor a PNG picture, which alone are read");
    }

    /// <summary>Writes the pixels of the last decoded image.</summary>
    /// <param name="rgb">Receives height × width × 3 bytes: rows from the top, each pixel as R, G, B.</param>
    /// <exception cref="ArgumentException">The span has a different length.</exception>
    public void WriteRgb(Span<byte> rgb)
    {
        if (rgb.Length != Width * Height * 3)
        {
            throw new ArgumentException(
                $"A {Width}x{Height} picture has {Width * Height * 3} bytes, not {rgb.Length}.", nameof(rgb));
        }

        if (_isPng)
            _png.WriteRgb(rgb);
        else
            _jpeg.WriteRgb(rgb);
    }

    /// <summary>Decodes into a new image.</summary>
    /// <param name="bytes">An encoded image, as for <see cref="Decode"/>.</param>
    /// <exception cref="ImageFormatException">The image is damaged, too large, or of an unsupported format.</exception>
    public static RgbImage ToImage(ReadOnlySpan<byte> bytes)
    {
        var decoder = new ImageDecoder();
        decoder.Decode(bytes);
        var image = new RgbImage(decoder.Width, decoder.Height);
        decoder.WriteRgb(image.Bytes);
        return image;
    }

    internal static void ThrowIfTooLarge(uint width, uint height)
    {
        if (width is 0 or > MaxSide || height is 0 or > MaxSide)
            throw new ImageFormatException($"a picture of {width}x{height}; sides have 1 to {MaxSide} pixels");
    }

    internal static void ThrowIfTooLarge(int width, int height) => ThrowIfTooLarge((uint)width, (uint)height);
}
