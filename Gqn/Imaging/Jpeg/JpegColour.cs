namespace Gqn.Native.Imaging;

/// <summary>Combines the components of a JPEG image: upsamples chroma, then converts to R, G and B.</summary>
internal static class JpegColour
{
    // The colour matrix of JFIF (ITU-R BT.601), scaled by 2^16.
    private const int RedOfCr = 91881, GreenOfCb = 22554, GreenOfCr = 46802, BlueOfCb = 116130;
    private const int Half = 1 << 15, Bits = 16;

    /// <summary>Converts a row of grey samples: R = G = B.</summary>
    public static void WriteGrey(ReadOnlySpan<byte> grey, Span<byte> rgb)
    {
        for (int x = 0; x < grey.Length; x++)
            rgb.Slice(3 * x, 3).Fill(grey[x]);
    }

    /// <summary>Interleaves a row of components that are red, green and blue already.</summary>
    public static void WriteRgb(
        ReadOnlySpan<byte> red, ReadOnlySpan<byte> green, ReadOnlySpan<byte> blue, Span<byte> rgb)
    {
        for (int x = 0; x < red.Length; x++)
            (rgb[3 * x], rgb[(3 * x) + 1], rgb[(3 * x) + 2]) = (red[x], green[x], blue[x]);
    }

    /// <summary>Converts a row of luma and chroma to red, green and blue.</summary>
    public static void WriteYcc(ReadOnlySpan<byte> luma, ReadOnlySpan<byte> cb, ReadOnlySpan<byte> cr, Span<byte> rgb)
    {
        cb = cb[..luma.Length];
        cr = cr[..luma.Length];
        rgb = rgb[..(3 * luma.Length)];
        for (int x = 0, at = 0; x < luma.Length; x++, at += 3)
        {
            int y = luma[x], b = cb[x] - 128, r = cr[x] - 128;
            rgb[at] = Clip(y + (((RedOfCr * r) + Half) >> Bits));
            rgb[at + 1] = Clip(y - (((GreenOfCb * b) + (GreenOfCr * r) + Half) >> Bits));
            rgb[at + 2] = Clip(y + (((BlueOfCb * b) + Half) >> Bits));
        }
    }

    /// <summary>Upsamples one row of a component to full resolution. In each direction two pixels lie between two
    /// samples, each ¾ of the nearer and ¼ of the other: the "fancy upsampling" of decoders.</summary>
    /// <param name="component">The component to upsample.</param>
    /// <param name="y">The row of the image.</param>
    /// <param name="doubleWidth">Whether the component has half the image's columns.</param>
    /// <param name="doubleHeight">Whether the component has half the image's rows.</param>
    /// <param name="row">Receives the row; must have room for one more pixel.</param>
    public static void Upsample(
        JpegComponent component, int y, bool doubleWidth, bool doubleHeight, Span<byte> row)
    {
        int width = component.Width, nearY = doubleHeight ? y / 2 : y;
        int farY = doubleHeight ? Math.Clamp(nearY + ((y & 1) == 0 ? -1 : 1), 0, component.Height - 1) : nearY;
        ReadOnlySpan<byte> near = component.Samples.AsSpan(nearY * component.Stride, width);
        ReadOnlySpan<byte> far = component.Samples.AsSpan(farY * component.Stride, width);
        if (!doubleWidth)
        {
            int round = (y & 1) == 0 ? 1 : 2;
            for (int x = 0; x < width; x++)
                row[x] = doubleHeight ? (byte)(((3 * near[x]) + far[x] + round) >> 2) : near[x];
            return;
        }

        // Weights of the rows; they add up to 4 if rows are doubled as well.
        (int nearWeight, int farWeight, int shift) = doubleHeight ? (3, 1, 4) : (1, 0, 2);
        (int roundLeft, int roundRight) = doubleHeight ? (8, 7) : (1, 2);
        int before = 0, current = (nearWeight * near[0]) + (farWeight * far[0]);
        for (int x = 0; x < width; x++)
        {
            int left = x == 0 ? current : before;
            int next = x + 1 < width ? (nearWeight * near[x + 1]) + (farWeight * far[x + 1]) : current;
            row[2 * x] = (byte)(((3 * current) + left + roundLeft) >> shift);
            row[(2 * x) + 1] = (byte)(((3 * current) + next + roundRight) >> shift);
            (before, current) = (current, next);
        }
    }

    /// <summary>Repeats the samples of a row of a component to full resolution, for samples of more than two
    /// pixels.</summary>
    /// <param name="component">The component to upsample.</param>
    /// <param name="y">The row of the image.</param>
    /// <param name="across">Pixels per sample in a row.</param>
    /// <param name="down">Pixels per sample in a column.</param>
    /// <param name="row">Receives the row.</param>
    public static void Repeat(JpegComponent component, int y, int across, int down, Span<byte> row)
    {
        ReadOnlySpan<byte> samples = component.Samples.AsSpan(y / down * component.Stride, component.Width);
        for (int x = 0; x < row.Length; x++)
            row[x] = samples[x / across];
    }

    private static byte Clip(int value) => (byte)Math.Clamp(value, 0, 255);
}
