using System.Numerics;
using System.Runtime.InteropServices;

namespace Gqn.Native.Tests.Ptx;

/// <summary>
/// 32 threads. Every lane has its own program counter; lanes at the same instruction run together, those furthest
/// behind first, so that diverged lanes meet again where their paths do.
/// </summary>
internal sealed unsafe class PtxWarp : IDisposable
{
    private readonly PtxStep[] _steps;
    private uint _running;
    private uint _atCollective;

    public PtxWarp(PtxBlock block, PtxStep[] steps, int index)
    {
        Block = block;
        Index = index;
        _steps = steps;
        Registers = new ulong[block.Program.RegisterFileLength];
        Local = (byte*)NativeMemory.AlignedAlloc((nuint)((block.Program.LocalBytes * 32) + 64), 64);
    }

    public PtxBlock Block { get; }

    public int Index { get; }

    public int FirstThread => Index * 32;

    public ulong[] Registers { get; }

    public int[] Counters { get; } = new int[32];

    public int[] BarrierId { get; } = new int[32];

    public int[] BarrierCount { get; } = new int[32];

    public PtxCopyQueue[] Copies { get; } = new PtxCopyQueue[32];

    public byte* Local { get; }

    /// <summary>How many bar.warp.sync have ordered the lanes among each other.</summary>
    public int SyncCount { get; set; }

    public PtxStep Current { get; private set; } = null!;

    /// <summary>Lanes that have not exited.</summary>
    public uint Live { get; private set; }

    /// <summary>Lanes waiting at a barrier.</summary>
    public uint AtBarrier { get; private set; }

    public bool CanRun => _running != 0;

    /// <summary>Instructions executed, counted per lane.</summary>
    public long Executed { get; private set; }

    public void Start(int threads)
    {
        Live = _running = threads >= 32 ? uint.MaxValue : (1u << threads) - 1;
        _atCollective = AtBarrier = 0;
        Executed = 0;
        Array.Clear(Counters);
        foreach (ref var copies in Copies.AsSpan())
            copies.Clear();
        new Span<uint>(Local, Block.Program.LocalBytes * 8).Fill(PtxMemory.Poison);
    }

    /// <summary>Runs until every lane has exited or waits at a barrier.</summary>
    public void Run()
    {
        while (_running != 0)
        {
            int counter = int.MaxValue;
            int limit = int.MaxValue;
            uint lanes = 0;
            for (uint rest = _running; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                int at = Counters[lane];
                if (at == counter)
                {
                    lanes |= 1u << lane;
                }
                else if (at < counter)
                {
                    (limit, counter, lanes) = (counter, at, 1u << lane);
                }
                else
                {
                    limit = Math.Min(limit, at);
                }
            }

            Advance(counter, lanes, limit);
        }

        if (_atCollective != 0)
            throw Diverged();
        for (uint rest = AtBarrier; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if (Counters[lane] != Counters[BitOperations.TrailingZeroCount(AtBarrier)])
                throw Fault(lane, "waits at another bar.sync than the rest of its warp");
        }
    }

    public void LeaveBarrier(int id)
    {
        for (uint rest = AtBarrier; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if (BarrierId[lane] != id)
                continue;
            AtBarrier &= ~(1u << lane);
            _running |= 1u << lane;
            Counters[lane]++;
        }
    }

    public PtxFaultException Fault(int lane, string what)
    {
        var thread = Block.BlockSize.At(FirstThread + lane);
        var block = Block.BlockIndex;
        return new PtxFaultException(
            $"{Block.Program.Name}: thread ({thread.X},{thread.Y},{thread.Z}) of block " +
            $"({block.X},{block.Y},{block.Z}) {what}; PTX line {Current.Source.Line}: {Current.Source.Text}");
    }

    public void Dispose() => NativeMemory.AlignedFree(Local);

