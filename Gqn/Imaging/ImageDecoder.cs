namespace Gqn.Native.Imaging;

/// <summary>Decodes pictures that are JPEG or PNG files in memory. Buffers stay for the next picture; not safe for use
/// by several threads at once.</summary>
public sealed class ImageDecoder
{
    /// <summary>The largest width and height that are decoded, in pixels.</summary>
    public const int MaxSide = 4096;

    private readonly JpegDecoder _jpeg = new();
    private readonly PngDecoder _png = new();
    private bool _isPng;

    /// <summary>Columns of the picture decoded last.</summary>
    public int Width => _isPng ? _png.Width : _jpeg.Width;

    /// <summary>Rows of the picture decoded last.</summary>
    public int Height => _isPng ? _png.Height : _jpeg.Height;

    /// <summary>Decodes a picture; its first bytes say of which kind it is.</summary>
    /// <param name="bytes">A sequential JPEG of 8 bits a sample, or a PNG of 8 bits a sample without
    /// interlacing.</param>
    /// <exception cref="ImageFormatException">It is damaged, too large, or of a kind that is not read.</exception>
    public void Decode(ReadOnlySpan<byte> bytes)
    {
        _isPng = PngDecoder.Recognises(bytes);
        if (_isPng)
            _png.Decode(bytes);
        else if (JpegDecoder.Recognises(bytes))
            _jpeg.Decode(bytes);
        else
            throw new ImageFormatException("it is neither a JPEG nor a PNG picture");
    }

    /// <summary>Writes the pixels of the picture decoded last.</summary>
    /// <param name="rgb">Height × width × 3 bytes: rows from the top, then R, G, B.</param>
    /// <exception cref="ArgumentException">The span has another length.</exception>
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

    /// <summary>Decodes a picture into memory of its own.</summary>
    /// <param name="bytes">As <see cref="Decode"/> takes them.</param>
    /// <exception cref="ImageFormatException">It is damaged, too large, or of a kind that is not read.</exception>
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
