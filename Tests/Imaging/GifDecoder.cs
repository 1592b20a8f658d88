using System.Buffers.Binary;
using System.Text;
using Gqn.Native.Imaging;
using Xunit;

namespace Gqn.Native.Tests.Imaging;

/// <summary>Reads GIF89a by the format's definition; anything unexpected fails the test.</summary>
internal sealed class GifDecoder
{
    private readonly byte[] _file;
    private int _at;

    internal GifDecoder(byte[] file)
    {
        _file = file;
        Assert.Equal("GIF89a", Encoding.ASCII.GetString(Take(6)));
        int width = UInt16();
        int height = UInt16();
        Assert.Equal(0, Take(3)[0] & 0x80);
        int delay = -1;
        while (true)
        {
            switch (Byte())
            {
                case 0x21: ReadExtension(ref delay); break;
                case 0x2C: Frames.Add(ReadFrame(width, height)); Delays.Add(delay); break;
                case 0x3B: Assert.Equal(_file.Length, _at); return;
                default: Assert.Fail($"Unknown block before byte {_at}."); return;
            }
        }
    }

    internal List<RgbImage> Frames { get; } = [];

    /// <summary>The delay of each frame, in 1/100 s.</summary>
    internal List<int> Delays { get; } = [];

    internal bool RepeatsForEver { get; private set; }

    private void ReadExtension(ref int delay)
    {
        byte kind = Byte();
        byte[] head = Take(Byte()).ToArray();
        byte[] rest = Blocks();
        if (kind == 0xF9)
        {
            Assert.Equal(4, head.Length);
            delay = BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(1));
            Assert.Empty(rest);
        }
        else
        {
            Assert.Equal("NETSCAPE2.0", Encoding.ASCII.GetString(head));
            Assert.Equal([1, 0, 0], rest);
            RepeatsForEver = true;
        }
    }

    private RgbImage ReadFrame(int width, int height)
    {
        Assert.Equal((0, 0, width, height), (UInt16(), UInt16(), UInt16(), UInt16()));
        byte flags = Byte();
        Assert.Equal(0x80, flags & 0xF8);
        byte[] palette = Take(3 << ((flags & 7) + 1)).ToArray();
        int literalBits = Byte();
        var indices = Unpack(Blocks(), literalBits);
        Assert.Equal(width * height, indices.Count);
        var image = new RgbImage(width, height);
        for (int i = 0; i < indices.Count; i++)
            palette.AsSpan(3 * indices[i], 3).CopyTo(image.Bytes[(3 * i)..]);
        return image;
    }

    private static List<byte> Unpack(byte[] data, int literalBits)
    {
        int clear = 1 << literalBits;
        List<byte> output = [];
        List<byte[]> table = [];
        byte[]? previous = null;
        int width = literalBits + 1;
        int bitAt = 0;
        while (true)
        {
            int code = 0;
            for (int i = 0; i < width; i++, bitAt++)
                code |= ((data[bitAt >> 3] >> (bitAt & 7)) & 1) << i;
            if (code == clear + 1)
                break;
            if (code == clear)
            {
                table = [.. Enumerable.Range(0, clear).Select(i => new[] { (byte)i }), [], []];
                previous = null;
                width = literalBits + 1;
                continue;
            }

            Assert.InRange(code, 0, previous is null ? clear - 1 : table.Count);
            byte[] entry = code < table.Count ? table[code] : [.. previous!, previous![0]];
            if (previous is not null && table.Count < 4096)
                table.Add([.. previous, entry[0]]);
            output.AddRange(entry);
            previous = entry;
            if (table.Count == 1 << width && width < 12)
                width++;
        }

        Assert.Equal(data.Length, (bitAt + 7) / 8);
        return output;
    }

    private byte[] Blocks()
    {
        List<byte> content = [];
        while (Byte() is var length and > 0)
            content.AddRange(Take(length));
        return [.. content];
    }

    private byte Byte() => _file[_at++];

    private int UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    private ReadOnlySpan<byte> Take(int count)
    {
        _at += count;
        return _file.AsSpan(_at - count, count);
    }
}
