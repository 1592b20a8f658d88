namespace Gqn.Native.Imaging;

/// <summary>A colour of three components, each from 0 to 255.</summary>
public readonly record struct Rgb(byte R, byte G, byte B)
{
    /// <summary>Black, (0, 0, 0).</summary>
    public static Rgb Black => new(0, 0, 0);

    /// <summary>White, (255, 255, 255).</summary>
    public static Rgb White => new(255, 255, 255);
}

/// <summary>An image of 8-bit red, green and blue, rows from the top, three bytes per pixel.</summary>
/// <remarks>Drawing is clipped at the edges.</remarks>
public sealed class RgbImage
{
    private readonly byte[] _bytes;

    /// <summary>Creates a black image.</summary>
    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="height">Height in pixels, at least 1.</param>
    public RgbImage(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        Width = width;
        Height = height;
        _bytes = new byte[checked(width * height * 3)];
    }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>Red, green and blue of each pixel, row by row.</summary>
    public Span<byte> Bytes => _bytes;

    /// <summary>The colour of one pixel.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The position lies outside the image.</exception>
    public Rgb this[int x, int y]
    {
        get
        {
            int at = Index(x, y);
            return new Rgb(_bytes[at], _bytes[at + 1], _bytes[at + 2]);
        }
        set
        {
            int at = Index(x, y);
            (_bytes[at], _bytes[at + 1], _bytes[at + 2]) = (value.R, value.G, value.B);
        }
    }

    /// <summary>Creates an image with bytes round(255 · clip(v, 0, 1)), halves rounded up; NaN gives 0.</summary>
    /// <param name="values">Height × width × 3 numbers, rows from the top (one image of an NHWC batch).</param>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <exception cref="ArgumentException">The number of values is not width × height × 3.</exception>
    public static RgbImage FromUnit(ReadOnlySpan<float> values, int width, int height)
    {
        var image = new RgbImage(width, height);
        if (values.Length != image._bytes.Length)
        {
            throw new ArgumentException(
                $"A {width}x{height} picture has {image._bytes.Length} values, but {values.Length} were given.",
                nameof(values));
        }

        for (int i = 0; i < values.Length; i++)
            image._bytes[i] = values[i] > 0 ? (byte)((Math.Min(values[i], 1f) * 255f) + 0.5f) : (byte)0;
        return image;
    }

    /// <summary>Fills the whole image with one colour.</summary>
    public void Fill(Rgb colour) => FillRectangle(0, 0, Width, Height, colour);

    /// <summary>Fills a rectangle whose upper left corner is (x, y).</summary>
    public void FillRectangle(int x, int y, int width, int height, Rgb colour)
    {
        for (int row = Math.Max(y, 0); row < Math.Min(y + height, Height); row++)
        {
            for (int column = Math.Max(x, 0); column < Math.Min(x + width, Width); column++)
                this[column, row] = colour;
        }
    }

    /// <summary>Draws the outline, one pixel wide, of a rectangle whose upper left corner is (x, y).</summary>
    public void DrawFrame(int x, int y, int width, int height, Rgb colour)
    {
        FillRectangle(x, y, width, 1, colour);
        FillRectangle(x, y + height - 1, width, 1, colour);
        FillRectangle(x, y, 1, height, colour);
        FillRectangle(x + width - 1, y, 1, height, colour);
    }

    /// <summary>Copies another image into this one, with its upper left corner at (x, y).</summary>
    public void Draw(RgbImage image, int x, int y)
    {
        ArgumentNullException.ThrowIfNull(image);
        int left = Math.Max(x, 0);
        int count = Math.Min(x + image.Width, Width) - left;
        if (count <= 0)
            return;
        for (int row = Math.Max(y, 0); row < Math.Min(y + image.Height, Height); row++)
        {
            ReadOnlySpan<byte> source = image._bytes.AsSpan(image.Index(left - x, row - y), count * 3);
            source.CopyTo(_bytes.AsSpan(Index(left, row)));
        }
    }

    /// <summary>
    /// Writes one line of text, 5×7 dots and 2 below the line; characters outside printable ASCII become boxes.
    /// </summary>
    /// <param name="x">Left edge of the first character, in pixels.</param>
    /// <param name="y">Top edge, in pixels.</param>
    /// <param name="text">The text; each character is 6 × <paramref name="scale"/> pixels wide.</param>
    /// <param name="colour">The colour of the letters; the background is left as it is.</param>
    /// <param name="scale">Pixels per dot of the font.</param>
    public void DrawText(int x, int y, string text, Rgb colour, int scale = 1)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scale);
        foreach (char character in text)
        {
            for (int row = 0; row < PixelFont.Height; row++)
            {
                for (int column = 0; column < PixelFont.Width; column++)
                {
                    if (PixelFont.IsSet(character, column, row))
                        FillRectangle(x + (column * scale), y + (row * scale), scale, scale, colour);
                }
            }

            x += PixelFont.Advance * scale;
        }
    }

    /// <summary>The image with each pixel repeated <paramref name="factor"/> times in both directions.</summary>
    public RgbImage Enlarged(int factor)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(factor);
        var result = new RgbImage(checked(Width * factor), checked(Height * factor));
        for (int y = 0; y < result.Height; y++)
        {
            for (int x = 0; x < result.Width; x++)
                result[x, y] = this[x / factor, y / factor];
        }

        return result;
    }

    private int Index(int x, int y)
    {
        if ((uint)x >= (uint)Width)
            throw new ArgumentOutOfRangeException(nameof(x), $"Column {x} lies outside a picture {Width} pixels wide.");
        if ((uint)y >= (uint)Height)
            throw new ArgumentOutOfRangeException(nameof(y), $"Row {y} lies outside a picture {Height} pixels high.");
        return ((y * Width) + x) * 3;
    }
}
