namespace Gqn.Native.Imaging;

/// <summary>
/// Reduces a picture to a palette of at most 256 colours by median cut; pictures that have no more stay exact.
/// </summary>
/// <remarks>
/// The box of colours with the largest population × extent² is split at the median of its longest side until 256 boxes
/// exist; each box becomes the mean of its pixels. Ties are broken by position, so equal pictures give equal palettes.
/// </remarks>
internal static class ColourQuantizer
{
    internal const int MaxColours = 256;

    private readonly record struct Counted(Rgb Colour, int Count);

    /// <summary>
    /// A range of the colour list, the channel of its longest side, and its priority for being split.
    /// </summary>
    private readonly record struct Box(int Start, int Length, int Channel, long Weight);

    /// <summary>The palette, and the palette index of each pixel.</summary>
    internal static (Rgb[] Palette, byte[] Indices) Quantize(RgbImage image)
    {
        Dictionary<Rgb, int> counts = [];
        var bytes = image.Bytes;
        for (int i = 0; i < bytes.Length; i += 3)
        {
            var colour = new Rgb(bytes[i], bytes[i + 1], bytes[i + 2]);
            counts[colour] = counts.GetValueOrDefault(colour) + 1;
        }

        Counted[] colours = [.. counts.Select(pair => new Counted(pair.Key, pair.Value))];
        Array.Sort(colours, (a, b) => Order(a.Colour, b.Colour, 0));
        var boxes = colours.Length <= MaxColours
            ? [.. colours.Select((_, i) => new Box(i, 1, 0, 0))]
            : Cut(colours);

        var palette = new Rgb[boxes.Count];
        Dictionary<Rgb, byte> indexOf = [];
        for (int i = 0; i < palette.Length; i++)
        {
            ReadOnlySpan<Counted> box = colours.AsSpan(boxes[i].Start, boxes[i].Length);
            palette[i] = Mean(box);
            foreach (var colour in box)
                indexOf.Add(colour.Colour, (byte)i);
        }

        byte[] indices = new byte[bytes.Length / 3];
        for (int i = 0; i < indices.Length; i++)
            indices[i] = indexOf[new Rgb(bytes[3 * i], bytes[(3 * i) + 1], bytes[(3 * i) + 2])];
        return (palette, indices);
    }

    private static List<Box> Cut(Counted[] colours)
    {
        List<Box> boxes = [Measure(colours, 0, colours.Length)];
        while (boxes.Count < MaxColours)
        {
            int widest = 0;
            for (int i = 1; i < boxes.Count; i++)
                if (boxes[i].Weight > boxes[widest].Weight)
                    widest = i;
            var box = boxes[widest];
            var content = colours.AsSpan(box.Start, box.Length);
            content.Sort((a, b) => Order(a.Colour, b.Colour, box.Channel));
            int head = MedianSplit(content);
            boxes[widest] = Measure(colours, box.Start, head);
            boxes.Add(Measure(colours, box.Start + head, box.Length - head));
        }

        return boxes;
    }

    /// <summary>The number of colours that make up half the pixels, with at least one colour on each side.</summary>
    private static int MedianSplit(ReadOnlySpan<Counted> content)
    {
        long total = 0;
        foreach (var colour in content)
            total += colour.Count;
        long before = content[0].Count;
        int head = 1;
        while (head < content.Length - 1 && (before + content[head].Count) * 2 <= total)
            before += content[head++].Count;
        return head;
    }

    private static Box Measure(Counted[] colours, int start, int length)
    {
        long pixels = 0;
        Span<int> low = [255, 255, 255];
        Span<int> high = [0, 0, 0];
        foreach (var colour in colours.AsSpan(start, length))
        {
            pixels += colour.Count;
            for (int channel = 0; channel < 3; channel++)
            {
                int value = Component(colour.Colour, channel);
                low[channel] = Math.Min(low[channel], value);
                high[channel] = Math.Max(high[channel], value);
            }
        }

        int longest = 0;
        for (int channel = 1; channel < 3; channel++)
            if (high[channel] - low[channel] > high[longest] - low[longest])
                longest = channel;
        long extent = high[longest] - low[longest];
        return new Box(start, length, longest, pixels * extent * extent);
    }

    private static Rgb Mean(ReadOnlySpan<Counted> box)
    {
        long r = 0, g = 0, b = 0, pixels = 0;
        foreach ((var colour, int count) in box)
        {
            r += (long)colour.R * count;
            g += (long)colour.G * count;
            b += (long)colour.B * count;
            pixels += count;
        }

        long half = pixels / 2;
        return new Rgb((byte)((r + half) / pixels), (byte)((g + half) / pixels), (byte)((b + half) / pixels));
    }

    private static byte Component(Rgb colour, int channel) =>
        channel switch { 0 => colour.R, 1 => colour.G, _ => colour.B };

    /// <summary>A total order of colours that compares one channel first.</summary>
    private static int Order(Rgb a, Rgb b, int channel)
    {
        for (int i = 0; i < 3; i++)
        {
            int order = Component(a, (channel + i) % 3) - Component(b, (channel + i) % 3);
            if (order != 0)
                return order;
        }

        return 0;
    }
}
