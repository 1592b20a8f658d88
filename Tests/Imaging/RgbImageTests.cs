using Gqn.Native.Engine;
using Gqn.Native.Imaging;
using Gqn.Native.Tests.Io;
using StbImageSharp;
using Xunit;

namespace Gqn.Native.Tests.Imaging;

public sealed class RgbImageTests
{
    private static readonly Rgb Red = new(255, 0, 0);

    [Fact]
    public void UnitValuesAreClippedAndRounded()
    {
        var image = RgbImage.FromUnit([0, 1, 0.5f, -3, 7, float.NaN, 0.1f / 255, 0.6f / 255, 254.4f / 255], 3, 1);
        Assert.Equal([0, 255, 128, 0, 255, 0, 0, 1, 254], image.Bytes.ToArray());
        Assert.Throws<ArgumentException>(() => RgbImage.FromUnit(new float[9], 2, 2));
        for (int i = 0; i < 256; i++)
            Assert.Equal(i, RgbImage.FromUnit([i / 255f, 0, 0], 1, 1).Bytes[0]);
    }

    [Fact]
    public void EnlargingRepeatsPixels()
    {
        var image = new RgbImage(2, 1) { [1, 0] = Red };
        var enlarged = image.Enlarged(3);
        Assert.Equal((6, 3), (enlarged.Width, enlarged.Height));
        for (int y = 0; y < 3; y++)
        {
            for (int x = 0; x < 6; x++)
                Assert.Equal(x < 3 ? Rgb.Black : Red, enlarged[x, y]);
        }
    }

    [Fact]
    public void DrawingIsCutOffAtTheEdges()
    {
        var red = new RgbImage(4, 4);
        red.Fill(Red);
        for (int y = -5; y <= 4; y++)
        {
            for (int x = -5; x <= 4; x++)
            {
                var drawn = new RgbImage(3, 3);
                drawn.Draw(red, x, y);
                var filled = new RgbImage(3, 3);
                filled.FillRectangle(x, y, 4, 4, Red);
                for (int i = 0; i < 9; i++)
                {
                    (int column, int row) = (i % 3, i / 3);
                    bool inside = column >= x && column < x + 4 && row >= y && row < y + 4;
                    Assert.Equal(inside ? Red : Rgb.Black, drawn[column, row]);
                    Assert.Equal(inside ? Red : Rgb.Black, filled[column, row]);
                }
            }
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => red[4, 0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => red[0, -1]);
    }

    [Fact]
    public void TextHasTheShapesOfTheFont()
    {
        var image = new RgbImage(25, 11);
        image.DrawText(1, 1, "Lp \n", Red);
        string[] rows = new string[11];
        for (int y = 0; y < 11; y++)
        {
            for (int x = 0; x < 25; x++)
                rows[y] += image[x, y] == Red ? '#' : '.';
        }

        Assert.Equal(
            [
                ".........................",
                ".#.................#####.",
                ".#.................#####.",
                ".#.....####........#####.",
                ".#.....#...#.......#####.",
                ".#.....#...#.......#####.",
                ".#.....#...#.......#####.",
                ".#####.####........#####.",
                ".......#.................",
                ".......#.................",
                ".........................",
            ],
            rows);
        var doubled = new RgbImage(50, 22);
        doubled.DrawText(2, 2, "Lp \n", Red, scale: 2);
        Assert.Equal(image.Enlarged(2).Bytes.ToArray(), doubled.Bytes.ToArray());
    }

    [Fact]
    public void EveryGlyphIsWholeAndDiffersFromTheOthers()
    {
        HashSet<string> seen = [];
        for (char character = '!'; character <= '~'; character++)
        {
            var image = new RgbImage(6, 9);
            image.DrawText(0, 0, character.ToString(), Red);
            Assert.True(seen.Add(Convert.ToHexString(image.Bytes)), $"'{character}' looks like another.");
            Assert.NotEqual(new RgbImage(6, 9).Bytes.ToArray(), image.Bytes.ToArray());
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 3)]
    [InlineData(64, 64)]
    [InlineData(301, 200)]
    public void APngComesBackExactly(int width, int height)
    {
        var random = new RandomStream(seed: 4, stream: 0);
        var image = new RgbImage(width, height);
        for (int i = 0; i < image.Bytes.Length; i++)
            image.Bytes[i] = (byte)random.NextUInt32();
        using var folder = new TemporaryFolder();
        Png.Write(folder["a.png"], image);
        byte[] file = File.ReadAllBytes(folder["a.png"]);
        Assert.Equal(Png.Encode(image), file);
        var decoded = ImageResult.FromMemory(file, ColorComponents.RedGreenBlue);
        Assert.Equal((width, height), (decoded.Width, decoded.Height));
        Assert.Equal(image.Bytes.ToArray(), decoded.Data);
    }

    [Fact]
    public void AContactSheetPlacesItsPictures()
    {
        float[] white = new float[32 * 16 * 3];
        Array.Fill(white, 1f);
        var sheet = new ContactSheet(["context", "a label that is much too long", "truth"], 32, 16);
        sheet.AddRow([white, default, white]);
        sheet.AddRow([white]);
        var image = sheet.Render();
        // Cells of 3 x 32 by 3 x 16 pixels with gaps of 4, below a heading of 15.
        Assert.Equal((4 + (3 * 100), 15 + (2 * 52)), (image.Width, image.Height));
        foreach ((int x, int y, bool filled) in new[]
        {
            (4, 15, true), (99, 62, true), (104, 15, false), (204, 15, true), (4, 67, true), (204, 67, false),
        })
        {
            Assert.Equal(filled, image[x, y] == Rgb.White);
        }

        Assert.Throws<ArgumentException>(() => sheet.AddRow([white, white, white, white]));
        Assert.Throws<ArgumentException>(() => sheet.AddRow([new float[3]]));
        Assert.Throws<ArgumentException>(() => new ContactSheet([], 32, 32));
    }
}
