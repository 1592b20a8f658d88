using Gqn.Native.Engine.Random;
using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>An endless sequence of batches, rendered ahead of their use by background threads.</summary>
/// <remarks>
/// Batch b is a pure function of (environment, split, sizes, seed, b): it draws M uniform on 1..maxContexts for the
/// whole batch, then scenes, and of each scene M contexts and a query, all different views. The number of workers and
/// the capacity change nothing but speed. A run resumes by starting at the batch that it would have read next,
/// <see cref="NextBatch"/>. Buffers are made once and go round; in the steady state <see cref="Next"/> allocates
/// nothing.
/// </remarks>
public sealed class SceneBatches : IDisposable
{
    private const uint BatchPurpose = 1, EvaluationPurpose = 2;

    private readonly SceneEnvironment _environment;
    private readonly SceneSplit _split;
    private readonly ulong _seed;
    private readonly ViewpointOrder _order;
    private readonly Thread[] _workers;

    // Batch b lives in slot b mod capacity. Everything below is guarded by _gate.
    private readonly object _gate = new();
    private readonly Slot[] _slots;
    private long _nextToRender;
    private long _firstHeld;
    private long _nextToRead;
    private volatile bool _disposed;

    /// <summary>Starts rendering.</summary>
    /// <param name="environment">What to render.</param>
    /// <param name="split">Which of its sets.</param>
    /// <param name="imageSize">Height and width of the pictures, in pixels.</param>
    /// <param name="batch">B, scenes in a batch.</param>
    /// <param name="maxContexts">The most contexts a batch can have; less than the views of a scene.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="firstBatch">The number of the first batch; 0 unless a run resumes.</param>
    /// <param name="workers">Rendering threads, 1 to 8.</param>
    /// <param name="capacity">How many batches are in memory, the one being read included; at least 2.</param>
    /// <param name="order">The order of a viewpoint's numbers.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is outside its limits.</exception>
    public SceneBatches(SceneEnvironment environment, SceneSplit split, int imageSize, int batch, int maxContexts,
        ulong seed, long firstBatch = 0, int workers = 1, int capacity = 4,
        ViewpointOrder order = ViewpointOrder.CosSin)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstBatch);
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(workers, 8);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 2);
        (_environment, _split, _seed, _order) = (environment, split, seed, order);
        (_nextToRender, _firstHeld, _nextToRead) = (firstBatch, firstBatch, firstBatch);
        _slots = new Slot[capacity];
        for (int i = 0; i < capacity; i++)
            _slots[i] = new Slot(new SceneBatch(environment, imageSize, batch, maxContexts));
        _workers = new Thread[workers];
        for (int i = 0; i < workers; i++)
        {
            // Rendering takes a small part of a training step; it should only fill the gaps that training leaves.
            _workers[i] = new Thread(RenderAhead)
            {
                IsBackground = true,
                Name = $"scene batches {i}",
                Priority = ThreadPriority.BelowNormal,
            };
            _workers[i].Start();
        }
    }

    /// <summary>The number of the batch that <see cref="Next"/> returns next; where a resumed run starts.</summary>
    public long NextBatch
    {
        get
        {
            lock (_gate) return _nextToRead;
        }
    }

    /// <summary>The next batch; waits until it is rendered.</summary>
    /// <returns>A batch that stays as it is until the following call, which gives its memory back to the
    /// workers.</returns>
    /// <exception cref="InvalidOperationException">The batch could not be rendered; the inner exception says
    /// why.</exception>
    /// <exception cref="ObjectDisposedException">The sequence was ended.</exception>
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
            Slot slot = _slots[_nextToRead % _slots.Length];
            while (!slot.Ready)
            {
                Monitor.Wait(_gate);
                ObjectDisposedException.ThrowIf(_disposed, this);
            }
            if (slot.Failure is Exception failure)
            {
                throw new InvalidOperationException(
                    $"Batch {_nextToRead} of {_environment.Name} could not be rendered: {failure.Message}", failure);
            }
            _nextToRead++;
            return slot.Batch;
        }
    }

    /// <summary>Ends the workers; each stops after the scene that it is rendering.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            Monitor.PulseAll(_gate);
        }
        foreach (Thread worker in _workers)
            worker.Join();
    }

    /// <summary>A fixed set of scenes to measure on.</summary>
    /// <remarks>
    /// Scene i and the order of its views depend on (seed, i) alone. The last view of that order is the query and the
    /// first M are the contexts, so sets with more contexts show the same queries and add to the same contexts, and a
    /// larger set begins with the smaller one.
    /// </remarks>
    /// <param name="environment">What to render.</param>
    /// <param name="split">Which of its sets.</param>
    /// <param name="imageSize">Height and width of the pictures, in pixels.</param>
    /// <param name="count">B, the number of scenes.</param>
    /// <param name="contexts">M, the observed views of each scene; less than its views.</param>
    /// <param name="seed">Names the set.</param>
    /// <param name="order">The order of a viewpoint's numbers.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is outside its limits.</exception>
    public static SceneBatch EvaluationBatch(SceneEnvironment environment, SceneSplit split, int imageSize, int count,
        int contexts, ulong seed, ViewpointOrder order = ViewpointOrder.CosSin)
    {
        var batch = new SceneBatch(environment, imageSize, count, contexts) { Contexts = contexts };
        for (int i = 0; i < count; i++)
        {
            var random = new RandomStream(SceneHash.Mix(seed, (ulong)i), EvaluationPurpose);
            WriteScene(batch, i, environment, split, random, order);
        }
        return batch;
    }

    private static void WriteScene(SceneBatch batch, int position, SceneEnvironment environment, SceneSplit split,
        RandomStream random, ViewpointOrder order)
    {
        ulong index = ((ulong)random.NextUInt32() << 32) | random.NextUInt32();
        Span<int> viewOrder = batch.ResetViewOrder();
        random.Shuffle(viewOrder);
        batch.Write(position, environment.Sample(split, index), viewOrder, order);
    }

    private void RenderAhead()
    {
        while (Claim(out long number))
        {
            Slot slot = _slots[number % _slots.Length];
            Exception? failure = null;
            try
            {
                Render(slot.Batch, number);
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
            if (failure is not null) return;
        }
    }

    /// <summary>Takes the next batch to render once its slot is free; false when the sequence was ended.</summary>
    private bool Claim(out long number)
    {
        lock (_gate)
        {
            while (!_disposed && _nextToRender >= _firstHeld + _slots.Length)
                Monitor.Wait(_gate);
            number = _nextToRender++;
            return !_disposed;
        }
    }

    private void Render(SceneBatch batch, long number)
    {
        var random = new RandomStream(SceneHash.Mix(_seed, (ulong)number), BatchPurpose);
        batch.Contexts = 1 + random.NextInt32(batch.MaxContexts);
        for (int b = 0; b < batch.Scenes && !_disposed; b++)
            WriteScene(batch, b, _environment, _split, random, _order);
    }

    private sealed class Slot(SceneBatch batch)
    {
        public SceneBatch Batch { get; } = batch;

        public bool Ready { get; set; }

        public Exception? Failure { get; set; }
    }
}
