using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>The body of a parallel loop: a plain struct of sizes and pointers.</summary>
public interface IWorkItem
{
    /// <summary>Processes one item of the loop.</summary>
    /// <param name="item">The item, from 0 up to but not including the loop's count.</param>
    /// <param name="worker">Index of the running thread, below <see cref="WorkerPool.Threads"/>: selects its
    /// scratch.</param>
    void Invoke(int item, int worker);
}

/// <summary>Threads kept alive between parallel loops, so that even loops of a few microseconds pay off.</summary>
/// <remarks>
/// Which thread runs which item is not fixed; a body whose items write disjoint memory gives bit-identical results for
/// any number of threads. The caller works too, and a loop is complete when its items are, not when every worker has
/// woken up: a worker that the system has not scheduled delays no loop.
/// </remarks>
public sealed unsafe class WorkerPool : IDisposable
{
    // Waking a parked thread is slow, and spinning for ever wastes a core: workers spin this long (1.5 ms), then park.
    private static readonly long SpinTicks = Stopwatch.Frequency * 3 / 2000;
    private const int SpinsBetweenClockReads = 64;
    private const int SpinsBeforeYield = 2000;

    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _wake;
    private readonly int[] _parked;
    private Counters _counters;
    private delegate*<void*, int, int, void> _invoke;
    private void* _body;
    private int _count;
    private ExceptionDispatchInfo? _failure;
    private int _busy;
    private volatile bool _stopping;

    /// <summary>
    /// Starts <paramref name="threads"/> - 1 background threads; the caller of <see cref="For"/> is the last one.
    /// </summary>
    /// <param name="threads">Threads that take part in a loop, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is less than 1.</exception>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        _threads = new Thread[threads - 1];
        _wake = new SemaphoreSlim[threads - 1];
        _parked = new int[threads - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _wake[i] = new SemaphoreSlim(0);
            _threads[i] = new Thread(() => Serve(worker)) { IsBackground = true, Name = $"Worker {worker}" };
            _threads[i].Start();
        }
    }

    /// <summary>Threads that take part in a loop, the caller included.</summary>
    public int Threads { get; }

    /// <summary>
    /// Runs <paramref name="body"/> for the items 0 .. <paramref name="count"/>-1 and returns when all are done.
    /// </summary>
    /// <param name="count">Number of items; 0 or less does nothing.</param>
    /// <param name="body">The loop's body; all threads share this one struct.</param>
    /// <exception cref="InvalidOperationException">Another loop of this pool is running.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    /// <remarks>The first exception thrown by an item is rethrown here, after the other items have run.</remarks>
    public void For<TBody>(int count, ref TBody body) where TBody : unmanaged, IWorkItem
    {
        ObjectDisposedException.ThrowIf(_stopping, this);
        if (Interlocked.Exchange(ref _busy, 1) != 0)
            throw new InvalidOperationException("A worker pool runs one loop at a time, and one is running.");
        try
        {
            if (Threads == 1 || count <= 1)
            {
                for (int item = 0; item < count; item++)
                    body.Invoke(item, 0);
            }
            else
            {
                fixed (TBody* pinned = &body)
                    Run(&InvokeBody<TBody>, pinned, count);
            }
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }

    /// <summary>Stops the threads and waits for them.</summary>
    public void Dispose()
    {
        if (_stopping)
            return;
        _stopping = true;
        foreach (var wake in _wake)
            wake.Release();
        foreach (var thread in _threads)
            thread.Join();
        foreach (var wake in _wake)
            wake.Dispose();
    }

    private static void InvokeBody<TBody>(void* body, int item, int worker) where TBody : unmanaged, IWorkItem =>
        ((TBody*)body)->Invoke(item, worker);

    private void Run(delegate*<void*, int, int, void> invoke, void* body, int count)
    {
        _invoke = invoke;
        _body = body;
        _count = count;
        _counters.Unfinished = count;
        ulong generation = (_counters.Claims >> 32) + 1;
        Interlocked.Exchange(ref _counters.Claims, (generation << 32) | (uint)count);
        for (int i = 0; i < _parked.Length; i++)
        {
            if (Volatile.Read(ref _parked[i]) != 0 && Interlocked.Exchange(ref _parked[i], 0) != 0)
                _wake[i].Release();
        }

        Work(0);
        for (int spins = 0; Volatile.Read(ref _counters.Unfinished) != 0; spins++)
        {
            // Other threads run the last items; with more threads than processors, one of them may need this one.
            if (spins < SpinsBeforeYield)
                Thread.SpinWait(2);
            else
                Thread.Sleep(0);
        }

        if (_failure is { } failure)
        {
            _failure = null;
            failure.Throw();
        }
    }

    // Claims holds the loop's generation (high half) and the number of unclaimed items (low half). A compare-exchange
    // that succeeds saw the current generation with an item left; that item keeps the loop alive until it is counted as
    // finished, so the fields of the loop may be read after the claim and never change under it.
    private bool Work(int worker)
    {
        bool worked = false;
        while (true)
        {
            ulong claims = Volatile.Read(ref _counters.Claims);
            uint left = (uint)claims;
            if (left == 0)
                return worked;
            if (Interlocked.CompareExchange(ref _counters.Claims, claims - 1, claims) != claims)
                continue;
            try
            {
                _invoke(_body, _count - (int)left, worker);
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
            }

            Interlocked.Decrement(ref _counters.Unfinished);
            worked = true;
        }
    }

    private void Serve(int worker)
    {
        int slot = worker - 1;
        long since = Stopwatch.GetTimestamp();
        int spins = 0;
        while (!_stopping)
        {
            if (Work(worker))
            {
                since = Stopwatch.GetTimestamp();
                continue;
            }

            Thread.SpinWait(4);
            if (++spins % SpinsBetweenClockReads != 0 || Stopwatch.GetTimestamp() - since < SpinTicks)
                continue;

            // Announce the parking, then look again: a loop that started before the announcement is seen here, one
            // that starts after it sees the announcement. The side that clears the flag decides about the semaphore.
            Interlocked.Exchange(ref _parked[slot], 1);
            if (!Work(worker) || Interlocked.Exchange(ref _parked[slot], 0) == 0)
                _wake[slot].Wait();
            since = Stopwatch.GetTimestamp();
        }
    }

    // Each counter has its own cache line (and the neighbour that is prefetched with it).
    [StructLayout(LayoutKind.Explicit, Size = 384)]
    private struct Counters
    {
        [FieldOffset(128)]
        public ulong Claims;

        [FieldOffset(256)]
        public int Unfinished;
    }
}
