using System.Numerics;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Geometry;

/// <summary>Places are seen where the renderer shows them, with the weights of bilinear interpolation.</summary>
public sealed class PlaceGridTests
{
    private const int Size = 16;

    // Looks along x; at distance 1 its picture is 2 wide, and all its numbers are exact.
    private static readonly Camera Square = new(-1, 0, 0, 0, 0, 90);

    public static TheoryData<string> Names => [.. Environments.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void WhatAPixelShowsIsProjectedOntoItsCentre(string name)
    {
        int up = 0, down = 0;
        double worst = 0;
        foreach (var seen in SeenSurfaces.Of(Environments.Create(name), Size, scenes: 3, cameras: 4))
        {
            var row = Project(seen.Camera, Size, seen.Position, 1e-3f).Cells[0];
            double weight = row.Sum(entry => entry.Weight);
            worst = Math.Max(worst, Math.Abs(row.Sum(entry => entry.Weight * (entry.Cell % Size)) - seen.Column));
            worst = Math.Max(worst, Math.Abs(row.Sum(entry => entry.Weight * (entry.Cell / Size)) - seen.Row));
            worst = Math.Max(worst, Math.Abs(weight - 1));
            (up, down) = seen.Camera.Pitch > 0 ? (up + 1, down) : (up, down + 1);
        }

        Assert.True(worst < 2e-3, $"{worst} of a cell");
        Assert.True(up > 200 && down > 200, $"{up} points seen by cameras that look up, {down} by others");
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(3, 0)]
    [InlineData(1, 2)]
    [InlineData(3, 3)]
    public void APlaceAtTheMiddleOfACellTakesThatCellAlone(int column, int row)
    {
        var (cells, _, sight) = Project(Square, 4, At(column + .5f, row + .5f, 4));
        Assert.Equal([((row * 4) + column, 1f)], cells[0]);
        Assert.Equal(1f, sight[0]);
    }

    [Fact]
    public void APlaceHalfWayTakesItsFourCellsAlike()
    {
        var (cells, _, _) = Project(Square, 4, At(2, 3, 4));
        Assert.Equal([(9, .25f), (10, .25f), (13, .25f), (14, .25f)], cells[0]);
        (cells, _, _) = Project(Square, 4, At(1.25f, 1.5f, 4));
        Assert.Equal([(4, .25f), (5, .75f)], cells[0]);
    }

    [Fact]
    public void APlaceAtTheBorderIsPartlyInThePicture()
    {
        var (cells, _, sight) = Project(Square, 4, At(.25f, 1.5f, 4));
        Assert.Equal([(4, .75f)], cells[0]);
        Assert.Equal(.75f, sight[0]);
        (cells, _, sight) = Project(Square, 4, At(4, 4, 4));
        Assert.Equal([(15, .25f)], cells[0]);
        Assert.Equal(.25f, sight[0]);
    }

    [Fact]
    public void PlacesBehindOrBesideTheCameraAreNotSeen()
    {
        Vector3[] places = [new(-2, 0, 0), new(-1, 0, 0), new(0, 2, 0), new(0, 0, -2), At(-.5f, 2, 4)];
        foreach (var place in places)
        {
            var (cells, depths, sight) = Project(Square, 4, place);
            Assert.Empty(cells[0]);
            Assert.Empty(depths[0]);
            Assert.All(sight, number => Assert.Equal(0f, number));
        }
    }

    [Fact]
    public void SightSaysHowAPlaceIsSeen()
    {
        var bounds = new SceneBounds(new(-1, -2, 0), new(1, 2, 1));
        var options = new VolumeOptions { Width = 2, Height = 2, DepthBins = 4 };
        var camera = new Camera(-6, .5f, .25f, .02f, .05f, 60);
        var (_, _, sight) = Project(camera, 8, bounds, options);
        var grid = new PlaceGrid(options, bounds);
        for (int place = 0; place < 8; place++)
        {
            Vector3 here = grid.Place(place), offset = here - new Vector3(camera.X, camera.Y, camera.Z);
            float inside = sight[place * 8];
            Assert.Equal(1f, inside, 1e-6);
            float[] expected =
            [
                offset.Length() / 2, offset.X / offset.Length(), offset.Y / offset.Length(),
                offset.Z / offset.Length(), here.X / 2, here.Y / 2, (here.Z - .5f) / 2,
            ];
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], sight[(place * 8) + 1 + i], 1e-6);
        }

