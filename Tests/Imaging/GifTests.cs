using Gqn.Native.Engine;
using Gqn.Native.Imaging;
using Gqn.Native.Tests.Io;
using StbImageSharp;
using Xunit;

namespace Gqn.Native.Tests.Imaging;

public sealed class GifTests
{
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(80);

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 7, 2)]
    [InlineData(13, 5, 3)]
    [InlineData(64, 64, 4)]
    [InlineData(33, 31, 17)]
    [InlineData(200, 150, 256)]
    public void FewColoursAreKeptExactly(int width, int height, int colours)
    {
        var random = new RandomStream(seed: 1, stream: (uint)colours);
        RgbImage[] frames = [.. Enumerable.Range(0, 3).Select(_ => Noise(width, height, colours, random))];
        var gif = Decode(frames);
        Assert.Equal(3, gif.Frames.Count);
        Assert.All(gif.Delays, delay => Assert.Equal(8, delay));
        Assert.True(gif.RepeatsForEver);
        for (int i = 0; i < 3; i++)
            Assert.Equal(frames[i].Bytes.ToArray(), gif.Frames[i].Bytes.ToArray());
    }

    [Fact]
    public void AnotherDecoderAgrees()
    {
        var random = new RandomStream(seed: 7, stream: 0);
        RgbImage[] frames = [.. Enumerable.Range(0, 4).Select(_ => Noise(90, 70, 200, random))];
        using var stream = new MemoryStream(Encode(frames));
        int count = 0;
        foreach (var frame in
            ImageResult.AnimatedGifFramesFromStream(stream, ColorComponents.RedGreenBlueAlpha))
        {
            byte[] opaque = [.. frame.Data.Where((_, i) => i % 4 != 3)];
            Assert.Equal(frames[count++].Bytes.ToArray(), opaque);
            Assert.Equal(80, frame.DelayInMs);
        }

        Assert.Equal(4, count);
    }

    [Fact]
    public void EveryLengthOfTheCodeSequenceIsDecoded()
    {
        // The last code may or may not be the one after which codes grow by a bit.
        var random = new RandomStream(seed: 2, stream: 0);
        for (int width = 1; width <= 700; width++)
        {
            var image = Noise(width, 1, 4, random);
            Assert.Equal(image.Bytes.ToArray(), Decode([image]).Frames[0].Bytes.ToArray());
        }
    }

    [Fact]
    public void RepetitiveAndLongPicturesAreDecoded()
    {
        var flat = new RgbImage(400, 300);
        Assert.Equal(flat.Bytes.ToArray(), Decode([flat]).Frames[0].Bytes.ToArray());
    }

    [Fact]
    public void ManyColoursStayNear()
    {
        // 4,096 colours spread over a 64x64 picture: 256 boxes hold 16 each.
        var image = new RgbImage(64, 64);
        for (int y = 0; y < 64; y++)
        {
            for (int x = 0; x < 64; x++)
                image[x, y] = new Rgb((byte)(x * 4), (byte)(y * 4), (byte)((x + y) * 2));
        }

        var decoded = Decode([image]).Frames[0];
        double sum = 0;
        int worst = 0;
        for (int i = 0; i < image.Bytes.Length; i++)
        {
            int error = Math.Abs(image.Bytes[i] - decoded.Bytes[i]);
            sum += error;
            worst = Math.Max(worst, error);
        }

        Assert.InRange(sum / image.Bytes.Length, 1, 6);
        Assert.InRange(worst, 4, 20);
    }

    [Fact]
    public void TheBytesRepeat()
    {
        var random = new RandomStream(seed: 3, stream: 0);
        var image = Noise(40, 40, 1500, random);
        Assert.Equal(Encode([image, image]), Encode([image, image]));
    }

    [Fact]
    public void AFileIsWrittenWhole()
    {
        using var folder = new TemporaryFolder();
        RgbImage[] frames = [new(3, 2), new(3, 2)];
        Gif.Write(folder["a.gif"], frames, Delay);
        Assert.Equal(Encode(frames), File.ReadAllBytes(folder["a.gif"]));
        Assert.Throws<ArgumentException>(() => Gif.Write(folder["b.gif"], [], Delay));
        Assert.Throws<ArgumentException>(() => Gif.Write(folder["b.gif"], [frames[0], new RgbImage(2, 3)], Delay));
        Assert.Throws<ArgumentException>(() => Gif.Write(folder["b.gif"], [new RgbImage(65_536, 1)], Delay));
        Assert.Throws<ArgumentOutOfRangeException>(() => Gif.Write(folder["b.gif"], frames, TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => Gif.Write(folder["b.gif"], frames, TimeSpan.FromHours(1)));
        Assert.Equal(["a.gif"], folder.FileNames);
    }

    private static RgbImage Noise(int width, int height, int colours, RandomStream random)
    {
        var palette = new Rgb[colours];
        for (int i = 0; i < colours; i++)
            palette[i] = new Rgb((byte)i, (byte)(i / 7), (byte)random.NextUInt32());
        var image = new RgbImage(width, height);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
                image[x, y] = palette[random.NextInt32(colours)];
        }

        return image;
    }

    private static byte[] Encode(IReadOnlyList<RgbImage> frames)
    {
        using var stream = new MemoryStream();
        Gif.Write(stream, frames, Delay);
        return stream.ToArray();
    }

    private static GifDecoder Decode(IReadOnlyList<RgbImage> frames) => new(Encode(frames));
}
