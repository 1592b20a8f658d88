using System.Text.Json;
using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

public sealed class MazesTests
{
    private const int Side = MazeLayout.Side;
    private const float HalfWall = .05f;

    private static readonly SceneEnvironment Environment = Environments.Create("mazes");

    [Fact]
    public void ScenesAreThoseOfTheDataSet()
    {
        Assert.Equal((300, 84), (Environment.ViewsPerScene, Environment.UsualImageSize));
        int[] walls = new int[6], floors = new int[4];
        double turns = 0;
        for (ulong index = 0; index < 1000; index++)
        {
            var scene = Environment.Sample(SceneSplit.Train, index);
            var factors = Factors(scene);
            Assert.Equal(factors.Layout.Rooms.Count, factors.Rooms.Count);
            foreach (var colours in factors.Rooms.Append(factors.Corridor))
                (walls[colours.Wall], floors[colours.Floor]) = (walls[colours.Wall] + 1, floors[colours.Floor] + 1);
            Assert.Equal(300, scene.Cameras.Length);
            var camera = scene.Cameras[0];
            Assert.Equal((.5f, 0f, 80f), (camera.Z, camera.Pitch, camera.FieldOfViewDegrees));
            turns += camera.Yaw;
        }

        Assert.All(walls, count => Assert.Equal(1 / 6.0, count / (double)walls.Sum(), .035));
        Assert.All(floors, count => Assert.Equal(1 / 4.0, count / (double)floors.Sum(), .035));
        // The mean of a thousand uniform angles has a standard deviation of 0.057.
        Assert.InRange(turns / 1000, -.25, .25);
    }

    [Fact]
    public void CamerasKeepTheirDistanceFromWallsAndComeEverywhereElse()
    {
        double nearest = double.MaxValue;
        var offsets = new HashSet<(int, int)>();
        for (ulong index = 0; index < 40; index++)
        {
            var scene = Environment.Sample(SceneSplit.Train, index);
            var cells = new HashSet<(int, int)>();
            foreach (var camera in scene.Cameras)
            {
                nearest = Math.Min(nearest, DistanceToWalls(Factors(scene).Layout, camera.X, camera.Y));
                var cell = MazeLayout.CellAt(camera.X, camera.Y);
                cells.Add(cell);
                offsets.Add(((int)(10 * (camera.X + 3.5f - cell.X)), (int)(10 * (camera.Y + 3.5f - cell.Y))));
            }

            Assert.InRange(cells.Count, 44, 49);
        }

        Assert.InRange(nearest, .15 - 1e-5, .151);
        // All ten by ten places in a cell occur, those at its borders where there is no wall, except for the cell's
        // corners, which are free only in rooms and junctions.
        Assert.InRange(offsets.Count, 96, 100);
    }

    [Fact]
    public void TrainAndTestShareNoLayout()
    {
        var environment = new Mazes();
        HashSet<string> train = [], test = [];
        for (ulong index = 0; index < 400; index++)
        {
            var learned = Factors(environment.Sample(SceneSplit.Train, index)).Layout;
            var held = Factors(environment.Sample(SceneSplit.Test, index)).Layout;
            // The set follows from the layout alone, even from a layout parsed from its map.
            Assert.Equal(SceneSplit.Train, environment.SplitOf(MazeLayout.Parse(learned.ToString())));
            Assert.Equal(SceneSplit.Test, environment.SplitOf(MazeLayout.Parse(held.ToString())));
            train.Add(learned.ToString());
            test.Add(held.ToString());
        }

        Assert.Empty(train.Intersect(test));
        Assert.Equal((400, 400), (train.Count, test.Count));
        int tests = Enumerable.Range(0, 3000).Count(i => environment.SplitOf(MazeGenerator.Draw(
            new MazeOptions(), new Gqn.Native.Engine.RandomStream((ulong)i, 7))) == SceneSplit.Test);
        Assert.InRange(tests, 230, 370);
    }

    [Fact]
    public void PurposesDoNotDisturbEachOther()
    {
        var usual = new MazeOptions();
        var scene = Environment.Sample(SceneSplit.Train, 4);
        var turned = new Mazes(usual with { Headings = 8 }).Sample(SceneSplit.Train, 4);
        var fewer = new Mazes(usual with { WallColours = [Rgb.White] }).Sample(SceneSplit.Train, 4);
        for (int i = 0; i < 300; i++)
        {
            Assert.Equal(scene.Cameras[i], turned.Cameras[i] with { Yaw = scene.Cameras[i].Yaw });
            Assert.Equal(0, turned.Cameras[i].Yaw / (Math.PI / 4) % 1, 1e-5);
        }

        Assert.Equal(8, turned.Cameras.ToArray().Select(c => c.Yaw).Distinct().Count());
        Assert.Equal(JsonSerializer.Serialize(scene.Factors), JsonSerializer.Serialize(turned.Factors));
        Assert.Equal(scene.Cameras.ToArray(), fewer.Cameras.ToArray());
        Assert.Equal(Factors(scene).Layout, Factors(fewer).Layout);
        Assert.Equal(Factors(scene).Corridor.Floor, Factors(fewer).Corridor.Floor);
    }

