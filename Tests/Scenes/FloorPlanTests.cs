using Gqn.Native.Imaging;
using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

public sealed class FloorPlanTests
{
    private const int Size = 256;
    private const float Distance = 3, HalfPi = MathF.PI / 2;

    /// <summary>Four cameras at the ends of the axes, all looking at the middle.</summary>
    private static readonly Camera[] Axes =
    [
        new(-Distance, 0, 0, 0, 0, 45), new(0, -Distance, 0, HalfPi, 0, 45),
        new(Distance, 0, 0, MathF.PI, 0, 45), new(0, Distance, 0, -HalfPi, 0, 45),
    ];

    private static readonly SceneEnvironment Five = Environments.Create("shepard-metzler-5");

    [Fact]
    public void ArrowsStartAtTheirCamerasAndPointWhereTheyLook()
    {
        var plan = FloorPlan.Render(Five.Sample(SceneSplit.Train, 0).SeenBy(Axes), 4, Size);
        (int X, int Y)[] ahead = [(1, 0), (0, -1), (-1, 0), (0, 1)];
        for (int i = 0; i < 4; i++)
        {
            // The cameras' square and a margin of 12 % fill the plan; x points right and y up.
            int x = (int)(128 + (Axes[i].X / (Distance * 1.12f) * 128));
            int y = (int)(128 - (Axes[i].Y / (Distance * 1.12f) * 128));
            Assert.True(IsArrow(plan[x, y]));
            Assert.True(IsArrow(plan[x + (8 * ahead[i].X), y + (8 * ahead[i].Y)]));
            Assert.True(IsArrow(plan[x + (15 * ahead[i].X), y + (15 * ahead[i].Y)]));
            Assert.False(IsArrow(plan[x - (6 * ahead[i].X), y - (6 * ahead[i].Y)]));
            Assert.False(IsArrow(plan[x + (8 * ahead[i].Y), y + (8 * ahead[i].X)]));
            Assert.False(IsArrow(plan[x + (30 * ahead[i].X), y + (30 * ahead[i].Y)]));
            // The wedge of the field of view lightens only what is ahead, as far as the plan's side allows.
            Assert.True(plan[x + (40 * ahead[i].X), y + (40 * ahead[i].Y)].G > 30);
        }

        Assert.Equal(Rgb.Black, plan[30, 30]);
        Assert.Equal(plan.Bytes, FloorPlan.Render(Five.Sample(SceneSplit.Train, 0).SeenBy(Axes), 4, Size).Bytes);
    }

    [Fact]
    public void OnlyTheViewsAskedForAreDrawnAndTheWindowStays()
    {
        var scene = Five.Sample(SceneSplit.Train, 0).SeenBy(Axes);
        var two = FloorPlan.Render(scene, 2, Size);
        int low = (int)(128 - (128 / 1.12f)), high = 255 - low;
        Assert.True(IsArrow(two[low, 128]));
        Assert.True(IsArrow(two[128, high]));
        Assert.Equal(Rgb.Black, two[high, 128]);
        Assert.Equal(Rgb.Black, two[128, low]);
    }

    [Fact]
    public void AWedgeIsAsWideAsTheFieldOfView()
    {
        var plan = FloorPlan.Render([Axes[0], Axes[2]], Size);
        var paper = plan[128, 10];
        int tail = (int)(128 - (128 / 1.12f));
        // At 40 pixels ahead half the width is 40 tan 22.5° = 16.6.
        Assert.NotEqual(paper, plan[tail + 40, 128 + 15]);
        Assert.NotEqual(paper, plan[tail + 40, 128 - 15]);
        Assert.Equal(paper, plan[tail + 40, 128 + 19]);
        Assert.Equal(paper, plan[tail + 40, 128 - 19]);
    }

    [Fact]
    public void ArrowsShortenWithThePitch()
    {
        var level = FloorPlan.ArrowOf(Axes[0], new PlanWindow(default, 4, Size));
        var steep = FloorPlan.ArrowOf(Axes[0] with { Pitch = 1.2f }, new PlanWindow(default, 4, Size));
        float length = level.Point.X - level.Tail.X;
        Assert.Equal(FloorPlan.ArrowLength * Size, length, 1e-3f);
        Assert.Equal(MathF.Cos(1.2f) * length, steep.Point.X - steep.Tail.X, 1e-3f);
        var down = FloorPlan.Render([Axes[0] with { Pitch = -HalfPi }], Size);
        Assert.True(IsArrow(down[128, 128]));
    }

    /// <summary>The object on the plan covers what its cubes cover, in their colours.</summary>
    [Fact]
    public void ObjectsAreSeenFromAboveWithoutPerspective()
    {
        var red = new CubeColour(0, .9f);
        var blue = new CubeColour(2 / 3f, .9f);
        // An L: along x, then upwards, where the perspective of a near camera would enlarge it.
        var factors = new ShepardMetzlerFactors(
            [default, new(1, 0, 0), new(2, 0, 0), new(2, 0, 1), new(2, 0, 2)], [red, red, blue, blue, blue]);
        var scene = Five.Compose(factors, Axes);
        var plan = FloorPlan.Render(scene, 0, Size);
        float pixels = .36f * 128 / (Distance * 1.12f);
        double red3 = 0, blue3 = 0, redX = 0, blueX = 0;
        for (int y = 0; y < Size; y++)
        {
            for (int x = 0; x < Size; x++)
            {
                var at = plan[x, y];
                (red3, redX) = (red3 + (at.R > at.B ? 1 : 0), redX + (at.R > at.B ? x : 0));
                (blue3, blueX) = (blue3 + (at.B > at.R ? 1 : 0), blueX + (at.B > at.R ? x : 0));
            }
        }

        Assert.Equal(2 * pixels * pixels, red3, 2.5 * pixels);
        Assert.Equal(pixels * pixels, blue3, 2.5 * pixels);
        // The barycentre, at x = 1.4 edges, is the middle; that of the red cubes is at ½, that of the blue ones at 2.
        Assert.Equal(127.5 - (.9 * pixels), redX / red3, .6);
        Assert.Equal(127.5 + (.6 * pixels), blueX / blue3, .6);
    }

