using System.Runtime.InteropServices;
using Gqn.Native.Tests.Ptx;

namespace Gqn.Native.Tests.Driver;

internal enum MemoryKind
{
    /// <summary>Host memory that the driver does not know.</summary>
    Pageable,

    /// <summary>Host memory from which asynchronous copies may read when they run.</summary>
    PageLocked,

    Device,
}

/// <summary>Memory of a context: real host memory in which every block is known.</summary>
internal sealed unsafe class DriverMemory : IDisposable
{
    // No more than the driver promises, so that nothing can rely on more.
    private const int Alignment = 256;

    // Room around blocks, so that an access that misses one does not hit the next.
    private const int Margin = 1024;

    // Freed blocks stay out of use for a while, to expose accesses through stale addresses.
    private const long MostQuarantined = 64 << 20;

    private readonly SortedDictionary<ulong, Block> _blocks = [];
    private readonly Queue<Block> _quarantine = [];
    private long _quarantined;
    private PtxRange[]? _ranges;

    /// <summary>Bytes of device memory in use.</summary>
    public long Used { get; private set; }

    /// <summary>The memory that kernels may access.</summary>
    public PtxRange[] DeviceRanges => _ranges ??=
        [.. _blocks.Values.Where(block => block.Kind == MemoryKind.Device)
            .Select(block => new PtxRange(block.Start, (ulong)block.Bytes))];

    /// <summary>New memory that holds NaN.</summary>
    public ulong Allocate(MemoryKind kind, long bytes)
    {
        if (bytes <= 0)
            throw new DriverException(DriverError.InvalidValue, $"{bytes} bytes of memory are asked for");
        if (kind == MemoryKind.Device && !CudaDouble.TryReserve(bytes))
        {
            throw new DriverException(
                DriverError.OutOfMemory, $"{bytes} bytes are asked for, and {CudaDouble.FreeMemory} are free");
        }

        nuint all = (nuint)(bytes + (2 * Margin));
        nint allocated = (nint)NativeMemory.AlignedAlloc(all, Alignment);
        Poison(allocated, all);
        var block = new Block(kind, (ulong)(allocated + Margin), bytes, allocated);
        _blocks.Add(block.Start, block);
        _ranges = null;
        Used += kind == MemoryKind.Device ? bytes : 0;
        return block.Start;
    }

    public void Free(MemoryKind kind, ulong start)
    {
        if (!_blocks.TryGetValue(start, out var block) || block.Kind != kind || block.Allocated == 0)
        {
            throw new DriverException(DriverError.InvalidValue, _quarantine.Any(old => old.Start == start)
                ? $"the memory at 0x{start:x} was freed before"
                : $"no {kind} memory begins at 0x{start:x}");
        }

        _blocks.Remove(start);
        _ranges = null;
        Poison(block.Allocated, (nuint)(block.Bytes + (2 * Margin)));
        _quarantine.Enqueue(block);
        _quarantined += block.Bytes;
        while (_quarantined > MostQuarantined)
            Release(_quarantine.Dequeue());
        if (kind == MemoryKind.Device)
        {
            Used -= block.Bytes;
            CudaDouble.Unreserve(block.Bytes);
        }
    }

    /// <summary>Page-locks memory of the host for a time.</summary>
    public void Register(ulong start, long bytes)
    {
        if (!_blocks.TryAdd(start, new Block(MemoryKind.PageLocked, start, bytes, 0)))
            throw new DriverException(DriverError.InvalidValue, $"the memory at 0x{start:x} is registered already");
    }

    public void Unregister(ulong start)
    {
        if (!_blocks.TryGetValue(start, out var block) || block.Allocated != 0)
            throw new DriverException(DriverError.InvalidValue, $"the memory at 0x{start:x} is not registered");
        _blocks.Remove(start);
    }

    /// <summary>The kind of memory at an address.</summary>
    /// <exception cref="DriverException">Some of the bytes lie elsewhere, or were freed.</exception>
    public MemoryKind Kind(ulong address, long bytes)
    {
        foreach (var block in _blocks.Values)
        {
            if (address < block.Start || address >= block.Start + (ulong)block.Bytes)
                continue;
            if (address - block.Start + (ulong)bytes > (ulong)block.Bytes)
            {
                throw new DriverException(
                    DriverError.InvalidValue,
                    $"{bytes} bytes at 0x{address:x} reach beyond the {block.Bytes} bytes at 0x{block.Start:x}");
            }

            return block.Kind;
        }

        foreach (var block in _quarantine)
        {
            if (address >= block.Start && address < block.Start + (ulong)block.Bytes)
                throw new DriverException(DriverError.InvalidValue, $"the memory at 0x{address:x} was freed");
        }

        return MemoryKind.Pageable;
    }

    public void RequireDevice(ulong address, long bytes)
    {
        if (Kind(address, bytes) != MemoryKind.Device)
            throw new DriverException(DriverError.InvalidValue, $"0x{address:x} is no address of device memory");
    }

    public void Dispose()
    {
        foreach (var block in _blocks.Values)
            Release(block);
        foreach (var block in _quarantine)
            Release(block);
        _blocks.Clear();
        _quarantine.Clear();
        _ranges = null;
        CudaDouble.Unreserve(Used);
        Used = 0;
    }

    private static void Poison(nint address, nuint bytes) =>
        new Span<uint>((void*)address, checked((int)(bytes / sizeof(uint)))).Fill(PtxMemory.Poison);

    private void Release(Block block)
    {
        _quarantined -= block.Bytes;
        if (block.Allocated != 0)
            NativeMemory.AlignedFree((void*)block.Allocated);
    }

    private sealed record Block(MemoryKind Kind, ulong Start, long Bytes, nint Allocated);
}
