using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Model;

/// <summary>The volume as a representation: a sum over views in any order that knows what was seen.</summary>
public sealed class VolumeTests : IDisposable
{
    // Sums of a few numbers in a different order: some units in the last place of the largest.
    private const double Rounding = 1e-6;

    private readonly CpuDevice _device = new(2);
    private readonly GenerativeQueryNetwork _network;
    private readonly Tape _tape;
    private readonly CameraEncoder _encoder;

    public VolumeTests()
    {
        _network = new GenerativeQueryNetwork(Options, _device, 4);
        _tape = new Tape(_device) { Recording = false };
        _encoder = new CameraEncoder(Options);
    }

    private static ModelOptions Options => TinyModels.Variants["volume, rays"];

    private static int ImageLength => Options.ImageLength;

    public void Dispose()
    {
        _tape.Dispose();
        _network.Dispose();
        _device.Dispose();
    }

    [Fact]
    public void TheOrderOfViewsDoesNotMatter()
    {
        var (images, cameras) = Scene(5);
        float[] r = Represent(images, cameras), prediction = Predict(r);
        int[][] orders = [[4, 3, 2, 1, 0], [2, 0, 4, 1, 3], [1, 0, 2, 3, 4]];
        foreach (int[] order in orders)
        {
            float[] other = Represent(
                [.. order.SelectMany(view => images[(view * ImageLength)..((view + 1) * ImageLength)])],
                [.. order.Select(view => cameras[view])]);
            AssertClose(r, other);
            AssertClose(prediction, Predict(other), 10);
        }
    }

    [Fact]
    public void MoreViewsOnlyAdd()
    {
        var (images, cameras) = Scene(5);
        float[] all = Represent(images, cameras), sum = new float[all.Length];
        for (int view = 0; view < 5; view++)
        {
            float[] one = Represent(images[(view * ImageLength)..((view + 1) * ImageLength)], [cameras[view]]);
            Assert.Contains(one, value => value > 0);
            for (int i = 0; i < sum.Length; i++)
                sum[i] += one[i];
        }

        AssertClose(all, sum);
    }

    [Fact]
    public void PlacesOutsideThePictureHoldNothingAndOneChannelCountsViews()
    {
        var (images, cameras) = Scene(1);
        var camera = new Camera(.2f, .1f, .4f, 0, 0, 50);
        float[] r = Represent(images, [camera]);
        Assert.NotEqual(r, Represent(images, cameras));
        var grid = new PlaceGrid(Options.Volume, Options.Bounds.ToBounds());
        int channels = Options.Volume.Channels, behind = 0, seen = 0;
        for (int place = 0; place < Options.Volume.Places; place++)
        {
            float[] here = r[(place * channels)..((place + 1) * channels)];
            Assert.All(here[..^PlaceGrid.SightChannels], value => Assert.True(value >= 0));
            // The camera looks along x: places behind it are not seen, and the seen ones are counted.
            if (grid.Place(place).X < .2f)
            {
                Assert.All(here, value => Assert.Equal(0f, value));
                behind++;
            }
            else if (here[^PlaceGrid.SightChannels] > 0)
            {
                seen++;
            }
        }

        Assert.True(behind > 0 && seen > 0, $"{behind} places behind, {seen} seen");
    }

    [Fact]
    public void WhatIsReadDependsOnWhereTheQueryLooks()
    {
        var (images, cameras) = Scene(3);
        float[] r = Represent(images, cameras);
        var query = TinyModels.Cameras(1, 9)[0];
        Assert.NotEqual(Predict(r, query), Predict(r, query with { Yaw = query.Yaw + .2f }));
        Assert.Equal(Predict(r, query), Predict(r, query));
    }

    /// <summary>A mean over views: the same view again adds no information except that it was seen.</summary>
    [Fact]
    public void AViewSeenManyTimesIsReadAsOne()
    {
        var (images, cameras) = Scene(1);
        float[] once = Represent(images, cameras), many = [.. once.Select(value => 1e9f * value)],
            more = [.. once.Select(value => 2e9f * value)];
        AssertClose(Predict(many), Predict(more), 100);
    }

    [Fact]
    public void ViewsWithoutGeometryAreRefusedWithASentence()
    {
        var (images, cameras) = Scene(1);
        var image = _tape.Constant(Options.ImageShape(1), images);
        var pose = _tape.Constant(ModelOptions.ViewShape(1), 0f);
        var refusal = Assert.Throws<ShapeException>(() => _network.Represent(image, pose, 1));
        Assert.Equal(
            "Represent: this network is told more of a camera than its viewpoint; make the views with CameraEncoder.",
            refusal.Message);
        var r = _network.Represent(image, _encoder.Contexts(_tape, cameras), 1);
        Assert.StartsWith("GQN: this network", Assert.Throws<ShapeException>(
            () => _network.Generate(r, pose, new RandomStream(1, 1))).Message, StringComparison.Ordinal);
        var rays = new Views(pose) { Rays = _encoder.Queries(_tape, cameras).Rays };
        Assert.Throws<ShapeException>(() => _network.Generate(r, rays, new RandomStream(1, 1)));
    }

    /// <summary>Arrays filled by many views can be reused for fewer.</summary>
    [Fact]
    public void TheEncoderKeepsNothingOfOtherViews()
    {
        var (images, cameras) = Scene(5);
        float[] fresh = Represent(images[..(2 * ImageLength)], cameras[..2]);
        _ = Represent(images, cameras);
        Assert.Equal(fresh, Represent(images[..(2 * ImageLength)], cameras[..2]));
    }

    private static (float[] Images, Camera[] Cameras) Scene(int views) =>
        (TinyModels.Random((long)views * ImageLength, 6), TinyModels.Cameras(views, 7));

    private float[] Represent(float[] images, Camera[] cameras)
    {
        var r = _network.Represent(
            _tape.Constant(Options.ImageShape(cameras.Length), images), _encoder.Contexts(_tape, cameras),
            cameras.Length);
        Assert.Equal(Options.RepresentationShape(1), r.Shape);
        return Download(r);
    }

    private float[] Predict(float[] r, Camera? query = null) => Download(_network.Generate(
        _tape.Constant(Options.RepresentationShape(1), r),
        _encoder.Queries(_tape, [query ?? TinyModels.Cameras(1, 8)[0]]), new RandomStream(3, 1)));

    private float[] Download(Variable variable)
    {
        float[] values = new float[variable.Shape.Count];
        variable.Download(values);
        _tape.Reset();
        return values;
    }

    private static void AssertClose(float[] expected, float[] actual, double times = 1)
    {
        double scale = expected.Max(Math.Abs), worst = expected.Zip(actual, (a, b) => Math.Abs((double)a - b)).Max();
        Assert.True(worst <= times * Rounding * scale, $"{worst} of {scale}");
    }
}