    [Fact]
    public void FactorsSurviveJsonAndChangeByName()
    {
        var factors = Factors(Environment.Sample(SceneSplit.Train, 0));
        Assert.Equal(2, factors.Rooms.Count);
        string json = JsonSerializer.Serialize<SceneFactors>(factors);
        Assert.Contains("\"$type\":\"mazes\"", json, StringComparison.Ordinal);
        var back = Assert.IsType<MazeFactors>(JsonSerializer.Deserialize<SceneFactors>(json));
        Assert.Equal(factors.Layout, back.Layout);
        Assert.Equal(factors.Rooms, back.Rooms);
        Assert.Equal(
            ["layout", "corridor.wall", "corridor.floor", "rooms[0].wall", "rooms[0].floor", "rooms[1].wall",
                "rooms[1].floor"],
            factors.Properties);
        var changed = (MazeFactors)factors.With("rooms[1].wall", 5).With("corridor.floor", 3);
        Assert.Equal(5, changed.Rooms[1].Wall);
        Assert.Equal(3, changed["corridor.floor"]);
        Assert.Equal(factors.Rooms[0], changed.Rooms[0]);
        Assert.Throws<FactorException>(() => factors["rooms[2].wall"]);
        Assert.Throws<FactorException>(() => factors.With("rooms[0].ceiling", 1));
        Assert.Throws<FactorException>(() => factors.With("rooms[0]", 1));
        Assert.Throws<FactorException>(() => factors.With("corridor.wall", "red"));
    }

