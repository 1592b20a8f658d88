using System.Numerics;

namespace Gqn.Native.Imaging;

/// <summary>Draws antialiased lines, polygons and labels on an image, in fractional pixel coordinates.</summary>
/// <remarks>The centre of pixel (column, row) lies at (column + ½, row + ½), row 0 on top. Drawing is clipped at the
/// edges. A pixel is blended by the fraction of it that a shape covers, estimated from 4 × 4 sample points.</remarks>
public sealed class VectorCanvas
{
    private const int Samples = 4;
    private readonly RgbImage _image;

    /// <summary>Creates a canvas that draws on the given image.</summary>
    public VectorCanvas(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        _image = image;
    }

    /// <summary>Fills a polygon by the even-odd rule.</summary>
    /// <param name="corners">The corners in either direction; fewer than three fill nothing.</param>
    /// <param name="colour">The colour to draw in.</param>
    /// <param name="opacity">From 0, transparent, to 1, opaque.</param>
    public void FillPolygon(ReadOnlySpan<Vector2> corners, Rgb colour, float opacity = 1)
    {
        if (corners.Length < 3)
            return;
        Vector2 low = corners[0], high = corners[0];
        foreach (var corner in corners)
            (low, high) = (Vector2.Min(low, corner), Vector2.Max(high, corner));
        int left = Limit(low.X, _image.Width), right = Limit(high.X + 1, _image.Width);
        int top = Limit(low.Y, _image.Height), bottom = Limit(high.Y + 1, _image.Height);
        for (int y = top; y < bottom; y++)
        {
            for (int x = left; x < right; x++)
            {
                int covered = 0;
                for (int sample = 0; sample < Samples * Samples; sample++)
                {
                    var point = new Vector2(
                        x + (((sample % Samples) + .5f) / Samples), y + (((sample / Samples) + .5f) / Samples));
                    if (IsInside(corners, point))
                        covered++;
                }

                if (covered > 0)
                    _image[x, y] = Blend(_image[x, y], colour, opacity * covered / (Samples * Samples));
            }
        }
    }

    /// <summary>Draws a straight line with butt ends.</summary>
    /// <param name="from">One end of the line.</param>
    /// <param name="to">The other end; if both are equal, nothing is drawn.</param>
    /// <param name="width">The width of the line, in pixels.</param>
    /// <param name="colour">The colour to draw in.</param>
    /// <param name="opacity">From 0, transparent, to 1, opaque.</param>
    public void DrawLine(Vector2 from, Vector2 to, float width, Rgb colour, float opacity = 1)
    {
        if (from == to)
            return;
        Vector2 along = Vector2.Normalize(to - from), across = new Vector2(-along.Y, along.X) * (width / 2);
        FillPolygon([from + across, to + across, to - across, from - across], colour, opacity);
    }

    /// <summary>Fills a circle.</summary>
    public void FillCircle(Vector2 centre, float radius, Rgb colour)
    {
        const int Corners = 24;
        Span<Vector2> corners = stackalloc Vector2[Corners];
        for (int i = 0; i < Corners; i++)
        {
            (float sin, float cos) = MathF.SinCos(MathF.Tau * i / Corners);
            corners[i] = centre + (radius * new Vector2(cos, sin));
        }

        FillPolygon(corners, colour);
    }

    /// <summary>Draws an arrow: a shaft and a triangular head.</summary>
    /// <param name="from">The tail of the arrow.</param>
    /// <param name="to">The tip of the arrow; if equal to the tail, nothing is drawn.</param>
    /// <param name="width">The width of the shaft, in pixels; the head is three times as wide.</param>
    /// <param name="colour">The colour to draw in.</param>
    public void DrawArrow(Vector2 from, Vector2 to, float width, Rgb colour)
    {
        if (from == to)
            return;
        Vector2 along = Vector2.Normalize(to - from), across = new(-along.Y, along.X);
        var neck = to - (along * Math.Min(3 * width, Vector2.Distance(from, to)));
        DrawLine(from, neck, width, colour);
        FillPolygon([to, neck + (1.5f * width * across), neck - (1.5f * width * across)], colour);
    }

    /// <summary>Writes a label centred at a point; the letters are outlined in the rim colour to be legible on any
    /// background.</summary>
    public void DrawLabel(Vector2 centre, string text, Rgb ink, Rgb rim)
    {
        ArgumentNullException.ThrowIfNull(text);
        int x = (int)MathF.Round(centre.X - (text.Length * PixelFont.Advance / 2f));
        int y = (int)MathF.Round(centre.Y - (PixelFont.Height / 2f));
        for (int dy = -1; dy <= 1; dy++)
        {
            for (int dx = -1; dx <= 1; dx++)
                _image.DrawText(x + dx, y + dy, text, rim);
        }

        _image.DrawText(x, y, text, ink);
    }

    private static int Limit(float value, int most) => (int)Math.Clamp(MathF.Floor(value), 0, most);

    /// <summary>Even-odd rule: whether a ray to the right crosses the border an odd number of times.</summary>
    private static bool IsInside(ReadOnlySpan<Vector2> corners, Vector2 point)
    {
        bool inside = false;
        for (int i = 0, j = corners.Length - 1; i < corners.Length; j = i++)
        {
            (var a, var b) = (corners[i], corners[j]);
            if (a.Y > point.Y == b.Y > point.Y)
                continue;
            if (point.X < a.X + ((b.X - a.X) * (point.Y - a.Y) / (b.Y - a.Y)))
                inside = !inside;
        }

        return inside;
    }

    private static Rgb Blend(Rgb below, Rgb above, float opacity) => new(
        Mix(below.R, above.R, opacity), Mix(below.G, above.G, opacity), Mix(below.B, above.B, opacity));

    private static byte Mix(byte below, byte above, float opacity) => (byte)(below + ((above - below) * opacity) + .5f);
}
