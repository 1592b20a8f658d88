using System.Runtime.CompilerServices;
using Gqn.Native.Engine;
using Gqn.Native.Imaging;
using StbImageSharp;
using Xunit;

namespace Gqn.Native.Tests.Imaging;

/// <summary>The decoder against an independent one on good pictures, and its errors on bad ones.</summary>
public sealed class ImageDecoderTests
{
    [Theory]
    [InlineData(64, 64, 95)]
    [InlineData(64, 64, 100)]
    [InlineData(64, 64, 60)]
    [InlineData(84, 84, 90)]
    [InlineData(128, 128, 10)]
    [InlineData(1, 1, 90)]
    [InlineData(17, 33, 90)]
    [InlineData(9, 200, 80)]
    public void WrittenJpegsAreDecodedAsByAnIndependentDecoder(int width, int height, int quality)
    {
        var image = Picture(width, height, seed: (ulong)(width + quality));
        AssertClose(Jpeg.Encode(image, quality));
    }

    /// <summary>Made by the encoder of libjpeg-turbo from one picture of 37 x 29 pixels.</summary>
    [Theory]
    [InlineData("420")]
    [InlineData("420-restart")]
    [InlineData("420-scans")]
    [InlineData("422")]
    [InlineData("440")]
    [InlineData("grey")]
    [InlineData("rgb")]
    public void AllLayoutsOfBaselineAreRead(string name)
    {
        // If chroma is halved in width alone, the peer swaps the weights of the two samples at the right border.
        var image = AssertClose(Sample(name), columns: name == "422" ? 35 : 37);
        Assert.Equal((37, 29), (image.Width, image.Height));
    }

    [Theory]
    [InlineData("progressive", "progressive JPEG pictures are not read")]
    [InlineData("arithmetic", "JPEG pictures of kind C9 are not read")]
    public void OtherKindsOfJpegAreRefused(string name, string problem) => AssertRefused(Sample(name), problem);

    [Fact]
    public void EveryTruncationOfAJpegIsRefused()
    {
        byte[] jpeg = Sample("420-restart");
        for (int length = 0; length < jpeg.Length; length++)
            AssertRefused(jpeg[..length], string.Empty);
    }