    [Fact]
    public void ImpossibleCausesAreRefused()
    {
        var scene = Environment.Sample(SceneSplit.Train, 0);
        var factors = Factors(scene);
        Assert.Throws<FactorException>(() => scene.With("corridor.wall", 6));
        Assert.Throws<FactorException>(() => scene.With("rooms[0].floor", -1));
        var error = Assert.Throws<FactorException>(() => scene.With(factors with { Rooms = [factors.Rooms[0]] }));
        Assert.Contains("1 rooms", error.Message, StringComparison.Ordinal);
        Assert.Throws<FactorException>(() => scene.With(factors with { Layout = null! }));
        var cubes = Environments.Create("shepard-metzler-5").Sample(SceneSplit.Train, 0).Factors;
        Assert.Throws<FactorException>(() => scene.With(cubes));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Mazes(new MazeOptions { WallThickness = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Mazes(new MazeOptions { Clearance = .45f }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Mazes(new MazeOptions { MaxRooms = 3 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Mazes(new MazeOptions { EyeHeight = 1 }));
    }

    [Fact]
    public void FixedAndGridViewsAreInTheMiddleOfCells()
    {
        var views = Environment.FixedViews(98);
        Assert.Equal(49, views[..49].Select(c => MazeLayout.CellAt(c.X, c.Y)).Distinct().Count());
        Assert.Equal(98, views.Select(c => c.Yaw).Distinct().Count());
        var scene = Environment.Sample(SceneSplit.Test, 2);
        foreach (var camera in views)
            Assert.True(DistanceToWalls(Factors(scene).Layout, camera.X, camera.Y) >= .45 - 1e-6);

        var grid = Mazes.GridViews(scene, 3);
        Assert.Equal(147, grid.Length);
        for (int i = 0; i < grid.Length; i++)
        {
            Assert.Equal((i / 3 % Side, Side - 1 - (i / 3 / Side)), MazeLayout.CellAt(grid[i].X, grid[i].Y));
            Assert.Equal((i % 3) switch { 0 => 0, 1 => Math.Tau / 3, _ => -Math.Tau / 3 }, grid[i].Yaw, 1e-6);
        }

        Assert.Equal((-3f, 3f), (grid[0].X, grid[0].Y));
        var cubes = Environments.Create("shepard-metzler-5").Sample(SceneSplit.Train, 0);
        Assert.Throws<ArgumentException>(() => Mazes.GridViews(cubes, 1));
        Assert.Throws<ArgumentException>(() => Mazes.RenderTopDown(cubes, 64));
        Assert.Throws<ArgumentOutOfRangeException>(() => Mazes.GridViews(scene, 0));
    }

    [Fact]
    public void PlansShowTheLayout()
    {
        const int Cell = 20;
        var options = new MazeOptions();
        for (ulong index = 0; index < 20; index++)
        {
            var scene = Environment.Sample(SceneSplit.Train, index);
            var factors = Factors(scene);
            var plan = Mazes.RenderTopDown(scene, Side * Cell);
            for (int y = 0; y < Side; y++)
            {
                for (int x = 0; x < Side; x++)
                {
                    (int middle, int row) = ((x * Cell) + (Cell / 2), ((Side - 1 - y) * Cell) + (Cell / 2));
                    int area = factors.Layout.AreaOf(x, y);
                    int floor = area == 0 ? factors.Corridor.Floor : factors.Rooms[area - 1].Floor;
                    Assert.Equal(options.FloorColours[floor], plan[middle, row]);
                    // Walls cover the pixels on both sides of a cell's border.
                    bool west = factors.Layout.HasVerticalWall(x, y), south = factors.Layout.HasHorizontalWall(x, y);
                    Assert.Equal(west, plan[x * Cell, row] == options.WallTopColour);
                    Assert.Equal(west, plan[Math.Max((x * Cell) - 1, 0), row] == options.WallTopColour);
                    int edge = (Side - y) * Cell;
                    Assert.Equal(south, plan[middle, edge - 1] == options.WallTopColour);
                    Assert.Equal(south, plan[middle, Math.Min(edge, (Side * Cell) - 1)] == options.WallTopColour);
                }
            }
            // The exact mean does not depend on the resolution.
            var small = Mazes.RenderTopDown(scene, 10);
            for (int i = 0; i < small.Bytes.Length; i++)
            {
                (int pixel, int channel) = (i / 3, i % 3);
                double mean = 0;
                for (int k = 0; k < 14 * 14; k++)
                {
                    int at = ((((pixel / 10 * 14) + (k / 14)) * 140) + (pixel % 10 * 14) + (k % 14)) * 3;
                    mean += plan.Bytes[at + channel] / 196.0;
                }

                Assert.Equal(mean, small.Bytes[i], 1.0);
            }
        }

        Assert.Equal(1, Mazes.RenderTopDown(Environment.Sample(SceneSplit.Train, 0), 1).Width);
    }

    [Fact]
    public void BatchesChooseAmongAllViews()
    {
        const int Size = 16, Picture = Size * Size * 3;
        var used = new HashSet<int>();
        var batch = SceneBatches.EvaluationBatch(Environment, SceneSplit.Test, Size, 12, 4, seed: 3);
        for (int b = 0; b < batch.Scenes; b++)
        {
            var scene = Environment.Sample(SceneSplit.Test, batch.SceneIndices[b]);
            float[] seven = new float[Viewpoint.Dimensions];
            int view = Enumerable.Range(0, 300).Single(k =>
            {
                Viewpoint.Encode(scene.Cameras[k], ViewpointOrder.CosSin, seven);
                return batch.QueryViews.AsSpan(b * 7, 7).SequenceEqual(seven);
            });
            used.Add(view);
            Assert.Equal(
                scene.Render(scene.Cameras[view], Size).Bytes.ToArray().Select(level => level / 255f),
                batch.QueryImages[(b * Picture)..((b + 1) * Picture)]);
        }

        Assert.InRange(used.Count, 10, 12);
        Assert.Contains(used, view => view >= 100);
        using var batches = new SceneBatches(Environment, SceneSplit.Train, Size, 4, 5, seed: 1, workers: 2);
        Assert.Equal(3, Enumerable.Range(0, 3).Select(_ => batches.Next().SceneIndices[0]).Distinct().Count());
    }

    private static MazeFactors Factors(Scene scene) => (MazeFactors)scene.Factors;

    /// <summary>From the rectangles of the walls on the plan, one for each border.</summary>
    internal static double DistanceToWalls(MazeLayout layout, double x, double y)
    {
        double nearest = double.MaxValue;
        for (int line = 0; line <= Side; line++)
        {
            for (int k = 0; k < Side; k++)
            {
                if (layout.HasVerticalWall(line, k))
                    Rectangle(line, line, k, k + 1);
                if (layout.HasHorizontalWall(k, line))
                    Rectangle(k, k + 1, line, line);
            }
        }

        return nearest;

        void Rectangle(double left, double right, double bottom, double top)
        {
            double dx = Math.Max(0, Math.Max(left - 3.5 - HalfWall - x, x - (right - 3.5 + HalfWall)));
            double dy = Math.Max(0, Math.Max(bottom - 3.5 - HalfWall - y, y - (top - 3.5 + HalfWall)));
            nearest = Math.Min(nearest, Math.Sqrt((dx * dx) + (dy * dy)));
        }
    }
}
