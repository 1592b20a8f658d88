using System.Runtime.InteropServices;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Host-to-device copies that overlap the computation: a batch travels while the previous step runs.</summary>
/// <remarks>
/// A slot is page-locked host memory, the same amount of device memory and two events. Data go from host to device on a
/// stream of their own, and from there to the destination on the computation stream, which waits for the first copy
/// only: the destination may be in use until then. A slot is reused once its second copy is done, so the host is never
/// more than <see cref="Slots"/> uploads ahead of the device. A few numbers are not worth a detour: they go from
/// page-locked memory to the destination on the computation stream.
/// </remarks>
internal sealed unsafe class CudaUploads : IDisposable
{
    // Two training steps of four uploads each.
    private const int Slots = 8;

    // Uploads of at most this size take the short way.
    private const int FewBytes = 512;

    private readonly CudaAccelerator _accelerator;
    private readonly CudaStream _copies, _computation;
    private readonly Slot[] _slots = new Slot[Slots];
    private readonly nint[] _fewDone = new nint[Slots];
    private nint _few;
    private int _next, _nextFew;

    public CudaUploads(CudaAccelerator accelerator, CudaStream computation)
    {
        (_accelerator, _computation) = (accelerator, computation);
        _copies = (CudaStream)accelerator.CreateStream();
    }

    /// <summary>Bytes of device memory held by the slots.</summary>
    public long DeviceBytes { get; private set; }

    /// <summary>Queues a copy; the source may change as soon as the call returns.</summary>
    public void Upload(ReadOnlySpan<float> source, nint destination)
    {
        _accelerator.Bind();
        long bytes = (long)source.Length * sizeof(float);
        if (bytes <= FewBytes)
        {
            UploadFew(source, destination);
            return;
        }

        ref var slot = ref _slots[_next];
        _next = (_next + 1) % Slots;
        if (slot.Done != 0)
            CudaStreams.Wait(slot.Done);
        if (slot.Bytes < bytes)
            Grow(ref slot, bytes);
        source.CopyTo(new Span<float>((void*)slot.Host, source.Length));
        nint staged = slot.Device!.NativePtr;
        CudaStreams.CopyToDevice(staged, slot.Host, bytes, _copies.StreamPtr);
        CudaStreams.Record(slot.Arrived, _copies.StreamPtr);
        CudaStreams.Wait(_computation.StreamPtr, slot.Arrived);
        CudaStreams.CopyOnDevice(destination, staged, bytes, _computation.StreamPtr);
        CudaStreams.Record(slot.Done, _computation.StreamPtr);
    }

    public void Dispose()
    {
        _accelerator.Bind();
        foreach (ref var slot in _slots.AsSpan())
            Free(ref slot);
        foreach (nint done in _fewDone)
        {
            if (done != 0)
                CudaStreams.DestroyEvent(done);
        }

        if (_few != 0)
            CudaStreams.FreeHost(_few);
        _copies.Dispose();
    }

    private void UploadFew(ReadOnlySpan<float> source, nint destination)
    {
        int slot = _nextFew;
        _nextFew = (slot + 1) % Slots;
        if (_few == 0)
            _few = CudaStreams.AllocateHost(Slots * FewBytes);
        if (_fewDone[slot] == 0)
            _fewDone[slot] = CudaStreams.CreateEvent();
        else
            CudaStreams.Wait(_fewDone[slot]);
        nint host = _few + (slot * FewBytes);
        source.CopyTo(new Span<float>((void*)host, source.Length));
        CudaStreams.CopyToDevice(destination, host, (long)source.Length * sizeof(float), _computation.StreamPtr);
        CudaStreams.Record(_fewDone[slot], _computation.StreamPtr);
    }

    private void Grow(ref Slot slot, long bytes)
    {
        Free(ref slot);
        var device = _accelerator.AllocateRaw(bytes, sizeof(byte));
        try
        {
            slot.Host = CudaStreams.AllocateHost(bytes);
        }
        catch
        {
            device.Dispose();
            throw;
        }

        slot.Device = device;
        slot.Arrived = CudaStreams.CreateEvent();
        slot.Done = CudaStreams.CreateEvent();
        slot.Bytes = bytes;
        DeviceBytes += bytes;
    }

    /// <summary>Frees a slot whose copies are done.</summary>
    private void Free(ref Slot slot)
    {
        if (slot.Bytes == 0)
            return;
        slot.Device!.Dispose();
        CudaStreams.FreeHost(slot.Host);
        CudaStreams.DestroyEvent(slot.Arrived);
        CudaStreams.DestroyEvent(slot.Done);
        DeviceBytes -= slot.Bytes;
        slot = default;
    }

    [StructLayout(LayoutKind.Auto)]
    private struct Slot
    {
        public nint Host, Arrived, Done;
        public MemoryBuffer? Device;
        public long Bytes;
    }
}
