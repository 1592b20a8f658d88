using System.Runtime.InteropServices;

namespace Gqn.Native.Tests.Ptx;

/// <summary>What one launch provides to all its blocks.</summary>
internal sealed record PtxLaunch(
    PtxProgram Program, PtxStep[] Steps, Dim3 Grid, Dim3 BlockSize, int DynamicSharedBytes, byte[] Parameters,
    PtxRange[] Ranges, long InstructionLimit, bool Counts);

/// <summary>Runs the blocks of one launch one after another: the warps in turn, from barrier to barrier.</summary>
internal sealed unsafe class PtxBlock : IDisposable
{
    private readonly PtxLaunch _launch;
    private readonly PtxWarp[] _warps;

    public PtxBlock(PtxLaunch launch)
    {
        _launch = launch;
        Program = launch.Program;
        Counters = launch.Counts ? new PtxCounters() : null;
        Parameters = (byte*)NativeMemory.AlignedAlloc((nuint)(launch.Parameters.Length + 64), 64);
        launch.Parameters.CopyTo(new Span<byte>(Parameters, launch.Parameters.Length));
        int sharedEnd = PtxProgram.SharedBase + Program.StaticSharedBytes + launch.DynamicSharedBytes;
        Shared = new PtxSharedMemory(sharedEnd, NarrowestSharedAccess(Program));
        LastRanges = new PtxRange[launch.Steps.Length];
        _warps = new PtxWarp[(launch.BlockSize.Count + 31) / 32];
        for (int i = 0; i < _warps.Length; i++)
            _warps[i] = new PtxWarp(this, launch.Steps, i);
        foreach (var warp in _warps)
        {
            foreach ((ulong bits, int slot) in Program.Literals)
                Array.Fill(warp.Registers, bits, slot, 32);
        }
    }

    public PtxProgram Program { get; }

    public byte* Parameters { get; }

    public PtxSharedMemory Shared { get; }

    /// <summary>The block of global memory that each step last accessed: most likely its next one as well.</summary>
    public PtxRange[] LastRanges { get; }

    public Dim3 BlockSize => _launch.BlockSize;

    public Dim3 BlockIndex { get; private set; }

    /// <summary>Requests to memory so far; null unless the launch counts them.</summary>
    public PtxCounters? Counters { get; }

    public long InstructionLimit => _launch.InstructionLimit;

    /// <summary>Runs a block to its end and returns the number of instructions of all its threads.</summary>
    public long Run(long index)
    {
        BlockIndex = _launch.Grid.At(index);
        Shared.Clear();
        foreach (var warp in _warps)
            Start(warp);
        bool live = true;
        while (live)
        {
            live = false;
            foreach (var warp in _warps)
            {
                if (warp.CanRun)
                    warp.Run();
                live |= warp.Live != 0;
            }

            if (!live)
                break;
            if (!PtxBarriers.Release(_warps))
                throw Deadlock();
            Shared.Epoch++;
        }

        return _warps.Sum(warp => warp.Executed);
    }

    /// <summary>The block of global memory that holds all the bytes, or null.</summary>
    public PtxRange? Find(ulong address, int bytes)
    {
        int low = 0;
        int high = _launch.Ranges.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            var range = _launch.Ranges[middle];
            if (range.Holds(address, bytes))
                return range;
            if (address < range.Start)
                high = middle - 1;
            else
                low = middle + 1;
        }

        return null;
    }

    /// <summary>The position of an address relative to the nearest block, for messages.</summary>
    public string Nearest(ulong address)
    {
        if (_launch.Ranges.Length == 0)
            return "and nothing is allocated";
        var nearest = _launch.Ranges.MinBy(range => Math.Min(
            Distance(address, range.Start), Distance(address, range.Start + range.Length)));
        long offset = (long)(address - nearest.Start);
        return $"byte {offset} as seen from the nearest block, which has {nearest.Length}";
    }

    public void Dispose()
    {
        foreach (var warp in _warps)
            warp.Dispose();
        Shared.Dispose();
        NativeMemory.AlignedFree(Parameters);
    }

    private static ulong Distance(ulong a, ulong b) => a > b ? a - b : b - a;

    /// <summary>Races are detected per cell as wide as the narrowest access to shared memory.</summary>
    private static int NarrowestSharedAccess(PtxProgram program)
    {
        int bits = 32;
        foreach (var instruction in program.Instructions)
        {
            bool access = instruction.Parts[0] is "ld" or "st"
                && !(instruction.Has("global") || instruction.Has("param") || instruction.Has("local"));
            if (access && PtxType.TryParse(instruction.Parts[^1], out var type))
                bits = Math.Min(bits, type.Bits);
        }

        return bits == 32 ? 2 : bits == 16 ? 1 : 0;
    }

    private void Start(PtxWarp warp)
    {
        const ulong Poison = ((ulong)PtxMemory.Poison << 32) | PtxMemory.Poison;
        foreach (int slot in _launch.Program.RegisterSlots)
            Array.Fill(warp.Registers, Poison, slot, 32);
        int shared = Program.StaticSharedBytes + _launch.DynamicSharedBytes;
        foreach ((string name, var register) in Program.Specials)
        {
            for (int lane = 0; lane < 32; lane++)
            {
                warp.Registers[register.Slot + lane] = PtxSpecialRegisters.Value(
                    name, _launch.Grid, BlockSize, BlockIndex, warp.FirstThread + lane, _launch.DynamicSharedBytes,
                    shared);
            }
        }

        warp.Start((int)BlockSize.Count - warp.FirstThread);
    }

    private PtxFaultException Deadlock()
    {
        var waiting = _warps.First(warp => warp.AtBarrier != 0);
        int lane = System.Numerics.BitOperations.TrailingZeroCount(waiting.AtBarrier);
        int arrived = _warps.Sum(warp => System.Numerics.BitOperations.PopCount(warp.AtBarrier));
        int live = _warps.Sum(warp => System.Numerics.BitOperations.PopCount(warp.Live));
        return waiting.Fault(lane, $"waits for ever: {arrived} of {live} live threads stand at barriers, none full");
    }
}
