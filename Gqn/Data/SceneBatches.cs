using System.Runtime.ExceptionServices;
using Gqn.Native.Engine;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>An endless sequence of batches, rendered or read ahead of use by background threads.</summary>
/// <remarks>
/// Batch b is a pure function of (source, sizes, seed, b): it draws M uniformly from 1..maxContexts for the whole
/// batch, then the scenes and, for each scene, M contexts and a query, all different views. The scenes of a finite
/// source come in a shuffled order, each once per epoch. The number of workers and the capacity affect speed only. A
/// run resumes by starting at the batch that it would have read next, <see cref="NextBatch"/>. Buffers are allocated
/// once and recycled; in the steady state <see cref="Next"/> allocates nothing.
/// </remarks>
public sealed class SceneBatches : IDisposable
{
    /// <summary>The default size of the shuffle buffer, in scenes.</summary>
    public const int UsualShuffleBuffer = ShuffledOrder.UsualCapacity;

    private const uint BatchPurpose = 1, EvaluationPurpose = 2;

    private readonly SceneSource _source;
    private readonly ulong _seed;
    private readonly ViewpointOrder _encoding;
    private readonly double _repeatedQueries;
    private readonly bool _onDemand;
    private readonly Thread[] _workers;

    // The order of a finite source's scenes; guarded by _orderGate, which is locked before _gate.
    private readonly object _orderGate = new();
    private readonly ShuffledOrder? _order;

    // Batch b lives in slot b mod capacity. Everything below is guarded by _gate.
    private readonly object _gate = new();
    private readonly Slot[] _slots;
    private long _nextToRender;
    private long _firstHeld;
    private long _nextToRead;
    private bool _isAwaited;
    private volatile bool _disposed;

    /// <summary>Starts rendering an endless supply of scenes.</summary>
    /// <param name="environment">The environment that renders the scenes.</param>
    /// <param name="split">The split of its scenes.</param>
    /// <param name="imageSize">Height and width of the images, in pixels.</param>
    /// <param name="batch">B, the number of scenes in a batch.</param>
    /// <param name="maxContexts">The largest number of contexts in a batch; less than the views of a scene.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="firstBatch">The number of the first batch; 0 unless a run resumes.</param>
    /// <param name="workers">The number of rendering threads, 1 to 8.</param>
    /// <param name="capacity">The number of batches in memory, including the one in use; at least 2.</param>
    /// <param name="order">The order of the numbers of a viewpoint.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is outside its limits.</exception>
    public SceneBatches(SceneEnvironment environment, SceneSplit split, int imageSize, int batch, int maxContexts,
        ulong seed, long firstBatch = 0, int workers = 1, int capacity = 4,
        ViewpointOrder order = ViewpointOrder.CosSin)
        : this(new RenderedScenes(environment, split), imageSize, batch, maxContexts, seed, firstBatch, workers,
            capacity, order)
    {
    }

