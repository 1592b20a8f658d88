using System.Runtime.InteropServices;
using Gqn.Native.Kernels.Cpu;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

public unsafe class WorkerPoolTests
{
    private const int Threads = 4;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void EveryItemRunsOnce(int threads)
    {
        using var pool = new WorkerPool(threads);
        int* runs = stackalloc int[300];
        int* inside = stackalloc int[threads];
        new Span<int>(inside, threads).Clear();
        var body = new CountingBody { Runs = runs, Inside = inside };
        for (int round = 0; round < 2000; round++)
        {
            int count = round * 7 % 300;
            new Span<int>(runs, 300).Clear();
            pool.For(count, ref body);
            for (int i = 0; i < 300; i++)
                Assert.Equal(i < count ? 1 : 0, runs[i]);
        }

        Assert.Equal(0, body.Collisions);
    }

    [Fact]
    public void ParkedWorkersWakeUp()
    {
        using var pool = new WorkerPool(2);
        int arrived = 0;
        for (int round = 0; round < 5; round++)
        {
            Thread.Sleep(20);
            arrived = 0;
            var body = new MeetingBody { Arrived = &arrived, Expected = 2 };
            pool.For(2, ref body);
        }

        Assert.Equal(2, arrived);
    }

    [Fact]
    public void FirstExceptionReachesTheCallerAfterTheOtherItems()
    {
        using var pool = new WorkerPool(Threads);
        int runs = 0;
        var body = new ThrowingBody { Runs = &runs, Bad = 7 };
        for (int round = 0; round < 50; round++)
        {
            runs = 0;
            Exception? caught = null;
            try
            {
                pool.For(40, ref body);
            }
            catch (ArithmeticException exception)
            {
                caught = exception;
            }

            Assert.Equal("item 7", caught?.Message);
            Assert.Equal(39, runs);
        }

        body.Bad = -1;
        runs = 0;
        pool.For(40, ref body);
        Assert.Equal(40, runs);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void LoopWithinALoopIsRefused(int threads)
    {
        using var pool = new WorkerPool(threads);
        using var handle = new PinnedPool(pool);
        var body = new NestingBody { Pool = handle.Address };
        bool refused = false;
        try
        {
            pool.For(2, ref body);
        }
        catch (InvalidOperationException)
        {
            refused = true;
        }

        Assert.True(refused);
    }

    [Fact]
    public void LoopsAllocateNothing()
    {
        using var pool = new WorkerPool(Threads);
        int* runs = stackalloc int[64];
        int* inside = stackalloc int[Threads];
        new Span<int>(inside, Threads).Clear();
        var body = new CountingBody { Runs = runs, Inside = inside };
        for (int round = 0; round < 100; round++)
            pool.For(64, ref body);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 1000; round++)
            pool.For(64, ref body);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void BadUseIsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new WorkerPool(0));
        var pool = new WorkerPool(2);
        pool.Dispose();
        pool.Dispose();
        Assert.Throws<ObjectDisposedException>(() =>
        {
            var body = new ThrowingBody { Bad = -1 };
            pool.For(0, ref body);
        });
    }

    private struct CountingBody : IWorkItem
    {
        public int* Runs, Inside;
        public int Collisions;

        public void Invoke(int item, int worker)
        {
            // Two items at once under one worker index would share per-thread scratch.
            if (Interlocked.Exchange(ref Inside[worker], 1) != 0)
                Interlocked.Increment(ref Collisions);
            Interlocked.Increment(ref Runs[item]);
            Volatile.Write(ref Inside[worker], 0);
        }
    }

    private struct MeetingBody : IWorkItem
    {
        public int* Arrived;
        public int Expected;

        public readonly void Invoke(int item, int worker)
        {
            Interlocked.Increment(ref *Arrived);
            while (Volatile.Read(ref *Arrived) < Expected)
                Thread.Yield();
        }
    }

    private struct ThrowingBody : IWorkItem
    {
        public int* Runs;
        public int Bad;

        public readonly void Invoke(int item, int worker)
        {
            if (item == Bad)
                throw new ArithmeticException($"item {item}");
            Interlocked.Increment(ref *Runs);
        }
    }

    private struct NestingBody : IWorkItem
    {
        public nint Pool;

        public readonly void Invoke(int item, int worker)
        {
            var body = new ThrowingBody { Bad = -1 };
            PinnedPool.At(Pool).For(0, ref body);
        }
    }

    private sealed class PinnedPool(WorkerPool pool) : IDisposable
    {
        private GCHandle _handle = GCHandle.Alloc(pool);

        public nint Address => GCHandle.ToIntPtr(_handle);

        public static WorkerPool At(nint address) =>
            (WorkerPool)GCHandle.FromIntPtr(address).Target!;

        public void Dispose() => _handle.Free();
    }
}
