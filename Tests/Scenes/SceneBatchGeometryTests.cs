using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Data;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

/// <summary>The contents of batches besides pictures and viewpoints, and queries that repeat a context.</summary>
public sealed class SceneBatchGeometryTests
{
    private const int Size = 16, BatchSize = 3, MaxContexts = 4;

    private static readonly SceneEnvironment Rooms = Environments.Create("rooms-ring");

    public static TheoryData<RepresentationKind, SpatialBroadcast> Networks => new()
    {
        { RepresentationKind.Volume, SpatialBroadcast.Tile }, { RepresentationKind.Volume, SpatialBroadcast.Rays },
        { RepresentationKind.Tower, SpatialBroadcast.Rays }, { RepresentationKind.Pyramid, SpatialBroadcast.Rays },
    };

    [Theory]
    [MemberData(nameof(Networks))]
    public void WorkersComputeWhatInferenceDoes(RepresentationKind representation, SpatialBroadcast broadcast)
    {
        var options = Options(representation, broadcast);
        using var device = new CpuDevice(1);
        using var tape = new Tape(device);
        var encoder = new CameraEncoder(options);
        using var batches = Start(ViewGeometry.Of(options), workers: 2);
        for (int i = 0; i < 6; i++)
        {
            var batch = batches.Next();
            int contexts = BatchSize * batch.Contexts;
            AssertSame(
                Upload(tape, batch.ContextViews, batch.ContextGeometry!, contexts),
                encoder.Contexts(tape, batch.ContextCameras.AsSpan(0, contexts)));
            AssertSame(
                Upload(tape, batch.QueryViews, batch.QueryGeometry!, BatchSize),
                encoder.Queries(tape, batch.QueryCameras));
            tape.Reset();
        }
    }

    [Fact]
    public void NetworksThatNeedNoneGetNone()
    {
        Assert.Null(ViewGeometry.Of(new ModelOptions()));
        using var batches = Start(null);
        var batch = batches.Next();
        Assert.Null(batch.ContextGeometry);
        Assert.Null(batch.QueryGeometry);
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(3, 2)]
    [InlineData(8, 3)]
    public void BatchesAreTheSameWhateverTheWorkers(int workers, int capacity)
    {
        var geometry = ViewGeometry.Of(Options(RepresentationKind.Volume, SpatialBroadcast.Rays));
        string[] expected = Prints(Start(geometry, repeated: .3), 20);
        Assert.Equal(20, expected.Distinct().Count());
        Assert.Equal(expected, Prints(Start(geometry, workers, capacity, .3), 20));
    }

    [Fact]
    public void QueriesRepeatAContextAsOftenAsAsked()
    {
        foreach (double share in (double[])[0, .3, 1])
        {
            using var batches = Start(null, workers: 2, repeated: share);
            int repeated = 0, all = 0;
            for (int i = 0; i < 200; i++)
            {
                var batch = batches.Next();
                for (int scene = 0; scene < BatchSize; scene++, all++)
                {
                    if (RepeatedView(batch, scene) is not { } context)
                        continue;
                    repeated++;
                    Assert.Equal(batch.ContextCameras[context], batch.QueryCameras[scene]);
                    int picture = Size * Size * 3;
                    Assert.Equal(
                        batch.ContextImages[(context * picture)..((context + 1) * picture)],
                        batch.QueryImages[(scene * picture)..((scene + 1) * picture)]);
                }
            }

            // Four standard deviations of 600 draws.
            Assert.InRange(
                repeated / (double)all - share, -4 * Math.Sqrt(share * (1 - share) / 600),
                4 * Math.Sqrt(share * (1 - share) / 600));
        }
    }

    [Fact]
    public void NoRepetitionChangesNothing()
    {
        Assert.Equal(Prints(Start(null), 10), Prints(Start(null, repeated: 0), 10));
        Assert.NotEqual(Prints(Start(null), 10), Prints(Start(null, repeated: .5), 10));
    }

    private static ModelOptions Options(RepresentationKind representation, SpatialBroadcast broadcast)
    {
        var options = new ModelOptions
        {
            ImageSize = Size,
            Representation = representation,
            ViewBroadcast = broadcast,
            Volume = new VolumeOptions { Width = 6, RayPoints = 5, DepthBins = 4 },
        };
        return options.WithScenes(Rooms.Bounds, Rooms.UsualGridWidth);
    }

    private static SceneBatches Start(ViewGeometry? geometry, int workers = 1, int capacity = 4, double repeated = 0) =>
        new(
            new RenderedScenes(Rooms, SceneSplit.Train), Size, BatchSize, MaxContexts, 5, 0, workers, capacity,
            geometry: geometry, repeatedQueries: repeated);

    private static string[] Prints(SceneBatches batches, int count)
    {
        using (batches)
            return [.. Enumerable.Range(0, count).Select(_ => Convert.ToHexString(BatchPrint.Of(batches.Next())))];
    }

    /// <summary>The index of the context that the query of a scene repeats; null if it repeats none.</summary>
    private static int? RepeatedView(SceneBatch batch, int scene)
    {
        for (int context = scene * batch.Contexts; context < (scene + 1) * batch.Contexts; context++)
        {
            if (batch.ContextViews.AsSpan(context * 7, 7).SequenceEqual(batch.QueryViews.AsSpan(scene * 7, 7)))
                return context;
        }

        return null;
    }

    private static Views Upload(Tape tape, float[] poses, ViewArrays geometry, int count) => geometry.Upload(
        tape, count, tape.Constant(ModelOptions.ViewShape(count), poses.AsSpan(0, count * Viewpoint.Dimensions)));

    private static void AssertSame(Views expected, Views actual)
    {
        AssertSame(expected.Poses, actual.Poses);
        AssertSame(expected.Rays, actual.Rays);
        AssertSame(expected.Sight, actual.Sight);
        AssertSame(expected.Coarse, actual.Coarse);
        AssertSame(expected.Fine, actual.Fine);
        AssertSame(expected.Depth, actual.Depth);
        AssertSame(expected.Points, actual.Points);
    }

    private static void AssertSame(Interpolation expected, Interpolation actual)
    {
        Assert.Equal(expected.Rows.Exists, actual.Rows.Exists);
        if (!expected.Rows.Exists)
            return;
        Assert.True(expected.Transposed.Exists);
        Assert.False(actual.Transposed.Exists);
        AssertSame(expected.Rows.Starts, actual.Rows.Starts);
        // Compared by applying them: the result depends on the entries and not on what lies after them.
        var x = expected.Rows.Starts.Tape;
        int columns = expected.Transposed.Rows;
        var numbers = x.Constant(
            new(expected.Rows.Images, 1, columns, 1),
            [.. Enumerable.Range(0, expected.Rows.Images * columns).Select(i => MathF.Sin(i))]);
        AssertSame(numbers.Gather(expected.Rows), numbers.Gather(actual.Rows));
    }

    private static void AssertSame(Variable expected, Variable actual)
    {
        Assert.Equal(expected.Exists, actual.Exists);
        if (expected.Exists)
            Assert.Equal(Values(expected), Values(actual));
    }

    private static float[] Values(Variable variable)
    {
        float[] values = new float[variable.Shape.Count];
        variable.Download(values);
        return values;
    }
}
