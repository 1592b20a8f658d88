using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Photographs;
using Gqn.Native.Tests.Io;
using StbImageWriteSharp;
using Xunit;

namespace Gqn.Native.Tests.Photographs;

/// <summary>The kinds of pictures that cameras and programs write.</summary>
public sealed class PictureFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("bmp")]
    [InlineData("tga")]
    public void OtherFilesAreRead(string kind)
    {
        var image = Picture();
        using (var stream = File.Create(_folder["a"]))
        {
            if (kind == "bmp")
                new ImageWriter().WriteBmp(image.Bytes.ToArray(), 5, 3, ColorComponents.RedGreenBlue, stream);
            else
                new ImageWriter().WriteTga(image.Bytes.ToArray(), 5, 3, ColorComponents.RedGreenBlue, stream);
        }

        Assert.Equal(image.Bytes, Read("a").Bytes);
    }

    [Fact]
    public void ProgressiveJpegsAreRead()
    {
        byte[] progressive = File.ReadAllBytes(Sample("progressive")), sequential = File.ReadAllBytes(Sample("420"));
        File.WriteAllBytes(_folder["a"], progressive);
        File.WriteAllBytes(_folder["b"], sequential);
        RgbImage a = Read("a"), b = Read("b");
        Assert.Equal((37, 29), (a.Width, a.Height));
        double difference = 0;
        for (int i = 0; i < a.Bytes.Length; i++)
            difference += Math.Abs(a.Bytes[i] - b.Bytes[i]);
        Assert.InRange(difference / a.Bytes.Length, 0, 2);
    }

    /// <summary>A grey picture of 2 x 2 pixels: 0 and 255 above 128 and 64.</summary>
    [Theory]
    [InlineData(16, 0, false, new byte[] { 0, 0, 0, 255, 255, 0, 128, 7, 64, 9 })]
    [InlineData(8, 0, false, new byte[] { 0, 0, 255, 0, 128, 64 })]
    [InlineData(8, 0, true, new byte[] { 0, 0, 0, 255, 0, 128, 64 })]
    [InlineData(2, 3, false, new byte[] { 0, 0b0001_0000, 0, 0b1011_0000 })]
    public void DeepInterlacedAndPalettePngsAreRead(int bits, byte colour, bool interlaced, byte[] rows)
    {
        byte[] header = [0, 0, 0, 2, 0, 0, 0, 2, (byte)bits, colour, 0, 0, interlaced ? (byte)1 : (byte)0];
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write(rows);
        File.WriteAllBytes(_folder["a"],
        [
            0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n', .. Chunk("IHDR", header),
            .. colour == 3 ? Chunk("PLTE", [0, 0, 0, 255, 255, 255, 128, 128, 128, 64, 64, 64]) : [],
            .. Chunk("IDAT", packed.ToArray()), .. Chunk("IEND", []),
        ]);
        var image = Read("a");
        Assert.Equal((2, 2), (image.Width, image.Height));
        Assert.Equal<byte>([0, 255, 128, 64], [image[0, 0].R, image[1, 0].G, image[0, 1].B, image[1, 1].R]);
    }

    [Fact]
    public void TransparencyShowsTheBackground()
    {
        using (var stream = File.Create(_folder["a"]))
        {
            new ImageWriter().WritePng(
                [200, 100, 50, 255, 200, 100, 50, 0, 200, 100, 50, 51], 3, 1, ColorComponents.RedGreenBlueAlpha,
                stream);
        }

        var white = Read("a");
        Assert.Equal(
            [new Rgb(200, 100, 50), Rgb.White, new Rgb(244, 224, 214)], [white[0, 0], white[1, 0], white[2, 0]]);
        var black = PictureFile.Read(_folder["a"], PictureFile.ReadHeader(_folder["a"]), Rgb.Black);
        Assert.Equal([new Rgb(200, 100, 50), Rgb.Black, new Rgb(40, 20, 10)], [black[0, 0], black[1, 0], black[2, 0]]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void PicturesAreTurnedUpright(int orientation)
    {
        var upright = Picture();
        var stored = PhotographedRoom.Stored(upright, orientation);
        Png.Write(_folder["a"], stored);
        var header = PictureFile.ReadHeader(_folder["a"]);
        Assert.Equal(new PictureHeader(stored.Width, stored.Height, 1), header);
        var turned = PictureFile.Read(_folder["a"], header with { Orientation = orientation }, Rgb.White);
        Assert.Equal((5, 3), (turned.Width, turned.Height));
        Assert.Equal(upright.Bytes, turned.Bytes);

        File.WriteAllBytes(_folder["b"], PhotographedRoom.ToJpeg(stored, orientation, littleEndian: true));
        Assert.Equal(header with { Orientation = orientation }, PictureFile.ReadHeader(_folder["b"]));
    }

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData(
        "0000ftypheic00000000",
        "it is a HEIC or AVIF picture or a film, which is not read; convert it to JPEG or PNG")]
    [InlineData("RIFF0000WEBPVP8 0000", "it is a WebP picture")]
    [InlineData("II*\0aaaaaaaaaaaaaa", "it is a TIFF or raw picture")]
    [InlineData("a,b,c\n1,2,3 and more", "it is a damaged picture, or a file of another kind")]
    public void OtherKindsAreNamed(string content, string problem)
    {
        File.WriteAllText(_folder["a"], content);
        var error = Assert.Throws<DatasetException>(() => PictureFile.ReadHeader(_folder["a"]));
        Assert.Contains($"'{_folder["a"]}': {problem}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DamagedAndTruncatedPicturesAreRefused()
    {
        byte[] jpeg = Jpeg.Encode(Picture(), 90), png = Png.Encode(Picture());
        AssertRefused(jpeg[..^2], "the picture is cut off");
        AssertRefused(png[..^25], "the picture is damaged (");
        Assert.Contains(
            "cannot be read", Assert.Throws<DatasetException>(() => PictureFile.ReadHeader(_folder["none"])).Message,
            StringComparison.Ordinal);

        void AssertRefused(byte[] bytes, string problem)
        {
            File.WriteAllBytes(_folder["a"], bytes);
            var header = PictureFile.ReadHeader(_folder["a"]);
            var error = Assert.Throws<DatasetException>(() => PictureFile.Read(_folder["a"], header, Rgb.White));
            Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        }
    }

    private RgbImage Read(string name) =>
        PictureFile.Read(_folder[name], PictureFile.ReadHeader(_folder[name]), Rgb.White);

    /// <summary>A picture of 5 x 3 pixels, all different.</summary>
    private static RgbImage Picture()
    {
        var image = new RgbImage(5, 3);
        for (int i = 0; i < image.Bytes.Length; i++)
            image.Bytes[i] = (byte)((i * 5) + 7);
        return image;
    }

    private static byte[] Chunk(string name, byte[] data)
    {
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, data.Length);
        return [.. length, .. name.Select(letter => (byte)letter), .. data, 0, 0, 0, 0];
    }

    private static string Sample(string name, [CallerFilePath] string source = "") =>
        Path.Combine(Path.GetDirectoryName(source)!, "..", "Imaging", "Samples", $"{name}.jpg");
}
