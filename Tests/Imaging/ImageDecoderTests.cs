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
    [InlineData("411")]
    [InlineData("410")]
    [InlineData("grey")]
    [InlineData("rgb")]
    public void AllLayoutsOfBaselineAreRead(string name)
    {
        // If chroma is halved in width alone, the peer swaps the weights of the two samples at the right border.
        var image = AssertClose(Sample(name), columns: name == "422" ? 35 : 37);
        Assert.Equal((37, 29), (image.Width, image.Height));
    }

    [Theory]
    [InlineData("progressive", "progressive JPEG pictures are not read; convert it to baseline JPEG or 8-bit PNG")]
    [InlineData("arithmetic", "JPEG pictures of kind C9 are not read; convert it to baseline JPEG or 8-bit PNG")]
    public void OtherKindsOfJpegAreRefused(string name, string problem) => AssertRefused(Sample(name), problem);

    [Theory]
    [InlineData(5, 4, "CMYK JPEG pictures are not read; convert it to RGB, as baseline JPEG or 8-bit PNG")]
    [InlineData(0, 12, "JPEG pictures of 12 bits a sample are not read; convert it to baseline JPEG or 8-bit PNG")]
    [InlineData(7, 0x31, "JPEG pictures with a sampling of 3x1 are not read; convert it to baseline JPEG")]
    public void OtherFramesOfJpegAreRefused(int place, byte value, string problem)
    {
        byte[] jpeg = Sample("420");
        int frame = jpeg.AsSpan().IndexOf([(byte)0xFF, (byte)0xC0]);
        if (value == 4)
        {
            // A fourth component in the frame header.
            jpeg = [.. jpeg[..(frame + 19)], 4, 0x11, 0, .. jpeg[(frame + 19)..]];
            jpeg[frame + 3] += 3;
        }

        jpeg[frame + 4 + place] = value;
        AssertRefused(jpeg, problem);
    }

    [Theory]
    [InlineData(6, true, 6)]
    [InlineData(8, false, 8)]
    [InlineData(9, true, 1)]
    [InlineData(0, false, 1)]
    public void TheOrientationIsReadAndThePixelsStayAsTheyAre(int stated, bool isLittleEndian, int expected)
    {
        byte[] tiff = isLittleEndian
            ? [(byte)'I', (byte)'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, (byte)stated, 0, 0, 0]
            : [(byte)'M', (byte)'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)stated, 0, 0];
        byte[] jpeg = Sample("420"), exif = [0xFF, 0xE1, 0, (byte)(8 + tiff.Length), .. "Exif\0\0"u8, .. tiff];
        byte[] png = Png.Encode(Picture(9, 7, 2));
        byte[] chunk = [0, 0, 0, (byte)tiff.Length, .. "eXIf"u8, .. tiff, 0, 0, 0, 0];
        var decoder = new ImageDecoder();
        foreach (var (plain, turned) in new (byte[], byte[])[]
        {
            (jpeg, [.. jpeg[..2], .. exif, .. jpeg[2..]]), (png, [.. png[..33], .. chunk, .. png[33..]]),
        })
        {
            decoder.Decode(turned);
            Assert.Equal(expected, decoder.Orientation);
            Assert.Equal(ImageDecoder.ToImage(plain).Bytes.ToArray(), ImageDecoder.ToImage(turned).Bytes.ToArray());
            decoder.Decode(plain);
            Assert.Equal(1, decoder.Orientation);
        }

        for (int length = 0; length < tiff.Length; length++)
            Assert.Null(ExifOrientation.Of(tiff.AsSpan(0, length)));
        byte[] astray = [.. tiff];
        astray.AsSpan(4, 4).Fill(0xFF);
        Assert.Null(ExifOrientation.Of(astray));
    }

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

    /// <summary>Sizes at which some of the seven passes have no pixel, and at which all have.</summary>
    [Theory]
    [InlineData(23, 19)]
    [InlineData(64, 64)]
    [InlineData(1, 1)]
    [InlineData(4, 3)]
    [InlineData(5, 9)]
    public void AllDepthsOfPngAreReadWhetherInterlacedOrNot(int width, int height)
    {
        foreach (var (colourType, depths) in new[]
        {
            (0, new[] { 1, 2, 4, 8, 16 }), (2, [8, 16]), (3, [1, 2, 4, 8]), (4, [8, 16]), (6, [8, 16]),
        })
        {
            foreach (int depth in depths)
            {
                foreach (bool isInterlaced in new[] { false, true })
                {
                    var sample = new PngSample(width, height, colourType, depth, isInterlaced);
                    var decoded = ImageDecoder.ToImage(sample.File);
                    Assert.Equal((width, height), (decoded.Width, decoded.Height));
                    Assert.Equal(sample.Rgb, decoded.Bytes.ToArray());
                    if (depth == 16)
                        continue;
                    // The peer takes the upper half of 16 bits, not the nearest of 8.
                    var peer = ImageResult.FromMemory(sample.File, ColorComponents.RedGreenBlue);
                    Assert.Equal(peer.Data, decoded.Bytes.ToArray());
                }
            }
        }
    }

    [Fact]
    public void ADamagedInterlacedPngIsRefused()
    {
        byte[] png = new PngSample(23, 19, 3, 4, isInterlaced: true).File;
        for (int length = 0; length < png.Length - 12; length += 3)
            AssertRefused(png[..length], string.Empty);
        byte[] plain = new PngSample(23, 19, 3, 4, isInterlaced: false).File;
        plain[28] = 1;
        AssertRefused(plain, "the PNG picture's data end too early");
        byte[] large = [.. png];
        (large[18], large[19], large[22], large[23]) = (0x10, 0, 0x10, 0);
        AssertRefused(large, "too few for a PNG picture of 4096x4096");
    }

    [Fact]
    public void BadPngsAreRefused()
    {
        byte[] png = RandomPng(2, 3, 23, 19);
        for (int length = 0; length < png.Length - 12; length += 7)
            AssertRefused(png[..length], string.Empty);
        byte[] interlaced = [.. png];
        interlaced[28] = 2;
        AssertRefused(interlaced, "interlacing 2");
        byte[] thin = [.. png];
        thin[24] = 4;
        AssertRefused(thin, "there are no PNG pictures of colour type 2 with 4 bits a sample");
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
