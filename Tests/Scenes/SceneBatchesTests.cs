using Gqn.Native.Data;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Data;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

public sealed class SceneBatchesTests
{
    private const int Size = 16, BatchSize = 3, MaxContexts = 4;

    private static readonly SceneEnvironment Five = Environments.Create("shepard-metzler-5");

    [Theory]
    [InlineData(1, 2)]
    [InlineData(3, 2)]
    [InlineData(3, 7)]
    [InlineData(8, 3)]
    public void BatchesAreTheSameInTheSameOrderWhateverTheWorkers(int workers, int capacity)
    {
        byte[][] expected = Prints(Start(workers: 1, capacity: 4), 30);
        Assert.Equal(30, expected.Select(Convert.ToHexString).Distinct().Count());
        Assert.Equal(expected, Prints(Start(workers: workers, capacity: capacity), 30));
        Assert.NotEqual(expected[0], Prints(Start(seed: 6), 1)[0]);
    }

    /// <summary>Workers that run only while a batch is awaited make the same batches, and none before.</summary>
    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 4)]
    public void BatchesOnDemandAreTheSame(int workers, int capacity)
    {
        var counted = new Counted();
        using var batches = new SceneBatches(
            new RenderedScenes(counted, SceneSplit.Train), Size, BatchSize, MaxContexts, 5, workers: workers,
            capacity: capacity, onDemand: true);
        SpinWait.SpinUntil(() => counted.Samples > 0, 50);
        Assert.Equal(0, counted.Samples);
        using var eager = Start(seed: 5);
        for (int i = 0; i < 12; i++)
            Assert.Equal(BatchPrint.Of(eager.Next()), BatchPrint.Of(batches.Next()));
        // The current one, and what was begun while it was awaited.
        Assert.InRange(counted.Samples, 12 * BatchSize, (12 + capacity) * BatchSize);
    }

    [Fact]
    public void AResumedRunContinuesWhereItStopped()
    {
        byte[][] whole = Prints(Start(), 12);
        using (var first = Start())
        {
            for (int i = 0; i < 5; i++)
                first.Next();
            Assert.Equal(5, first.NextBatch);
        }

        Assert.Equal(whole[5..], Prints(Start(firstBatch: 5, workers: 2), 7));
    }

    [Fact]
    public void ViewsOfASceneAreDifferentAndBelongToIt()
    {
        var contexts = new HashSet<int>();
        using var batches = Start(order: ViewpointOrder.SinCos);
        for (int b = 0; b < 40; b++)
        {
            var batch = batches.Next();
            Assert.InRange(batch.Contexts, 1, MaxContexts);
            contexts.Add(batch.Contexts);
            AssertIsTrue(batch, Five, SceneSplit.Train, ViewpointOrder.SinCos);
        }

        Assert.Equal(MaxContexts, contexts.Count);
    }

    [Fact]
    public void TheConsumerAllocatesNothing()
    {
        using var batches = Start(workers: 2, capacity: 2);
        for (int i = 0; i < 50; i++)
            batches.Next();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 200; i++)
            batches.Next();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void ALeasedBatchStaysAsItIsUntilTheNextCall()
    {
        using var batches = Start(workers: 2, capacity: 2);
        var leased = batches.Next();
        byte[] before = BatchPrint.Of(leased);
        SpinWait.SpinUntil(() => false, 50);
        Assert.Equal(before, BatchPrint.Of(leased));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void AFailureSurfacesInNextAfterTheBatchesBeforeIt(int workers)
    {
        var environment = new Failing(scenes: BatchSize * 4);
        using var batches = new SceneBatches(
            environment, SceneSplit.Train, Size, BatchSize, MaxContexts, 5, workers: workers, capacity: 2);
        int delivered = 0;
        InvalidOperationException? error = null;
        while (error is null && delivered < 100)
        {
            try
            {
                batches.Next();
                delivered++;
            }
            catch (InvalidOperationException exception)
            {
                error = exception;
            }
        }

        Assert.NotNull(error);
        Assert.InRange(delivered, workers == 1 ? 4 : 2, 4);
        Assert.IsType<NotSupportedException>(error.InnerException);
        Assert.Contains($"Batch {delivered} of failing", error.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(batches.Next);
    }

    [Fact]
    public async Task DisposeEndsWorkersThatWaitForRoomAndConsumersThatWaitForBatches()
    {
        var full = Start(workers: 3, capacity: 2);
        SpinWait.SpinUntil(() => false, 50);
        full.Dispose();
        full.Dispose();
        Assert.Throws<ObjectDisposedException>(full.Next);

        var stuck = new Stuck();
        var batches = new SceneBatches(stuck, SceneSplit.Train, Size, BatchSize, MaxContexts, 5);
        Task waiting = Assert.ThrowsAsync<ObjectDisposedException>(() => Task.Run(batches.Next));
        stuck.Entered.Wait(TestContext.Current.CancellationToken);
        var ending = Task.Run(batches.Dispose, TestContext.Current.CancellationToken);
        await waiting;
        stuck.Release.Set();
        await ending;
    }

    [Fact]
    public void EvaluationSetsNestInBothDirections()
    {
        var wide = SceneBatches.EvaluationBatch(Five, SceneSplit.Test, Size, 6, 14, 3);
        AssertIsTrue(wide, Five, SceneSplit.Test, ViewpointOrder.CosSin);
        var narrow = SceneBatches.EvaluationBatch(Five, SceneSplit.Test, Size, 4, 2, 3);
        int picture = Size * Size * 3;
        for (int b = 0; b < narrow.Scenes; b++)
        {
            Assert.Equal(wide.SceneIndices[b], narrow.SceneIndices[b]);
            Assert.Equal(
                wide.QueryImages.AsSpan(b * picture, picture).ToArray(),
                narrow.QueryImages.AsSpan(b * picture, picture).ToArray());
            Assert.Equal(
                wide.ContextViews.AsSpan(b * 14 * 7, 14).ToArray(),
                narrow.ContextViews.AsSpan(b * 2 * 7, 14).ToArray());
            Assert.Equal(
                wide.ContextImages.AsSpan(b * 14 * picture, 2 * picture).ToArray(),
                narrow.ContextImages.AsSpan(b * 2 * picture, 2 * picture).ToArray());
        }

        var other = SceneBatches.EvaluationBatch(Five, SceneSplit.Test, Size, 4, 2, 4);
        Assert.NotEqual(narrow.SceneIndices, other.SceneIndices);
    }

    [Fact]
    public void EvaluationSetsSayWhatThePixelsOfTheirQueriesShow()
    {
        var batch = SceneBatches.EvaluationBatch(Five, SceneSplit.Test, Size, 5, 2, 3);
        Assert.NotNull(batch.QueryParts);
        Assert.Null(batch.QueryVisibility);
        byte[] rgb = new byte[Size * Size * 3], parts = new byte[Size * Size];
        float[] seven = new float[7];
        for (int b = 0; b < batch.Scenes; b++)
        {
            var scene = Five.Sample(SceneSplit.Test, batch.SceneIndices[b]);
            foreach (ref readonly var camera in scene.Cameras)
            {
                Viewpoint.Encode(camera, ViewpointOrder.CosSin, seven);
                if (seven.AsSpan().SequenceEqual(batch.QueryViews.AsSpan(b * 7, 7)))
                    scene.Render(camera, Size, rgb, parts);
            }

            Assert.Contains(parts, part => part > 0);
            Assert.Equal(parts, batch.QueryParts[(b * Size * Size)..((b + 1) * Size * Size)]);
        }

        using var training = Start();
        var next = training.Next();
        Assert.Null(next.QueryParts);
        Assert.Null(next.QueryVisibility);
    }

    [Fact]
    public void SizesAreChecked()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Start(workers: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Start(workers: 9));
        Assert.Throws<ArgumentOutOfRangeException>(() => Start(capacity: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Start(firstBatch: -1));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => SceneBatches.EvaluationBatch(Five, SceneSplit.Test, 4, 1, 1, 0));
        var error = Assert.Throws<ArgumentOutOfRangeException>(
            () => SceneBatches.EvaluationBatch(Five, SceneSplit.Test, Size, 1, 15, 0));
        Assert.Contains("15 views a scene", error.Message, StringComparison.Ordinal);
    }

    private static SceneBatches Start(ulong seed = 5, long firstBatch = 0, int workers = 1, int capacity = 4,
        ViewpointOrder order = ViewpointOrder.CosSin) =>
        new(Five, SceneSplit.Train, Size, BatchSize, MaxContexts, seed, firstBatch, workers, capacity, order);

    private static byte[][] Prints(SceneBatches batches, int count)
    {
        using (batches)
            return [.. Enumerable.Range(0, count).Select(_ => BatchPrint.Of(batches.Next()))];
    }

    /// <summary>Renders everything again from the scene indices and compares pictures and views.</summary>
    private static void AssertIsTrue(
        SceneBatch batch, SceneEnvironment environment, SceneSplit split, ViewpointOrder order)
    {
        int picture = Size * Size * 3;
        byte[] rgb = new byte[picture];
        float[] seven = new float[7];
        for (int b = 0; b < batch.Scenes; b++)
        {
            var scene = environment.Sample(split, batch.SceneIndices[b]);
            var used = new HashSet<int>();
            for (int m = 0; m <= batch.Contexts; m++)
            {
                int place = (b * batch.Contexts) + m;
                float[] view = m < batch.Contexts
                    ? batch.ContextViews[(place * 7)..((place * 7) + 7)]
                    : batch.QueryViews[(b * 7)..((b * 7) + 7)];
                float[] image = m < batch.Contexts
                    ? batch.ContextImages[(place * picture)..((place + 1) * picture)]
                    : batch.QueryImages[(b * picture)..((b + 1) * picture)];
                int camera = Enumerable.Range(0, 15).Single(k =>
                {
                    Viewpoint.Encode(scene.Cameras[k], order, seven);
                    return seven.AsSpan().SequenceEqual(view);
                });
                Assert.True(used.Add(camera), $"view {camera} is used twice");
                scene.Render(scene.Cameras[camera], Size, rgb);
                Assert.Equal(rgb.Select(x => x / 255f), image);
            }
        }
    }

    /// <summary>Counts the scenes requested.</summary>
    private sealed class Counted() : Wrapped("shepard-metzler-5")
    {
        private int _samples;

        public int Samples => Volatile.Read(ref _samples);

        public override Scene Sample(SceneSplit split, ulong index)
        {
            Interlocked.Increment(ref _samples);
            return base.Sample(split, index);
        }
    }

    /// <summary>Fails after a number of scenes.</summary>
    private sealed class Failing(int scenes) : Wrapped("failing")
    {
        private int _left = scenes;

        public override Scene Sample(SceneSplit split, ulong index) =>
            Interlocked.Decrement(ref _left) < 0
                ? throw new NotSupportedException("no more")
                : base.Sample(split, index);
    }

    /// <summary>Returns no scene before it is released.</summary>
    private sealed class Stuck() : Wrapped("stuck")
    {
        public ManualResetEventSlim Entered { get; } = new();

        public ManualResetEventSlim Release { get; } = new();

        public override Scene Sample(SceneSplit split, ulong index)
        {
            Entered.Set();
            Release.Wait();
            return base.Sample(split, index);
        }
    }

    private abstract class Wrapped(string name) : SceneEnvironment
    {
        public override string Name => name;

        public override int Version => Five.Version;

        public override int ViewsPerScene => Five.ViewsPerScene;

        public override SceneBounds Bounds => new(-System.Numerics.Vector3.One, System.Numerics.Vector3.One);

        public override Scene Sample(SceneSplit split, ulong index) => Five.Sample(split, index);

        public override Camera[] FixedViews(int count) => Five.FixedViews(count);

        internal override Camera[] Tour(Scene scene, int count) => scene.Tour(count);

        private protected override SceneGeometry Build(SceneFactors factors) => throw new NotSupportedException();
    }
}
