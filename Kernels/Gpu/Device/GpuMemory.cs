using ILGPU;
using ILGPU.Runtime;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>A block of floats in a device's memory, aligned to 256 bytes or more.</summary>
public sealed class GpuMemory : IDisposable
{
    private readonly GpuContext _context;
    private readonly MemoryBuffer1D<float, Stride1D.Dense> _buffer;
    private bool _isFreed;

    internal GpuMemory(GpuContext context, MemoryBuffer1D<float, Stride1D.Dense> buffer)
    {
        _context = context;
        _buffer = buffer;
    }

    internal ArrayView<float> View => _buffer.View.BaseView;

    /// <inheritdoc />
    public void Dispose()
    {
        if (_isFreed)
            return;
        _isFreed = true;
        _context.Free(_buffer);
    }
}

/// <summary>Where an array of floats begins in a device's memory; the default value is an absent array.</summary>
/// <param name="Memory">The block.</param>
/// <param name="Offset">Index of the first element within the block.</param>
public readonly record struct GpuArray(GpuMemory? Memory, long Offset)
{
    /// <summary>False for an absent array.</summary>
    public bool Exists => Memory is not null;

    /// <summary>The array that begins <paramref name="count"/> elements further on.</summary>
    internal GpuArray Skip(long count) => this with { Offset = Offset + count };

    /// <summary>
    /// True if kernels may read four elements at once: ILGPU assumes that views from the host are aligned.
    /// </summary>
    internal bool IsAligned => Offset % 4 == 0;

    /// <summary>All elements from the first to the end of the block.</summary>
    internal ArrayView<float> View => Memory!.View.SubView(Offset, Memory.View.Length - Offset);

    /// <summary>The one value of another type that begins here, for kernels that read it.</summary>
    /// <exception cref="InvalidOperationException">The array does not begin at a multiple of the type's size, in which
    /// ILGPU counts.</exception>
    internal ArrayView<T> ViewOf<T>() where T : unmanaged => Offset * sizeof(float) % Interop.SizeOf<T>() == 0
        ? Memory!.View.SubView(Offset, Interop.SizeOf<T>() / sizeof(float)).Cast<T>()
        : throw new InvalidOperationException(
            $"A value of {Interop.SizeOf<T>()} bytes cannot begin at float {Offset} of a block.");

    /// <summary>The elements, or those of <paramref name="other"/> if the array is absent: a kernel's argument must
    /// be some memory, even if a flag tells the kernel not to touch it.</summary>
    internal ArrayView<float> ViewOr(GpuArray other) => Exists ? View : other.View;
}
