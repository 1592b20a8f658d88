using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Gqn.Native.Kernels.Cpu;

namespace Gqn.Native.Benchmarks.Measures;

/// <summary>What managed code can reach on this machine with all threads: multiply-adds and copied bytes.</summary>
internal sealed unsafe class Peaks(WorkerPool pool) : IDisposable
{
    private const int ItemsPerThread = 4, Iterations = 1 << 13, Chains = 12;
    private const int CopyItems = 256, FloatsPerCopyItem = 1 << 17;
    private static readonly Lazy<Rates> ThisProcess = new(MeasureHere);
    private readonly Floats _sink = new(ItemsPerThread * pool.Threads * 16L);
    private Floats? _source, _copy;

    /// <summary>The threads under measurement.</summary>
    public WorkerPool Pool => pool;

    /// <summary>Operations and bytes per second.</summary>
    public readonly record struct Rates(double Flops, double Bytes);

    /// <summary>The rates of this machine, measured on first use.</summary>
    public static Rates Measured => ThisProcess.Value;

    /// <summary>The work of one <see cref="MultiplyAdd"/>.</summary>
    public Work MultiplyAddWork { get; } =
        new(2.0 * ItemsPerThread * pool.Threads * Iterations * Chains * MultiplyAddItem.Width, 0);

    /// <summary>The work of one <see cref="Copy"/>: the bytes read and written.</summary>
    public static Work CopyWork { get; } = new(0, 2.0 * CopyItems * FloatsPerCopyItem * sizeof(float));

    /// <summary>Independent chains of multiply-adds that never leave the registers.</summary>
    public void MultiplyAdd()
    {
        var item = new MultiplyAddItem { Sink = _sink.Pointer };
        pool.For(ItemsPerThread * pool.Threads, ref item);
    }

    /// <summary>Copies 128 MiB, several times the size of the caches.</summary>
    public void Copy()
    {
        _source ??= new Floats((long)CopyItems * FloatsPerCopyItem);
        _copy ??= new Floats((long)CopyItems * FloatsPerCopyItem);
        var item = new CopyItem { Source = _source.Pointer, Destination = _copy.Pointer };
        pool.For(CopyItems, ref item);
    }

    public void Dispose()
    {
        _sink.Dispose();
        _source?.Dispose();
        _copy?.Dispose();
    }

    private static Rates MeasureHere()
    {
        using var pool = new WorkerPool(Environment.ProcessorCount);
        using var peaks = new Peaks(pool);
        return new Rates(
            peaks.MultiplyAddWork.Flops / Fastest(peaks.MultiplyAdd), CopyWork.Bytes / Fastest(peaks.Copy));
    }

    private static double Fastest(Action action)
    {
        // The first call allocates.
        action();
        double fastest = double.PositiveInfinity;
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < 0.4;)
        {
            long call = Stopwatch.GetTimestamp();
            action();
            fastest = Math.Min(fastest, Stopwatch.GetElapsedTime(call).TotalSeconds);
        }

