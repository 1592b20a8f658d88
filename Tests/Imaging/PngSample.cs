using System.Buffers.Binary;
using System.IO.Compression;
using Gqn.Native.Engine;

namespace Gqn.Native.Tests.Imaging;

/// <summary>A PNG file of random samples, written from the definition of the format, and the pixels that it shows. Rows
/// use the filters 0, 1 and 2 in turn.</summary>
internal sealed class PngSample
{
    private static readonly int[] Channels = [1, 0, 3, 1, 2, 0, 4];

    private readonly int _depth, _channels;
    private readonly int[] _samples;

    public PngSample(int width, int height, int colourType, int depth, bool isInterlaced)
    {
        (_depth, _channels) = (depth, Channels[colourType]);
        var random = new RandomStream((ulong)((100 * depth) + colourType), 5);
        _samples = [.. Enumerable.Range(0, width * height * _channels).Select(_ => random.NextInt32(1 << depth))];
        byte[] palette = [.. Enumerable.Range(0, 3 << Math.Min(depth, 8)).Select(_ => (byte)random.NextInt32(256))];
        using var raw = new MemoryStream();
        int[] pixels = [.. Enumerable.Range(0, width * height)];
        if (!isInterlaced)
            WritePass(raw, width, pixels);
        for (int pass = 1; isInterlaced && pass <= 7; pass++)
            WritePass(raw, width, [.. pixels.Where(i => Adam7(i % width, i / width) == pass)]);
        File = Encode(width, height, colourType, isInterlaced, palette, raw.ToArray());
        Rgb =
        [
            .. Enumerable.Range(0, width * height).SelectMany(pixel => Enumerable.Range(0, 3).Select(channel =>
            {
                int first = _samples[pixel * _channels];
                int sample = _channels >= 3 ? _samples[(pixel * _channels) + channel] : first;
                return colourType == 3
                    ? palette[(3 * first) + channel]
                    : (byte)Math.Round(255.0 * sample / ((1 << depth) - 1), MidpointRounding.AwayFromZero);
            })),
        ];
    }

    /// <summary>The whole file.</summary>
    public byte[] File { get; }

    /// <summary>Its pixels, as R, G, B.</summary>
    public byte[] Rgb { get; }

    /// <summary>The pass of a pixel, as the 8 x 8 pattern of the specification shows it.</summary>
    private static int Adam7(int x, int y)
    {
        string[] pattern =
        [
            "16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777",
        ];
        return pattern[y % 8][x % 8] - '0';
    }

    private void WritePass(MemoryStream raw, int width, int[] pixels)
    {
        byte[] above = [];
        int filter = 0;
        foreach (var row in pixels.GroupBy(pixel => pixel / width))
        {
            byte[] bytes = Pack([.. row.SelectMany(pixel => _samples.Skip(pixel * _channels).Take(_channels))]);
            int distance = Math.Max(1, _channels * _depth / 8);
            raw.WriteByte((byte)filter);
            for (int i = 0; i < bytes.Length; i++)
            {
                int left = i < distance ? 0 : bytes[i - distance], up = above.Length == 0 ? 0 : above[i];
                raw.WriteByte((byte)(bytes[i] - (filter == 1 ? left : filter == 2 ? up : 0)));
            }

            (above, filter) = (bytes, (filter + 1) % 3);
        }
    }

    /// <summary>Packs samples into bytes, the first into the highest bits.</summary>
    private byte[] Pack(int[] samples)
    {
        byte[] bytes = new byte[((samples.Length * _depth) + 7) / 8];
        for (int bit = 0; bit < samples.Length * _depth; bit++)
        {
            int value = (samples[bit / _depth] >> (_depth - 1 - (bit % _depth))) & 1;
            bytes[bit / 8] |= (byte)(value << (7 - (bit % 8)));
        }

        return bytes;
    }

    private byte[] Encode(int width, int height, int colourType, bool isInterlaced, byte[] palette, byte[] raw)
    {
        using var deflated = new MemoryStream();
        using (var stream = new ZLibStream(deflated, CompressionLevel.Optimal, leaveOpen: true))
            stream.Write(raw);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9], header[12]) = ((byte)_depth, (byte)colourType, (byte)(isInterlaced ? 1 : 0));
        using var png = new MemoryStream();
        png.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        Chunk("IHDR"u8, header);
        if (colourType == 3)
            Chunk("PLTE"u8, palette);
        Chunk("IDAT"u8, deflated.ToArray());
        Chunk("IEND"u8, []);
        return png.ToArray();

        void Chunk(ReadOnlySpan<byte> type, byte[] content)
        {
            Span<byte> length = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
            png.Write(length);
            png.Write(type);
            png.Write(content);
            png.Write([0, 0, 0, 0]);
        }
    }
}
