using System.Numerics;

namespace Gqn.Native.Tests.Ptx;

/// <summary>
/// cp.async and its groups. The bytes are read when the copy is issued and land only at the wait that covers their
/// group; until then the destination holds NaN and may not be touched, so that a missing wait shows.
/// </summary>
internal static unsafe class PtxAsyncCopies
{
    public static PtxOperation? Decode(PtxDecoder decoder, PtxInstruction instruction)
    {
        if (instruction.Parts[0] != "cp")
            return null;
        PtxDecoder.Allow(
            instruction, "async", "ca", "cg", "shared", "shared::cta", "global", "commit_group", "wait_group",
            "wait_all", "L2::64B", "L2::128B", "L2::256B");
        if (instruction.Has("commit_group"))
            return ForLanes((warp, lane) => warp.Copies[lane].Commit());
        if (instruction.Has("wait_all"))
            return ForLanes((warp, lane) => Land(warp, lane, int.MaxValue));
        if (instruction.Has("wait_group"))
        {
            int pending = (int)((PtxLiteral)instruction.Operands[0]).Bits;
            return ForLanes((warp, lane) => Land(warp, lane, warp.Copies[lane].Committed - pending));
        }

        return Issue(decoder, instruction);
    }

    private static PtxOperation ForLanes(Action<PtxWarp, int> action) => (warp, lanes) =>
    {
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
            action(warp, BitOperations.TrailingZeroCount(rest));
    };

    private static PtxOperation Issue(PtxDecoder decoder, PtxInstruction instruction)
    {
        var operands = instruction.Operands;
        if (operands.Length is < 3 or > 4 || operands[2] is not PtxLiteral { Bits: 4 or 8 or 16 } literal)
            throw new PtxSyntaxException("cp.async takes [shared], [global], 4, 8 or 16 and at most a source size");
        int size = (int)literal.Bits;
        if (instruction.Has("cg") == instruction.Has("ca") || (instruction.Has("cg") && size != 16))
            throw new PtxSyntaxException(".cg copies 16 bytes, .ca 4, 8 or 16");
        var target = new PtxAddress(decoder, operands[0], PtxSpace.Shared);
        var source = new PtxAddress(decoder, operands[1], PtxSpace.Global);
        int given = operands.Length == 4 ? decoder.Source(operands[3], PtxType.B32) : -1;
        var issue = ForLanes((warp, lane) =>
        {
            ulong to = target.Value(warp, lane);
            warp.Block.Shared.Check(warp, lane, to, size, "copies");
            // Issuing counts as a write: the bytes may land at any moment from now on.
            warp.Block.Shared.MarkWrite(warp, lane, to, size);
            ulong valid = given < 0 ? (ulong)size : warp.Registers[given + lane];
            if (valid > (ulong)size)
                throw warp.Fault(lane, $"gives a source size of {valid} to a copy of {size} bytes");
            ulong from = source.Value(warp, lane);
            UInt128 bytes = 0;
            if (valid > 0)
            {
                if ((from & (ulong)(size - 1)) != 0)
                    throw warp.Fault(lane, $"copies {size} bytes from global address 0x{from:x}, which is misaligned");
                byte* data = PtxAddress.Global(warp, lane, from, 1, "copies");
                if (valid > 1)
                    PtxAddress.Global(warp, lane, from + valid - 1, 1, "copies");
                new ReadOnlySpan<byte>(data, (int)valid).CopyTo(new Span<byte>(&bytes, 16));
            }

            warp.Block.Shared.MarkPending(to, size, +1);
            warp.Copies[lane].Issue(to, size, bytes);
        });
        return (warp, lanes) =>
        {
            source.Count(warp, lanes, size);
            target.Count(warp, lanes, size);
            issue(warp, lanes);
        };
    }

    /// <summary>Completes all copies of groups before the given one.</summary>
    private static void Land(PtxWarp warp, int lane, int group)
    {
        while (warp.Copies[lane].TryTake(group, out ulong target, out int size, out var bytes))
        {
            var shared = warp.Block.Shared;
            shared.MarkPending(target, size, -1);
            shared.MarkWrite(warp, lane, target, size);
            new ReadOnlySpan<byte>(&bytes, size).CopyTo(new Span<byte>(shared.At(target), size));
        }
    }
}

/// <summary>The copies that one thread has in flight, oldest first, each with its group.</summary>
internal struct PtxCopyQueue
{
    private Queue<(int Group, ulong Target, int Size, UInt128 Bytes)>? _copies;

    /// <summary>Number of groups committed so far; copies issued now belong to the next one.</summary>
    public int Committed { get; private set; }

    public void Commit() => Committed++;

    public void Issue(ulong target, int size, UInt128 bytes) =>
        (_copies ??= new Queue<(int, ulong, int, UInt128)>()).Enqueue((Committed, target, size, bytes));

    public readonly bool TryTake(int group, out ulong target, out int size, out UInt128 bytes)
    {
        (target, size, bytes) = (0, 0, 0);
        if (_copies is null || !_copies.TryPeek(out var oldest) || oldest.Group >= group)
            return false;
        (_, target, size, bytes) = _copies.Dequeue();
        return true;
    }

    public void Clear()
    {
        Committed = 0;
        _copies?.Clear();
    }
}
