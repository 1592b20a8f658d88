using System.Globalization;
using System.Numerics;
using Gqn.Native.Imaging;
using Gqn.Native.Photographs;
using Gqn.Native.Tests.Io;
using Xunit;

namespace Gqn.Native.Tests.Photographs;

/// <summary>Level squares out of pictures against pictures that a level camera takes of the same world.</summary>
public sealed class PhotographTests : IDisposable
{
    private const double Yaw = 0.7, Focal = 130;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, 0.3)]
    [InlineData(0.1, -0.4)]
    [InlineData(-0.5, 0.2)]
    [InlineData(1.2, 0.2)]
    [InlineData(Math.PI / 2, -0.2)]
    [InlineData(-3, 0)]
    public void APictureTakenWithARollBecomesThatOfALevelCamera(double roll, double pitch)
    {
        var photograph = Take(roll, pitch, (120, 90), (Focal, Focal), (60, 45), string.Empty);
        Assert.Equal(roll, photograph.Pose.Roll, 1e-5);
        // The corners of the turned square touch the longer borders.
        double tangent = 45 / Focal / (Math.Abs(Math.Sin(roll)) + Math.Abs(Math.Cos(roll)));
        Assert.Equal(tangent, photograph.Tangent, 1e-6);
        AssertLevel(photograph, pitch);
    }

    /// <summary>The square lies about the principal point, and its angle is that of the shorter way to a
    /// border.</summary>
    [Theory]
    [InlineData(60, 45, 45)]
    [InlineData(40, 50, 40)]
    [InlineData(30, 45, 30)]
    [InlineData(90, 70, 20)]
    public void TheSquareIsCutOutAboutThePrincipalPoint(double x, double y, double half)
    {
        string centre = string.Create(CultureInfo.InvariantCulture, $", \"cx\": {x}, \"cy\": {y}");
        var photograph = Take(0, 0.3, (120, 90), (Focal, Focal), (x, y), centre);
        Assert.Equal(half / Focal, photograph.Tangent, 1e-6);
        AssertLevel(photograph, 0.3);
    }

    [Fact]
    public void PixelsNeedNotBeSquare()
    {
        var photograph = Take(0.2, 0.1, (120, 90), (Focal, 160), (60, 45), ", \"fl_y\": 160");
        AssertLevel(photograph, 0.1);
    }

    /// <summary>Pictures of half the size that the poses are for, as they are made to save time.</summary>
    [Fact]
    public void ALensScalesWithThePicture()
    {
        var photograph = Take(
            0, 0.1, (120, 90), (Focal / 2, Focal / 2), (50, 45), ", \"w\": 240, \"h\": 180, \"cx\": 100, \"cy\": 90");
        Assert.Equal(45 / (Focal / 2), photograph.Tangent, 1e-6);
        AssertLevel(photograph, 0.1);
    }

    [Fact]
    public void NarrowerSquaresHaveTheSameCentreAndAreResized()
    {
        var photograph = Take(0.1, 0.3, (240, 180), (2 * Focal, 2 * Focal), (120, 90), string.Empty, Focal * 2);
        double tangent = photograph.Tangent / 2;
        var view = photograph.View(tangent, 24, Rgb.White);
        var expected = Level(tangent, 24, 0.3);
        Assert.InRange(MeanDifference(expected, view), 0, 1.5);
    }

    private static void AssertLevel(Photograph photograph, double pitch)
    {
        int side = photograph.SideOf(photograph.Tangent);
        Assert.InRange(side, 35, 160);
        var view = photograph.View(photograph.Tangent, side, Rgb.White);
        Assert.InRange(MeanDifference(Level(photograph.Tangent, side, pitch), view), 0, 1);
        // A degree of roll or of pitch, or a hundredth of the angle, would show.
        Assert.True(MeanDifference(Level(photograph.Tangent, side, pitch + 0.02), view) > 1);
    }

    private static RgbImage Level(double tangent, int side, double pitch)
    {
        var (right, up) = SmoothWorld.Axes(Yaw, pitch, 0);
        double focal = side / (2 * tangent);
        return SmoothWorld.Render(right, up, (side, side), (focal, focal), (side / 2.0, side / 2.0));
    }

    private Photograph Take(
        double roll, double pitch, (int Width, int Height) size, (double X, double Y) focal,
        (double X, double Y) centre, string more, double stated = Focal)
    {
        var (right, up) = SmoothWorld.Axes(Yaw, pitch, roll);
        Png.Write(_folder["a.png"], SmoothWorld.Render(right, up, size, focal, centre));
        string[] matrix = [.. SmoothWorld.Matrix(right, up, Vector3.One)
            .Select(number => number.ToString("R", CultureInfo.InvariantCulture))];
        string rows = string.Join(", ", matrix.Chunk(4).Select(row => $"[{string.Join(", ", row)}]"));
        File.WriteAllText(_folder["transforms.json"], string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"fl_x": {{stated}}{{more}}, "frames": [{"file_path": "a", "transform_matrix": [{{rows}}]}]}"""));
        return Assert.Single(Assert.Single(PhotographFolder.Read(_folder.Path, null, new PoseConventions(), []))
            .Photographs);
    }

    private static double MeanDifference(RgbImage a, RgbImage b)
    {
        Assert.Equal((a.Width, a.Height), (b.Width, b.Height));
        double sum = 0;
        for (int i = 0; i < a.Bytes.Length; i++)
            sum += Math.Abs(a.Bytes[i] - b.Bytes[i]);
        return sum / a.Bytes.Length;
    }
}
