using Gqn.Native.Imaging;
using Xunit;

namespace Gqn.Native.Tests.Imaging;

public sealed class VectorCanvasTests
{
    private const int Size = 40;

    /// <summary>The total brightness of all pixels, in units of one white pixel, is the area.</summary>
    [Theory]
    [InlineData(10, 10, 30, 10, 20, 30)]
    [InlineData(3.3f, 7.9f, 35.2f, 12.4f, 18.6f, 37.7f)]
    [InlineData(-20, 5, 60, 5, 20, 38)]
    public void APolygonCoversItsArea(float ax, float ay, float bx, float by, float cx, float cy)
    {
        var image = new RgbImage(Size, Size);
        new VectorCanvas(image).FillPolygon([new(ax, ay), new(bx, by), new(cx, cy)], Rgb.White);
        // An independent count: the points of a dense grid that lie on the same side of all three edges.
        int inside = 0;
        const int Grid = 16;
        for (int i = 0; i < Size * Grid * Size * Grid; i++)
        {
            double x = ((i % (Size * Grid)) + .5) / Grid, y = ((i / (Size * Grid)) + .5) / Grid;
            bool a = Side(ax, ay, bx, by, x, y), b = Side(bx, by, cx, cy, x, y), c = Side(cx, cy, ax, ay, x, y);
            if (a == b && b == c)
                inside++;
        }

        double expected = (double)inside / (Grid * Grid);
        Assert.Equal(expected, Brightness(image), expected * .02);

        static bool Side(double ax, double ay, double bx, double by, double x, double y) =>
            ((bx - ax) * (y - ay)) - ((by - ay) * (x - ax)) > 0;
    }

    [Fact]
    public void OpacityMixesAndPixelsOutsideStay()
    {
        var image = new RgbImage(8, 8);
        image.Fill(new Rgb(100, 0, 200));
        new VectorCanvas(image).FillPolygon([new(2, 2), new(6, 2), new(6, 6), new(2, 6)], new Rgb(200, 100, 0), .25f);
        Assert.Equal(new Rgb(125, 25, 150), image[2, 2]);
        Assert.Equal(new Rgb(125, 25, 150), image[5, 5]);
        Assert.Equal(new Rgb(100, 0, 200), image[6, 5]);
        Assert.Equal(new Rgb(100, 0, 200), image[1, 1]);
    }

    [Fact]
    public void LinesAndCirclesHaveTheirSizes()
    {
        var line = new RgbImage(Size, Size);
        new VectorCanvas(line).DrawLine(new(5, 5), new(29, 23), 3, Rgb.White);
        Assert.Equal(90, Brightness(line), 2.0);
        var circle = new RgbImage(Size, Size);
        new VectorCanvas(circle).FillCircle(new(20, 18), 9, Rgb.White);
        Assert.Equal(Math.PI * 81, Brightness(circle), 6.0);
        Assert.Equal(Rgb.White, circle[20, 10]);
        Assert.Equal(Rgb.Black, circle[20, 8]);
        var nothing = new RgbImage(Size, Size);
        new VectorCanvas(nothing).DrawLine(new(5, 5), new(5, 5), 3, Rgb.White);
        new VectorCanvas(nothing).DrawArrow(new(5, 5), new(5, 5), 3, Rgb.White);
        Assert.Equal(0, Brightness(nothing));
    }

    [Fact]
    public void AnArrowEndsInItsPoint()
    {
        var image = new RgbImage(Size, Size);
        new VectorCanvas(image).DrawArrow(new(5, 20), new(35, 20), 2, Rgb.White);
        Assert.Equal(Rgb.White, image[6, 19]);
        Assert.Equal(Rgb.White, image[32, 19]);
        Assert.Equal(Rgb.Black, image[36, 19]);
        // The head is three times as broad as the shaft.
        Assert.NotEqual(Rgb.Black, image[29, 17]);
        Assert.Equal(Rgb.Black, image[20, 17]);
    }

    [Fact]
    public void ALabelStandsRoundItsPoint()
    {
        var image = new RgbImage(Size, Size);
        new VectorCanvas(image).DrawLabel(new(20, 20), "12", Rgb.White, new Rgb(9, 9, 9));
        int[] inked = [.. Enumerable.Range(0, Size * Size).Where(i => image[i % Size, i / Size] == Rgb.White)];
        Assert.InRange(inked.Average(i => i % Size), 18, 21);
        Assert.InRange(inked.Average(i => i / Size), 17, 21);
        Assert.Contains(Enumerable.Range(0, Size * Size), i => image[i % Size, i / Size] == new Rgb(9, 9, 9));
    }

    private static double Brightness(RgbImage image) => image.Bytes.ToArray().Sum(value => (double)value) / (3 * 255);
}
