using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Gqn.Native.Kernels.Gpu;

/// <content>Memory and transfers.</content>
public sealed partial class GpuContext
{
    /// <summary>Allocates <paramref name="count"/> floats, zeroed.</summary>
    /// <exception cref="InsufficientMemoryException">The device has no room for it.</exception>
    /// <exception cref="GpuException">The driver refused for another reason.</exception>
    public GpuMemory Allocate(long count)
    {
        MemoryBuffer1D<float, Stride1D.Dense>? buffer = null;
        try
        {
            buffer = _accelerator.Allocate1D<float>(count);
            _memoryChanges++;
            if (_isRecording)
                RecordZeros(buffer);
            else
                buffer.MemSetToZero(_stream);
            return new GpuMemory(this, buffer);
        }
        catch (Exception exception) when (IsOutOfMemory(exception))
        {
            Release(buffer);
            throw NoRoom(count * sizeof(float), exception);
        }
        catch (Exception exception)
        {
            Release(buffer);
            throw Explain($"allocating {count * sizeof(float)} bytes failed on {Info.Name} ({Info.Title})", exception);
        }
    }

    /// <summary>Copies host to device; the source may change as soon as the call returns.</summary>
    /// <exception cref="InsufficientMemoryException">There is no room for the staging copy.</exception>
    /// <exception cref="GpuException">The driver refused.</exception>
    public void Upload(ReadOnlySpan<float> source, GpuArray destination)
    {
        if (source.IsEmpty)
            return;
        if (_isRecording)
            throw CannotRecord($"copying to {Info.Name}");
        try
        {
            var view = destination.View.SubView(0, source.Length);
            if (_uploads is not null)
                _uploads.Upload(source, view.LoadEffectiveAddressAsPtr());
            else
                view.CopyFromCPU(_stream, source);
        }
        catch (Exception exception) when (IsOutOfMemory(exception))
        {
            throw NoRoom(source.Length * sizeof(float), exception);
        }
        catch (Exception exception)
        {
            throw Explain($"copying to {Info.Name} ({Info.Title}) failed", exception);
        }
    }

    /// <summary>Copies device to host, after all earlier work is done.</summary>
    /// <exception cref="GpuException">The driver refused, or earlier work has failed.</exception>
    public void Download(GpuArray source, Span<float> destination)
    {
        if (destination.IsEmpty)
            return;
        if (_isRecording)
            throw CannotRecord($"copying from {Info.Name}");
        try
        {
            source.View.SubView(0, destination.Length).CopyToCPU(_stream, destination);
            _stream.Synchronize();
        }
        catch (Exception exception)
        {
            throw Explain($"copying from {Info.Name} ({Info.Title}) failed", exception);
        }
    }

    /// <summary>
    /// Memory for use inside one operation, of arbitrary content: the same in every call, enlarged if it was too small.
    /// Operations run one after another, so all may use it; two arrays of one operation take two slots.
    /// </summary>
    internal GpuArray Scratch(int slot, long count)
    {
        while (_scratch.Count <= slot)
            _scratch.Add(null);
        if (_scratch[slot] is not { } memory || memory.View.Length < count)
        {
            if (_scratch[slot] is { } small)
            {
                ScratchBytes -= small.View.Length * sizeof(float);
                small.Dispose();
                _scratch[slot] = null;
            }

            // Graphs that use the former memory of the slot must not be launched again.
            _scratchGeneration++;
            memory = Allocate(count);
            _scratch[slot] = memory;
            ScratchBytes += memory.View.Length * sizeof(float);
        }

        return new GpuArray(memory, 0);
    }

    internal void Free(MemoryBuffer1D<float, Stride1D.Dense> buffer)
    {
        _memoryChanges++;
        // What was recorded must be done first.
        if (_isRecording)
        {
            _freedWhileRecording.Add(buffer);
            return;
        }

        // Work that still reads it must be done first; the drivers see to that, the simulator does not.
        if (Info.Platform == GpuPlatform.Simulator)
            _stream.Synchronize();
        Release(buffer);
    }

    private void RecordZeros(MemoryBuffer1D<float, Stride1D.Dense> buffer) =>
        _recorded.Add(() => buffer.MemSetToZero(_stream));

    private InsufficientMemoryException NoRoom(long bytes, Exception cause) => new(
        $"{Info.Name} ({Info.Title}, {Info.MemoryBytes >> 20} MiB) has no room for {bytes} bytes more.", cause);

    private static bool IsOutOfMemory(Exception exception) => exception switch
    {
        OutOfMemoryException => true,
        GpuException { InnerException: CudaException cuda } => IsOutOfMemory(cuda),
        CudaException cuda => cuda.Error == nameof(CudaError.CUDA_ERROR_OUT_OF_MEMORY),
        CLException openCl => openCl.Error is CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE or CLError.CL_OUT_OF_RESOURCES
            or CLError.CL_OUT_OF_HOST_MEMORY or CLError.CL_INVALID_BUFFER_SIZE,
        _ => false,
    };
}