    [Fact]
    public void RoomsShowTheirObjectsWithinTheirWalls()
    {
        var rooms = Environments.Create("rooms-ring");
        var blue = new HsvColour(2 / 3f, 1, 1);
        var factors = new RoomFactors(
            RoomWall.Red, RoomFloor.White, new WorldPoint(0, 0, 3),
            [new RoomObject(RoomShape.Box, blue, 1, 1.5f, -1), new RoomObject(RoomShape.Cone, blue, 1, -1, 2)]);
        var plan = FloorPlan.Render(rooms.Compose(factors, rooms.FixedViews(4)), 0, Size);
        // Four cameras on the ring, 4.5 from the middle, and the margin fill the plan.
        float scale = 128 / (4.5f * 1.12f);
        (int X, int Y) At(float x, float y) => ((int)(128 + (x * scale)), (int)(128 - (y * scale)));
        bool IsBlue(float x, float y) => plan[At(x, y).X, At(x, y).Y] is var pixel && pixel.B > 1.5 * pixel.R + 20;
        Assert.True(IsBlue(1.5f, -1) && IsBlue(1.8f, -.7f) && IsBlue(-1, 2));
        Assert.False(IsBlue(1.5f, -.4f) || IsBlue(-1.5f, 1) || IsBlue(-1, 1.4f));
        int wall = (int)MathF.Round(3.5f * scale);
        foreach ((int x, int y) in new[] { (128 - wall, 128), (127 + wall, 100), (90, 128 - wall), (128, 127 + wall) })
            Assert.True(plan[x, y] is { R: < 60, G: < 60, B: < 60 }, $"no wall at {x}, {y}");
        Assert.Equal(new Rgb(154, 226, 250), plan[3, 3]);
    }

    /// <summary>Pictures from high above agree with the mazes' own plans.</summary>
    [Fact]
    public void MazesShowTheirPlans()
    {
        var maze = Environments.Create("mazes").Sample(SceneSplit.Train, 3);
        RgbImage plan = FloorPlan.Render(maze, 0, Size), exact = Mazes.RenderTopDown(maze, 4 * 7 * 10);
        int agree = 0, walls = 0;
        for (int y = 0; y < 280; y += 3)
        {
            for (int x = 0; x < 280; x += 3)
            {
                // The outer faces of the ring are 3.55 from the middle.
                float side = 3.55f * 1.12f, worldX = ((x + .5f) / 40) - 3.5f, worldY = 3.5f - ((y + .5f) / 40);
                var here = plan[(int)(128 + (worldX / side * 128)), (int)(128 - (worldY / side * 128))];
                bool isWall = exact[x, y] is { R: < 60, G: < 60, B: < 60 };
                walls += isWall ? 1 : 0;
                agree += here is { R: < 75, G: < 75, B: < 75 } == isWall ? 1 : 0;
            }
        }

        Assert.InRange(walls, 500, 3000);
        // Except for places on the borders of walls.
        Assert.InRange(agree, 94 * 94 * 9 / 10, 94 * 94);
    }

    [Fact]
    public void ASheetShowsViewsAndPlansInTheirPlaces()
    {
        var sheet = new SceneSheet("title", views: 3, size: 32);
        RgbImage[] views = [.. Enumerable.Range(1, 3).Select(i => Filled(32, new Rgb((byte)(40 * i), 5, 5)))];
        sheet.Add("a", views, Filled(sheet.PlanSize, new Rgb(1, 2, 250)));
        sheet.Add("b", views[..2], Filled(sheet.PlanSize, new Rgb(1, 250, 2)));
        var picture = sheet.Render();
        // Enlarged four times, in two columns and two rows; the third view starts the second row.
        Assert.Equal(2 * 128 * 128, Count(picture, new Rgb(40, 5, 5)));
        Assert.Equal(2 * 128 * 128, Count(picture, new Rgb(80, 5, 5)));
        Assert.Equal(128 * 128, Count(picture, new Rgb(120, 5, 5)));
        Assert.Equal(sheet.PlanSize * sheet.PlanSize, Count(picture, new Rgb(1, 2, 250)));
        Assert.Equal(sheet.PlanSize * sheet.PlanSize, Count(picture, new Rgb(1, 250, 2)));
        Assert.Throws<ArgumentException>(() => sheet.Add("c", [.. views, .. views], Filled(sheet.PlanSize, default)));
        Assert.Throws<ArgumentException>(() => sheet.Add("c", [Filled(31, default)], Filled(sheet.PlanSize, default)));
        Assert.Throws<ArgumentException>(() => sheet.Add("c", views, Filled(sheet.PlanSize + 1, default)));
    }

    /// <summary>Whether a pixel is at least half covered by an arrow's yellow.</summary>
    private static bool IsArrow(Rgb pixel) => pixel is { R: > 140, G: > 110, B: < 80 };

    private static RgbImage Filled(int size, Rgb colour)
    {
        var image = new RgbImage(size, size);
        image.Fill(colour);
        return image;
    }

    private static int Count(RgbImage image, params Rgb[] colours) =>
        Enumerable.Range(0, image.Width * image.Height)
            .Count(i => colours.Contains(image[i % image.Width, i / image.Width]));
}