        return fastest;
    }

    private struct CopyItem : IWorkItem
    {
        public float* Source, Destination;

        public readonly void Invoke(int item, int worker)
        {
            long at = (long)item * FloatsPerCopyItem;
            new ReadOnlySpan<float>(Source + at, FloatsPerCopyItem)
                .CopyTo(new Span<float>(Destination + at, FloatsPerCopyItem));
        }
    }

    private struct MultiplyAddItem : IWorkItem
    {
        public float* Sink;

        public static int Width =>
            Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : 4;

        public readonly void Invoke(int item, int worker)
        {
            float* sink = Sink + (item * 16);
            if (Vector512.IsHardwareAccelerated)
                Run512(sink);
            else if (Vector256.IsHardwareAccelerated)
                Run256(sink);
            else
                Run128(sink);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Run512(float* sink)
        {
            Vector512<float> a = Vector512.Create(0.999f), b = Vector512.Create(0.001f);
            Vector512<float> c0 = a, c1 = a, c2 = a, c3 = a, c4 = a, c5 = a;
            Vector512<float> c6 = a, c7 = a, c8 = a, c9 = a, c10 = a, c11 = a;
            for (int i = 0; i < Iterations; i++)
            {
                c0 = Vector512.MultiplyAddEstimate(c0, a, b);
                c1 = Vector512.MultiplyAddEstimate(c1, a, b);
                c2 = Vector512.MultiplyAddEstimate(c2, a, b);
                c3 = Vector512.MultiplyAddEstimate(c3, a, b);
                c4 = Vector512.MultiplyAddEstimate(c4, a, b);
                c5 = Vector512.MultiplyAddEstimate(c5, a, b);
                c6 = Vector512.MultiplyAddEstimate(c6, a, b);
                c7 = Vector512.MultiplyAddEstimate(c7, a, b);
                c8 = Vector512.MultiplyAddEstimate(c8, a, b);
                c9 = Vector512.MultiplyAddEstimate(c9, a, b);
                c10 = Vector512.MultiplyAddEstimate(c10, a, b);
                c11 = Vector512.MultiplyAddEstimate(c11, a, b);
            }

            (c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11).Store(sink);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Run256(float* sink)
        {
            Vector256<float> a = Vector256.Create(0.999f), b = Vector256.Create(0.001f);
            Vector256<float> c0 = a, c1 = a, c2 = a, c3 = a, c4 = a, c5 = a;
            Vector256<float> c6 = a, c7 = a, c8 = a, c9 = a, c10 = a, c11 = a;
            for (int i = 0; i < Iterations; i++)
            {
                c0 = Vector256.MultiplyAddEstimate(c0, a, b);
                c1 = Vector256.MultiplyAddEstimate(c1, a, b);
                c2 = Vector256.MultiplyAddEstimate(c2, a, b);
                c3 = Vector256.MultiplyAddEstimate(c3, a, b);
                c4 = Vector256.MultiplyAddEstimate(c4, a, b);
                c5 = Vector256.MultiplyAddEstimate(c5, a, b);
                c6 = Vector256.MultiplyAddEstimate(c6, a, b);
                c7 = Vector256.MultiplyAddEstimate(c7, a, b);
                c8 = Vector256.MultiplyAddEstimate(c8, a, b);
                c9 = Vector256.MultiplyAddEstimate(c9, a, b);
                c10 = Vector256.MultiplyAddEstimate(c10, a, b);
                c11 = Vector256.MultiplyAddEstimate(c11, a, b);
            }

            (c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11).Store(sink);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Run128(float* sink)
        {
            Vector128<float> a = Vector128.Create(0.999f), b = Vector128.Create(0.001f);
            Vector128<float> c0 = a, c1 = a, c2 = a, c3 = a, c4 = a, c5 = a;
            Vector128<float> c6 = a, c7 = a, c8 = a, c9 = a, c10 = a, c11 = a;
            for (int i = 0; i < Iterations; i++)
            {
                c0 = Vector128.MultiplyAddEstimate(c0, a, b);
                c1 = Vector128.MultiplyAddEstimate(c1, a, b);
                c2 = Vector128.MultiplyAddEstimate(c2, a, b);
                c3 = Vector128.MultiplyAddEstimate(c3, a, b);
                c4 = Vector128.MultiplyAddEstimate(c4, a, b);
                c5 = Vector128.MultiplyAddEstimate(c5, a, b);
                c6 = Vector128.MultiplyAddEstimate(c6, a, b);
                c7 = Vector128.MultiplyAddEstimate(c7, a, b);
                c8 = Vector128.MultiplyAddEstimate(c8, a, b);
                c9 = Vector128.MultiplyAddEstimate(c9, a, b);
                c10 = Vector128.MultiplyAddEstimate(c10, a, b);
                c11 = Vector128.MultiplyAddEstimate(c11, a, b);
            }

            (c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11).Store(sink);
        }
    }
}