    [Theory]
    [InlineData(0xFFFF, 0xFFFF, "a picture of 65535x65535; sides have 1 to 4096 pixels")]
    [InlineData(0, 29, "a picture of 0x29")]
    [InlineData(4096, 4096, "too few for a JPEG picture of 4096x4096")]
    public void RoomIsOnlyMadeForPicturesThatTheBytesCouldHold(int width, int height, string problem)
    {
        byte[] jpeg = Sample("420");
        int frame = jpeg.AsSpan().IndexOf([(byte)0xFF, (byte)0xC0]);
        (jpeg[frame + 5], jpeg[frame + 6]) = ((byte)(height >> 8), (byte)height);
        (jpeg[frame + 7], jpeg[frame + 8]) = ((byte)(width >> 8), (byte)width);
        long before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefused(jpeg, problem);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void PngIsWithoutLossWhateverTheFilters()
    {
        foreach (var (width, height) in new[] { (64, 64), (1, 1), (5, 300), (128, 7) })
        {
            var image = Picture(width, height, seed: 3);
            var decoded = ImageDecoder.ToImage(Png.Encode(image));
            Assert.Equal((width, height), (decoded.Width, decoded.Height));
            Assert.True(image.Bytes.SequenceEqual(decoded.Bytes));
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 3)]
    [InlineData(3, 1)]
    [InlineData(4, 2)]
    [InlineData(6, 4)]
    public void AllColourTypesAndFiltersOfPngAreRead(int colourType, int samples)
    {
        byte[] png = RandomPng(colourType, samples, 23, 19);
        var expected = ImageResult.FromMemory(png, ColorComponents.RedGreenBlue);
        var decoded = ImageDecoder.ToImage(png);
        Assert.Equal((23, 19), (decoded.Width, decoded.Height));
        Assert.Equal(expected.Data, decoded.Bytes.ToArray());
    }

    [Fact]
    public void BadPngsAreRefused()
    {
        byte[] png = RandomPng(2, 3, 23, 19);
        for (int length = 0; length < png.Length - 12; length += 7)
            AssertRefused(png[..length], string.Empty);
        byte[] interlaced = [.. png];
        interlaced[28] = 1;
        AssertRefused(interlaced, "only 8 bits without interlacing");
        byte[] large = [.. png];
        (large[18], large[19], large[22], large[23]) = (0x10, 0, 0x10, 0);
        AssertRefused(large, "too few for a PNG picture of 4096x4096");
        AssertRefused("GIF89a and more"u8.ToArray(), "neither a JPEG nor a PNG");
        AssertRefused([], "neither a JPEG nor a PNG");
    }

    [Fact]
    public void ADecoderIsReusedWithoutATraceOfTheLastPicture()
    {
        var decoder = new ImageDecoder();
        byte[][] files =
        [
            Sample("420"), Png.Encode(Picture(40, 40, 1)), Sample("grey"), Sample("rgb"), Sample("progressive"),
            Sample("422"),
        ];
        foreach (byte[] file in files.Concat(files))
        {
            try
            {
                decoder.Decode(file);
                byte[] rgb = new byte[decoder.Width * decoder.Height * 3];
                decoder.WriteRgb(rgb);
                Assert.Equal(ImageDecoder.ToImage(file).Bytes.ToArray(), rgb);
            }
            catch (ImageFormatException)
            {
                Assert.Same(files[4], file);
            }
        }
    }

    private static void AssertRefused(byte[] bytes, string problem) => Assert.Contains(
        problem, Assert.Throws<ImageFormatException>(() => ImageDecoder.ToImage(bytes)).Message,
        StringComparison.Ordinal);

    /// <summary>Decoders round differently; a larger difference is a mistake.</summary>
    private static RgbImage AssertClose(byte[] jpeg, int columns = int.MaxValue)
    {
        var expected = ImageResult.FromMemory(jpeg, ColorComponents.RedGreenBlue);
        var decoded = ImageDecoder.ToImage(jpeg);
        Assert.Equal((expected.Width, expected.Height), (decoded.Width, decoded.Height));
        int worst = 0;
        double sum = 0;
        for (int i = 0; i < expected.Data.Length; i++)
        {
            if (i / 3 % expected.Width >= columns)
                continue;
            int difference = Math.Abs(expected.Data[i] - decoded.Bytes[i]);
            worst = Math.Max(worst, difference);
            sum += difference;
        }

        Assert.True(worst <= 4, $"a sample differs by {worst}");
        Assert.InRange(sum / expected.Data.Length, 0, 0.5);
        return decoded;
    }

    private static byte[] Sample(string name, [CallerFilePath] string source = "") =>
        File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(source)!, "Samples", name + ".jpg"));

    /// <summary>Smooth and rough parts, edges and saturated colours.</summary>
    internal static RgbImage Picture(int width, int height, ulong seed)
    {
        var random = new RandomStream(seed, 9);
        var image = new RgbImage(width, height);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                double wave = Math.Sin((x * 0.3) + (y * 0.2));
                image[x, y] = new Rgb(
                    (byte)(128 + (120 * wave)), (byte)(((x / 7) + (y / 5)) % 2 * 255),
                    (byte)random.NextInt32(x > y ? 256 : 30));
            }
        }

        return image;
    }

    /// <summary>A PNG whose rows use the five filters in turn, with data cut into several chunks.</summary>
    private static byte[] RandomPng(int colourType, int samples, int width, int height)
    {
        var random = new RandomStream(4, 2);
        using var raw = new MemoryStream();
        for (int y = 0; y < height; y++)
        {
            raw.WriteByte((byte)(y % 5));
            // The raw bytes are what remains after filtering, so a palette's indices need filters that keep them small.
            for (int i = 0; i < width * samples; i++)
                raw.WriteByte((byte)random.NextInt32(colourType == 3 ? 1 : 256));
        }

        using var deflated = new MemoryStream();
        using (var stream = new System.IO.Compression.ZLibStream(
            deflated, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        {
            stream.Write(raw.ToArray());
        }

        byte[] data = deflated.ToArray();
        using var png = new MemoryStream();
        png.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        Chunk("IHDR", [0, 0, 0, (byte)width, 0, 0, 0, (byte)height, 8, (byte)colourType, 0, 0, 0]);
        Chunk("gAMA", [0, 0, 0, 1]);
        if (colourType == 3)
            Chunk("PLTE", [10, 20, 30, 40, 50, 60]);
        Chunk("IDAT", data[..(data.Length / 3)]);
        Chunk("IDAT", data[(data.Length / 3)..]);
        Chunk("IEND", []);
        return png.ToArray();

        void Chunk(string type, byte[] content)
        {
            png.Write([0, 0, (byte)(content.Length >> 8), (byte)content.Length]);
            png.Write(System.Text.Encoding.ASCII.GetBytes(type));
            png.Write(content);
            png.Write([0, 0, 0, 0]);
        }
    }
}