        Assert.Equal(new Vector3(-.5f, -1, .25f), grid.Place(0));
        Assert.Equal(new Vector3(.5f, -1, .25f), grid.Place(1));
        Assert.Equal(new Vector3(-.5f, 1, .25f), grid.Place(2));
        Assert.Equal(new Vector3(-.5f, -1, .75f), grid.Place(4));
    }

    /// <summary>Depth weights: the cell's weight, split between the two bins around the distance, times the number of
    /// bins.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void AnEvenDistributionOfDepthsReadsAsWhatIsInsideAndTheRightBinsAreTaken(string name)
    {
        var environment = Environments.Create(name);
        var options = new VolumeOptions { DepthBins = 16 }.CompletedBy(environment.Bounds, environment.UsualGridWidth);
        var camera = environment.Sample(SceneSplit.Train, 1).Cameras[0];
        var (cells, depths, _) = Project(camera, 8, environment.Bounds, options);
        var grid = new PlaceGrid(options, environment.Bounds);
        var (origin, radius) = (new Vector3(camera.X, camera.Y, camera.Z), environment.Bounds.Radius);
        float away = (origin - environment.Bounds.Centre).Length();
        float near = Math.Max(.05f * radius, away - (1.2f * radius)), far = away + (1.2f * radius);
        int seen = 0;
        for (int place = 0; place < options.Places; place++)
        {
            float inside = cells[place].Sum(entry => entry.Weight);
            Assert.Equal(inside, depths[place].Sum(entry => entry.Weight) / 16, 1e-5);
            foreach (var (cell, weight) in cells[place])
            {
                var bins = depths[place].Where(entry => entry.Cell / 16 == cell).ToList();
                Assert.InRange(bins.Count, 1, 2);
                Assert.Equal(weight, bins.Sum(entry => entry.Weight) / 16, 1e-5);
                double middle = bins.Sum(entry => entry.Weight / 16 * ((entry.Cell % 16) + .5)) / weight;
                double distance = (grid.Place(place) - origin).Length();
                Assert.Equal(
                    Math.Clamp((distance - near) / (far - near) * 16, .5, 15.5), middle, 1e-3);
                seen++;
            }
        }

        Assert.True(seen > 20, $"{name}: only {seen} pairs of place and cell");
    }

    /// <summary>Each environment's cameras see the stated box of its scenes, and nothing beyond it.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void BoundsHoldAllThatCamerasSee(string name)
    {
        var environment = Environments.Create(name);
        var bounds = environment.Bounds;
        var grid = new PlaceGrid(
            new VolumeOptions().CompletedBy(bounds, environment.UsualGridWidth), bounds);
        int cameras = 0, seeing = 0, points = 0;
        var slack = bounds.Size * 1e-4f;
        Vector3 low = new(float.MaxValue), high = new(float.MinValue);
        for (ulong index = 0; cameras < 200; index++)
        {
            var scene = environment.Sample(SceneSplit.Train, index);
            foreach (var camera in scene.Cameras[..10].ToArray())
            {
                cameras++;
                if (grid.IsSeenBy(camera))
                    seeing++;
                foreach (var seen in SeenSurfaces.InPicture(scene, camera, Size))
                {
                    (low, high) = (Vector3.Min(low, seen.Position), Vector3.Max(high, seen.Position));
                    points++;
                }
            }
        }

        // Some cameras are so close to the outer wall of a maze that no place's middle is between them and it.
        Assert.True(seeing >= (name == "mazes" ? 180 : 200), $"{seeing} of {cameras} cameras see a place");
        Assert.True(points > 1000);
        Assert.True(
            Vector3.Min(low, bounds.Low - slack) == bounds.Low - slack
                && Vector3.Max(high, bounds.High + slack) == bounds.High + slack,
            $"{name}: what is seen, {low} to {high}, is not in {bounds}");
        // A box many times too large would also contain everything.
        var used = (high - low) / bounds.Size;
        Assert.True(used.X > .6f && used.Y > .6f && used.Z > .4f, $"{name}: {used} of the box is used");
    }

    // The point in the plane x = 0, at distance 1, that Square shows at a place in its picture.
    private static Vector3 At(float column, float row, int size) =>
        new(0, 1 - (2 * column / size), 1 - (2 * row / size));

    private static (List<(int Cell, float Weight)>[] Cells, List<(int Cell, float Weight)>[] Depths, float[] Sight)
        Project(Camera camera, int size, Vector3 place, float edge = .5f) => Project(
            camera, size, new SceneBounds(place - new Vector3(edge / 2), place + new Vector3(edge / 2)),
            new VolumeOptions { Width = 1, Height = 1, DepthBins = 2 });

    private static (List<(int Cell, float Weight)>[] Cells, List<(int Cell, float Weight)>[] Depths, float[] Sight)
        Project(Camera camera, int size, SceneBounds bounds, VolumeOptions options)
    {
        int places = options.Places;
        var cells = new SparseRowArrays(1, places, size * size, PlaceGrid.CellTaps, true);
        var depths = new SparseRowArrays(1, places, size * size * options.DepthBins, PlaceGrid.DepthTaps, true);
        float[] sight = new float[places * PlaceGrid.SightChannels];
        Array.Fill(sight, float.NaN);
        new PlaceGrid(options, bounds).Project(camera, size, 0, cells, depths, sight);
        return (SparseRowReader.Rows(cells, 0), SparseRowReader.Rows(depths, 0), sight);
    }
}
