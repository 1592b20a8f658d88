using System.Runtime.InteropServices;

namespace Gqn.Native.Tests.Ptx;

/// <summary>
/// Shared memory of one block. Besides the bytes it keeps, per cell, which threads wrote and read since the last
/// barrier: if two threads access a cell without a barrier in between, and one of them writes, that is a race and a
/// fault. A cell that is the target of a cp.async in flight holds NaN, and accessing it is a fault.
/// </summary>
internal sealed unsafe class PtxSharedMemory : IDisposable
{
    private const int Nobody = -1;
    private const int ManyWarps = -2;
    private const int ManyLanesOfWarp = -10;

    private readonly byte* _bytes;
    private readonly Cell[] _cells;
    private readonly int _cellShift;

    /// <param name="bytes">Size in bytes, including the reserved first ones.</param>
    /// <param name="cellShift">Binary logarithm of the cell size in bytes: the narrowest access decides.</param>
    public PtxSharedMemory(int bytes, int cellShift)
    {
        Length = bytes;
        _cellShift = cellShift;
        _bytes = (byte*)NativeMemory.AlignedAlloc((nuint)(bytes + 256), 1024);
        _cells = new Cell[(bytes >> cellShift) + 1];
    }

    public int Length { get; }

    /// <summary>Barriers passed; never decreases, so that marks of earlier blocks mean nothing.</summary>
    public int Epoch { get; set; } = 1;

    public byte* At(ulong address) => _bytes + address;

    /// <summary>Starts a new block: nothing is written, nothing is in flight.</summary>
    public void Clear()
    {
        new Span<uint>(_bytes, (Length + 3) / 4).Fill(PtxMemory.Poison);
        Epoch++;
        foreach (ref var cell in _cells.AsSpan())
            cell.Pending = 0;
    }

    /// <summary>Throws unless the bytes exist and the address is a multiple of the access size.</summary>
    public void Check(PtxWarp warp, int lane, ulong address, int bytes, string access)
    {
        if (address < PtxProgram.SharedBase || address + (ulong)bytes > (ulong)Length || address > (ulong)Length)
        {
            throw warp.Fault(lane, $"{access} {bytes} bytes at shared address {address}, outside " +
                $"{PtxProgram.SharedBase}..{Length - 1}");
        }

        if ((address & (ulong)(bytes - 1)) != 0)
            throw warp.Fault(lane, $"{access} {bytes} bytes at shared address {address}, which is misaligned");
    }

    public void MarkRead(PtxWarp warp, int lane, ulong address, int bytes, bool wholeWarp = false)
    {
        int thread = warp.FirstThread + lane;
        int reader = wholeWarp ? ManyLanesOfWarp - warp.Index : thread;
        for (int i = (int)address >> _cellShift, end = (int)address + bytes - 1 >> _cellShift; i <= end; i++)
        {
            ref var cell = ref _cells[i];
            if (cell.Pending != 0)
                throw warp.Fault(lane, $"reads shared address {i << _cellShift}, whose cp.async is still under way");
            if (cell.WriteEpoch == Epoch && cell.Writer != thread && !Ordered(cell.Writer, cell.WriteSync, warp))
            {
                throw warp.Fault(lane, $"reads shared address {i << _cellShift}, which thread {cell.Writer} wrote " +
                    "since the last barrier");
            }

            if (cell.ReadEpoch != Epoch)
                cell.Reader = Nobody;
            cell.ReadEpoch = Epoch;
            cell.ReadSync = warp.SyncCount;
            cell.Reader = cell.Reader == Nobody || cell.Reader == reader ? reader
                : WarpOf(cell.Reader) == warp.Index ? ManyLanesOfWarp - warp.Index
                : ManyWarps;
        }
    }

    public void MarkWrite(PtxWarp warp, int lane, ulong address, int bytes)
    {
        int thread = warp.FirstThread + lane;
        for (int i = (int)address >> _cellShift, end = (int)address + bytes - 1 >> _cellShift; i <= end; i++)
        {
            ref var cell = ref _cells[i];
            if (cell.Pending != 0)
                throw warp.Fault(lane, $"writes shared address {i << _cellShift}, whose cp.async is still under way");
            if (cell.WriteEpoch == Epoch && cell.Writer != thread && !Ordered(cell.Writer, cell.WriteSync, warp))
            {
                throw warp.Fault(lane, $"writes shared address {i << _cellShift}, which thread {cell.Writer} wrote " +
                    "since the last barrier");
            }

            if (cell.ReadEpoch == Epoch && cell.Reader != thread && !Ordered(cell.Reader, cell.ReadSync, warp))
            {
                throw warp.Fault(lane, $"writes shared address {i << _cellShift}, which {Describe(cell.Reader)} read " +
                    "since the last barrier");
            }

            cell.WriteEpoch = Epoch;
            cell.WriteSync = warp.SyncCount;
            cell.Writer = thread;
        }
    }

    /// <summary>An asynchronous copy is issued (+1) or lands (-1).</summary>
    public void MarkPending(ulong address, int bytes, int change)
    {
        for (int i = (int)address >> _cellShift, end = (int)address + bytes - 1 >> _cellShift; i <= end; i++)
            _cells[i].Pending += change;
        if (change > 0)
            new Span<uint>(_bytes + address, bytes / 4).Fill(PtxMemory.Poison);
    }

    public void Dispose() => NativeMemory.AlignedFree(_bytes);

    /// <summary>Lanes of one warp are ordered by bar.warp.sync.</summary>
    private static bool Ordered(int other, int otherSync, PtxWarp warp) =>
        WarpOf(other) == warp.Index && otherSync < warp.SyncCount;

    private static int WarpOf(int accessor) => accessor >= 0 ? accessor >> 5
        : accessor <= ManyLanesOfWarp ? ManyLanesOfWarp - accessor
        : -1;

    private static string Describe(int accessor) => accessor >= 0 ? $"thread {accessor}"
        : accessor <= ManyLanesOfWarp ? $"warp {WarpOf(accessor)}"
        : "threads of several warps";

    private struct Cell
    {
        public int WriteEpoch;
        public int WriteSync;
        public int Writer;
        public int ReadEpoch;
        public int ReadSync;
        public int Reader;
        public int Pending;
    }
}