    /// <summary>Starts rendering or reading.</summary>
    /// <param name="source">The source of the scenes.</param>
    /// <param name="imageSize">Height and width of the images, in pixels.</param>
    /// <param name="batch">B, the number of scenes in a batch.</param>
    /// <param name="maxContexts">The largest number of contexts in a batch; less than the views of a scene.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="firstBatch">The number of the first batch; 0 unless a run resumes.</param>
    /// <param name="workers">The number of rendering threads, 1 to 8.</param>
    /// <param name="capacity">The number of batches in memory, including the one in use; at least 2.</param>
    /// <param name="order">The order of the numbers of a viewpoint.</param>
    /// <param name="shuffleBuffer">Size of the shuffle buffer: the number of scenes of a finite source among which the
    /// next is drawn; at least 1.</param>
    /// <param name="geometry">The geometry that workers compute for the cameras; null for none.</param>
    /// <param name="repeatedQueries">Probability that the query of a scene repeats its first context.</param>
    /// <param name="onDemand">True if workers may begin a batch only while <see cref="Next"/> waits for one. This is
    /// for a device that itself uses all processors and whose threads synchronise many times per step: a worker that
    /// displaces one of them stalls all of them.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is outside its limits.</exception>
    /// <exception cref="DatasetException">A file before the first batch cannot be read.</exception>
    public SceneBatches(SceneSource source, int imageSize, int batch, int maxContexts, ulong seed,
        long firstBatch = 0, int workers = 1, int capacity = 4, ViewpointOrder order = ViewpointOrder.CosSin,
        int shuffleBuffer = UsualShuffleBuffer, ViewGeometry? geometry = null, double repeatedQueries = 0,
        bool onDemand = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstBatch);
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(workers, 8);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 2);
        (_source, _seed, _encoding, _repeatedQueries) = (source, seed, order, repeatedQueries);
        _onDemand = onDemand;
        (_nextToRender, _firstHeld, _nextToRead) = (firstBatch, firstBatch, firstBatch);
        _slots = new Slot[capacity];
        for (int i = 0; i < capacity; i++)
        {
            _slots[i] = new Slot(
                new SceneBatch(source, imageSize, batch, maxContexts, geometry: geometry),
                source.CreateReader(imageSize));
        }

        if (source.Files is { } files)
        {
            _order = new ShuffledOrder(files, seed, shuffleBuffer);
            _order.Skip(firstBatch * batch);
        }

        _workers = new Thread[workers];
        for (int i = 0; i < workers; i++)
        {
            // Rendering takes a small part of a training step and should only fill the gaps that training leaves.
            _workers[i] = new Thread(RenderAhead)
            {
                IsBackground = true,
                Name = $"scene batches {i}",
                Priority = ThreadPriority.BelowNormal,
            };
            _workers[i].Start();
        }
    }

    /// <summary>The number of the batch that <see cref="Next"/> returns next; a resumed run starts at it.</summary>
    public long NextBatch
    {
        get
        {
            lock (_gate)
                return _nextToRead;
        }
    }

    /// <summary>Returns the next batch; blocks until it is rendered.</summary>
    /// <returns>A batch that is valid until the next call, which returns its memory to the workers.</returns>
    /// <exception cref="InvalidOperationException">The batch could not be rendered; the inner exception is the
    /// cause.</exception>
    /// <exception cref="DatasetException">The batch could not be read.</exception>
    /// <exception cref="ObjectDisposedException">The sequence has been disposed.</exception>
    public SceneBatch Next()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_firstHeld < _nextToRead)
            {
                _slots[_firstHeld % _slots.Length].Ready = false;
                _firstHeld = _nextToRead;
                Monitor.PulseAll(_gate);
            }

            var slot = _slots[_nextToRead % _slots.Length];
            Await(slot);
            if (slot.Failure is Exception failure)
            {
                if (failure is DatasetException)
                    ExceptionDispatchInfo.Throw(failure);
                throw new InvalidOperationException(
                    $"Batch {_nextToRead} of {_source.Name} could not be rendered: {failure.Message}", failure);
            }

            _nextToRead++;
            return slot.Batch;
        }
    }

    /// <summary>Stops the workers, each after the scene that it is rendering.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            Monitor.PulseAll(_gate);
        }

        foreach (var worker in _workers)
            worker.Join();
        foreach (var slot in _slots)
            slot.Reader.Dispose();
    }

    /// <summary>A fixed batch of scenes for evaluation.</summary>
    /// <remarks>
    /// Scene i and the order of its views depend on (seed, i) alone. The last view of that order is the query and the
    /// first M are the contexts, so with more contexts the queries stay the same and contexts are added, and a larger
    /// set begins with the smaller one.
    /// </remarks>
    /// <param name="environment">The environment that renders the scenes.</param>
    /// <param name="split">The split of its scenes.</param>
    /// <param name="imageSize">Height and width of the images, in pixels.</param>
    /// <param name="count">B, the number of scenes.</param>
    /// <param name="contexts">M, the number of observed views of each scene; less than its views.</param>
    /// <param name="seed">Determines the set.</param>
    /// <param name="order">The order of the numbers of a viewpoint.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is outside its limits.</exception>
    public static SceneBatch EvaluationBatch(SceneEnvironment environment, SceneSplit split, int imageSize, int count,
        int contexts, ulong seed, ViewpointOrder order = ViewpointOrder.CosSin) =>
        EvaluationBatch(new RenderedScenes(environment, split), imageSize, count, contexts, seed, order);

    /// <summary>A fixed batch of scenes for evaluation, from any source.</summary>
    /// <remarks>A finite source gives each of its scenes once before any is repeated, then with other views; a larger
    /// set begins with the smaller one.</remarks>
    /// <param name="source">The source of the scenes.</param>
    /// <param name="imageSize">Height and width of the images, in pixels.</param>
    /// <param name="count">B, the number of scenes.</param>
    /// <param name="contexts">M, the number of observed views of each scene; less than its views.</param>
    /// <param name="seed">Determines the set.</param>
    /// <param name="order">The order of the numbers of a viewpoint.</param>
    /// <param name="withVisibility">Whether to determine which query pixels the contexts show, which takes a depth map
    /// of each view.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is outside its limits.</exception>
    /// <exception cref="DatasetException">A file is damaged or cannot be read.</exception>
    public static SceneBatch EvaluationBatch(SceneSource source, int imageSize, int count, int contexts, ulong seed,
        ViewpointOrder order = ViewpointOrder.CosSin, bool withVisibility = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return EvaluationParts(source, imageSize, count, contexts, seed, order, withVisibility, count).Single();
    }

    /// <summary>The scenes of <see cref="EvaluationBatch(SceneSource, int, int, int, ulong, ViewpointOrder, bool)"/> in
    /// the same order, at most <paramref name="part"/> at a time.</summary>
    internal static IEnumerable<SceneBatch> EvaluationParts(SceneSource source, int imageSize, int count, int contexts,
        ulong seed, ViewpointOrder order, bool withVisibility, int part)
    {
        using var reader = source.CreateReader(imageSize);
        var scenes = source.Files is { } files ? new ShuffledOrder(files, seed, UsualShuffleBuffer) : null;
        for (int first = 0; first < count; first += part)
        {
            var batch = new SceneBatch(
                source, imageSize, Math.Min(part, count - first), contexts, withParts: true, withVisibility)
            {
                Contexts = contexts,
            };
            for (int i = 0; i < batch.Scenes; i++)
            {
                var random = new RandomStream(SceneHash.Mix(seed, (ulong)(first + i)), EvaluationPurpose);
                WriteScene(batch, i, reader, scenes?.Next(), random, order, source.Damaged);
            }

            yield return batch;
        }
    }

    /// <summary>Writes one scene. The scene index is drawn even if a finite source has chosen the scene already, so
    /// that the choice of views does not depend on the source.</summary>
    private static void WriteScene(SceneBatch batch, int position, SceneReader reader, SceneReference? reference,
        RandomStream random, ViewpointOrder order, DamagedRecords? damaged, double repeatedQueries = 0)
    {
        ulong index = ((ulong)random.NextUInt32() << 32) | random.NextUInt32();
        var viewOrder = batch.ResetViewOrder();
        random.Shuffle(viewOrder);
        // Without repetition no number is drawn, so that batches of runs without this option are unaffected by it.
        if (repeatedQueries > 0 && random.NextSingle() < repeatedQueries)
            viewOrder[^1] = viewOrder[0];
        var scene = reference ?? SceneReference.Of(index);
        for (int passed = 0; ; passed++)
        {
            try
            {
                reader.Load(scene);
                batch.Write(position, reader, viewOrder, order);
                return;
            }
            catch (DatasetException damage) when (passed < damaged?.Limit)
            {
                // The choice depends on the record alone, so a resumed run makes it again.
                damaged.Add(damage);
                scene = reader.After(scene);
            }
        }
    }

    /// <summary>Waits for a batch, while workers may begin one; called with the gate held.</summary>
    private void Await(Slot slot)
    {
        if (slot.Ready)
            return;
        _isAwaited = true;
        Monitor.PulseAll(_gate);
        while (!slot.Ready)
        {
            Monitor.Wait(_gate);
            ObjectDisposedException.ThrowIf(_disposed, this);
        }

        _isAwaited = false;
    }

    private void RenderAhead()
    {
        while (Claim(out long number, out var failure))
        {
            var slot = _slots[number % _slots.Length];
            try
            {
                if (failure is null)
                    Render(slot, number);
            }
            catch (Exception exception)
            {
                failure = exception;
            }

            lock (_gate)
            {
                slot.Failure = failure;
                slot.Ready = true;
                Monitor.PulseAll(_gate);
            }

            if (failure is not null)
                return;
        }
    }

    private bool MayBegin => _nextToRender < _firstHeld + _slots.Length && (_isAwaited || !_onDemand);

    /// <summary>Claims the next batch to render once its slot is free, and draws its scenes from the order; false if
    /// the sequence has been disposed.</summary>
    private bool Claim(out long number, out Exception? failure)
    {
        failure = null;
        lock (_orderGate)
        {
            lock (_gate)
            {
                while (!_disposed && !MayBegin)
                    Monitor.Wait(_gate);
                number = _nextToRender++;
                if (_disposed)
                    return false;
            }

            try
            {
                if (_order is not null)
                    Draw(_order, _slots[number % _slots.Length].References);
            }
            catch (Exception exception)
            {
                failure = exception;
            }

            return true;
        }
    }

    private static void Draw(ShuffledOrder order, SceneReference[] references)
    {
        for (int b = 0; b < references.Length; b++)
            references[b] = order.Next();
    }

    private void Render(Slot slot, long number)
    {
        var random = new RandomStream(SceneHash.Mix(_seed, (ulong)number), BatchPurpose);
        var batch = slot.Batch;
        batch.Contexts = 1 + random.NextInt32(batch.MaxContexts);
        for (int b = 0; b < batch.Scenes && !_disposed; b++)
        {
            WriteScene(
                batch, b, slot.Reader, _order is null ? null : slot.References[b], random, _encoding,
                _source.Damaged, _repeatedQueries);
        }
    }

    private sealed class Slot(SceneBatch batch, SceneReader reader)
    {
        public SceneBatch Batch { get; } = batch;

        public SceneReader Reader { get; } = reader;

        public SceneReference[] References { get; } = new SceneReference[batch.Scenes];

        public bool Ready { get; set; }

        public Exception? Failure { get; set; }
    }
}
