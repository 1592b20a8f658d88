using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Gqn.Native.Tests.Ptx;

/// <summary>
/// Global memory: blocks of host memory that kernels may access. Addresses are real addresses, so that an ArrayView of
/// the CPU accelerator is a valid argument; an access outside every block is a fault.
/// </summary>
internal sealed unsafe class PtxMemory : IDisposable
{
    /// <summary>NaN as f32 and, in each half, as f16 and bf16: the content of unwritten memory and registers.</summary>
    public const uint Poison = 0x7FFF_7FFF;

    /// <summary>The alignment of a device's memory, in bytes.</summary>
    public const int Granule = 256;

    // Room before and after each block, so that an access that misses one does not hit another.
    private const int Margin = 4096;

    // Views have to belong to an accelerator; it runs nothing, and one serves all tests until the process ends.
    private static readonly Lazy<CPUAccelerator> Host = new(
        () => Context.Create(builder => builder.CPU(new CPUDevice(2, 1, 1))).CreateCPUAccelerator(0));

    private readonly List<PtxRange> _ranges = [];
    private readonly List<(nint Address, CPUMemoryBuffer Buffer)> _owned = [];

    /// <summary>The blocks in order of address; overlapping ones are merged.</summary>
    public PtxRange[] Ranges()
    {
        var joined = new List<PtxRange>();
        foreach (var range in _ranges.OrderBy(range => range.Start))
        {
            if (joined.Count > 0 && range.Start - joined[^1].Start < joined[^1].Length)
            {
                ulong length = Math.Max(joined[^1].Length, range.Start - joined[^1].Start + range.Length);
                joined[^1] = joined[^1] with { Length = length };
            }
            else
            {
                joined.Add(range);
            }
        }

        return [.. joined];
    }

    /// <summary>A new block of floats, 256-byte aligned, holding NaN.</summary>
    public ArrayView<float> Allocate(int length)
    {
        nuint bytes = ((nuint)length * sizeof(float)) + (2 * Margin);
        nint address = (nint)NativeMemory.AlignedAlloc(bytes, Granule);
        new Span<uint>((void*)address, (int)(bytes / sizeof(uint))).Fill(Poison);
        nint start = address + Margin;
        var buffer = CPUMemoryBuffer.Create(Host.Value, start, Math.Max(length, 1), sizeof(float));
        _owned.Add((address, buffer));
        if (length > 0)
            _ranges.Add(new PtxRange((ulong)start, (ulong)length * sizeof(float)));
        return new ArrayView<float>(buffer, 0, length);
    }

    /// <summary>A new block holding a copy of the values.</summary>
    public ArrayView<float> Allocate(ReadOnlySpan<float> values)
    {
        var view = Allocate(values.Length);
        values.CopyTo(Values(view));
        return view;
    }

    /// <summary>Makes memory with another owner accessible, such as a buffer of the CPU accelerator.</summary>
    public void Map(nint address, long bytes)
    {
        if (bytes > 0)
            _ranges.Add(new PtxRange((ulong)address, (ulong)bytes));
    }

    /// <summary>The values of a view, to be read and written in place.</summary>
    public static Span<float> Values(ArrayView<float> view) => new((void*)Address(view), (int)view.Length);

    /// <summary>The address of a view's first element; 0 for an empty view.</summary>
    public static ulong Address<T>(ArrayView<T> view)
        where T : unmanaged => view.IsValid ? (ulong)view.LoadEffectiveAddressAsPtr() : 0;

    public void Dispose()
    {
        foreach ((nint address, var buffer) in _owned)
        {
            buffer.Dispose();
            NativeMemory.AlignedFree((void*)address);
        }
    }
}

/// <summary>A block of global memory in bytes.</summary>
internal readonly record struct PtxRange(ulong Start, ulong Length)
{
    /// <summary>Whether all bytes lie inside.</summary>
    public bool Holds(ulong address, int bytes) =>
        address - Start < Length && Length - (address - Start) >= (ulong)bytes;
}
