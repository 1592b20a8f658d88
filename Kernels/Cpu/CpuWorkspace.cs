using System.Runtime.InteropServices;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>Scratch memory that a kernel needs besides its operands, in floats.</summary>
/// <param name="Activations">Rearranged activations, read by all threads.</param>
/// <param name="Gradients">Rearranged gradients, read by all threads.</param>
/// <param name="PerWorker">Private scratch memory of each thread.</param>
public readonly record struct ScratchSize(long Activations, long Gradients, long PerWorker)
{
    private const int FloatsPerLine = 16;

    /// <summary>What a workspace holds after calls that needed <paramref name="a"/> and <paramref name="b"/>.</summary>
    public static ScratchSize Max(in ScratchSize a, in ScratchSize b) =>
        new(
            Math.Max(a.Activations, b.Activations),
            Math.Max(a.Gradients, b.Gradients),
            Math.Max(a.PerWorker, b.PerWorker));

    /// <summary>The bytes that a workspace with <paramref name="threads"/> threads holds for this size.</summary>
    public long Bytes(int threads) =>
        sizeof(float) * (RoundUp(Activations) + RoundUp(Gradients) + (threads * RoundUp(PerWorker)));

    /// <summary>Rounds a number of floats up to whole cache lines of 64 bytes.</summary>
    internal static long RoundUp(long floats) => Ceiling.Multiple(floats, FloatsPerLine);
}

/// <summary>What the CPU kernels share: threads, and scratch memory that grows to the largest need and stays.</summary>
/// <remarks>One kernel at a time may use a workspace. After the largest call, nothing more is allocated.</remarks>
public sealed unsafe class CpuWorkspace : IDisposable
{
    private const nuint Alignment = 64;

    private float* _activations, _gradients, _workers;
    private ScratchSize _size;

    /// <summary>A workspace that uses the widest vector arithmetic of this processor.</summary>
    /// <param name="threads">Threads that share the work, the caller included.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is less than 1.</exception>
    public CpuWorkspace(int threads)
        : this(threads, Simd.Level)
    {
    }

    /// <summary>A workspace that uses the vector arithmetic of <paramref name="level"/>.</summary>
    /// <param name="threads">Threads that share the work, the caller included.</param>
    /// <param name="level">At most <see cref="Simd.Level"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is less than 1.</exception>
    /// <exception cref="PlatformNotSupportedException">The processor lacks <paramref name="level"/>.</exception>
    public CpuWorkspace(int threads, SimdLevel level)
    {
        if (level > Simd.Level)
            throw new PlatformNotSupportedException($"This processor offers {Simd.Level} arithmetic, not {level}.");
        Level = level;
        Pool = new WorkerPool(threads);
    }

    /// <summary>The vector arithmetic that kernels use with this workspace.</summary>
    public SimdLevel Level { get; }

    /// <summary>The threads.</summary>
    public WorkerPool Pool { get; }

    /// <summary>Bytes of scratch memory held at present.</summary>
    public long ScratchBytes => _size.Bytes(Pool.Threads);

    /// <summary>Rearranged activations; null while no call has needed any.</summary>
    internal float* Activations => _activations;

    /// <summary>Rearranged gradients; null while no call has needed any.</summary>
    internal float* Gradients => _gradients;

    /// <summary>Scratch of the first thread; that of thread t begins t · <see cref="WorkerStride"/> later.</summary>
    internal float* Workers => _workers;

    /// <summary>Distance between the scratch of two threads, in floats.</summary>
    internal nint WorkerStride => (nint)_size.PerWorker;

    /// <summary>Makes room for <paramref name="size"/>; a buffer that grows loses its contents.</summary>
    /// <exception cref="OutOfMemoryException">There is not enough memory.</exception>
    public void Reserve(in ScratchSize size)
    {
        if (size.Activations > _size.Activations)
        {
            long floats = ScratchSize.RoundUp(size.Activations);
            _size = _size with { Activations = 0 };
            Reallocate(ref _activations, floats);
            _size = _size with { Activations = floats };
        }

        if (size.Gradients > _size.Gradients)
        {
            long floats = ScratchSize.RoundUp(size.Gradients);
            _size = _size with { Gradients = 0 };
            Reallocate(ref _gradients, floats);
            _size = _size with { Gradients = floats };
        }

        if (size.PerWorker > _size.PerWorker)
        {
            long floats = ScratchSize.RoundUp(size.PerWorker);
            _size = _size with { PerWorker = 0 };
            Reallocate(ref _workers, floats * Pool.Threads);
            _size = _size with { PerWorker = floats };
        }
    }

    /// <summary>Ends the threads and frees the scratch memory.</summary>
    public void Dispose()
    {
        Pool.Dispose();
        Reallocate(ref _activations, 0);
        Reallocate(ref _gradients, 0);
        Reallocate(ref _workers, 0);
        _size = default;
    }

    private static void Reallocate(ref float* memory, long floats)
    {
        NativeMemory.AlignedFree(memory);
        memory = null;
        if (floats > 0)
            memory = (float*)NativeMemory.AlignedAlloc((nuint)floats * sizeof(float), Alignment);
    }
}