    /// <summary>Runs converged lanes until they diverge, wait, or catch up with the next others.</summary>
    private void Advance(int counter, uint lanes, int limit)
    {
        while (true)
        {
            if (counter >= _steps.Length)
                throw Fault(BitOperations.TrailingZeroCount(lanes), "runs past the end of the kernel");
            var step = _steps[counter];
            Current = step;
            Executed += BitOperations.PopCount(lanes);
            if (Executed > Block.InstructionLimit)
                throw Fault(BitOperations.TrailingZeroCount(lanes), "runs in a loop that never ends");
            uint active = step.Guard < 0 ? lanes : lanes & Guarded(step, lanes);
            switch (step.Kind)
            {
                case PtxStepKind.Plain:
                    if (active != 0)
                        step.Execute!(this, active);
                    counter++;
                    break;
                case PtxStepKind.Branch when active == lanes:
                    counter = step.Target;
                    break;
                case PtxStepKind.Branch when active == 0:
                    counter++;
                    break;
                default:
                    Part(step, counter, lanes, active);
                    return;
            }

            if (counter >= limit)
            {
                Place(lanes, counter);
                return;
            }
        }
    }

    /// <summary>Steps after which lanes may be at different places or wait.</summary>
    private void Part(PtxStep step, int counter, uint lanes, uint active)
    {
        Place(lanes & ~active, counter + 1);
        if (active == 0)
            return;
        switch (step.Kind)
        {
            case PtxStepKind.Branch:
                Place(active, step.Target);
                break;
            case PtxStepKind.IndexedBranch:
                step.Execute!(this, active);
                break;
            case PtxStepKind.Exit:
                _running &= ~active;
                Live &= ~active;
                break;
            case PtxStepKind.Barrier:
                Place(active, counter);
                step.Execute!(this, active);
                _running &= ~active;
                AtBarrier |= active;
                break;
            default:
                Place(active, counter);
                _running &= ~active;
                _atCollective |= active;
                Meet(step, counter);
                break;
        }
    }

    /// <summary>Executes a collective once all its lanes have arrived at it.</summary>
    private void Meet(PtxStep step, int counter)
    {
        uint here = 0;
        for (uint rest = _atCollective; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if (Counters[lane] == counter)
                here |= 1u << lane;
        }

        int first = BitOperations.TrailingZeroCount(here);
        uint members = step.Members < 0 ? uint.MaxValue : (uint)Registers[step.Members + first];
        if ((members & ~Live) != 0)
            throw Fault(first, $"needs lanes {members:x8}, of which {members & ~Live:x8} have exited or never were");
        for (uint rest = here; rest != 0 && step.Members >= 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if ((uint)Registers[step.Members + lane] != members || ((members >> lane) & 1) == 0)
                throw Fault(lane, "names other member lanes than those it meets");
        }

        if ((here & members) != members)
            return;
        step.Execute!(this, members);
        _atCollective &= ~members;
        _running |= members;
        Place(members, counter + 1);
    }

    private PtxFaultException Diverged()
    {
        int first = BitOperations.TrailingZeroCount(_atCollective);
        Current = _steps[Counters[first]];
        uint here = 0;
        for (int lane = 0; lane < 32; lane++)
            here |= ((_atCollective >> lane) & 1) != 0 && Counters[lane] == Counters[first] ? 1u << lane : 0;
        return Fault(first, $"waits with lanes {here:x8} for the rest of the warp: lanes {AtBarrier:x8} stand at a " +
            $"barrier, {_atCollective & ~here:x8} at another collective, {~Live:x8} have exited");
    }

    private void Place(uint lanes, int counter)
    {
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
            Counters[BitOperations.TrailingZeroCount(rest)] = counter;
    }

    private uint Guarded(PtxStep step, uint lanes)
    {
        ulong wanted = step.GuardNegated ? 0ul : 1;
        uint result = 0;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if ((Registers[step.Guard + lane] & 1) == wanted)
                result |= 1u << lane;
        }

        return result;
    }
}
