using System.Numerics;

namespace Gqn.Native.Tests.Ptx;

/// <summary>
/// bar.sync and barrier.sync: a thread arrives and waits until all live threads, or the stated number, have arrived.
/// </summary>
internal static class PtxBarriers
{
    public static PtxOperation Arrive(PtxDecoder decoder, PtxInstruction instruction)
    {
        if (!instruction.Has("sync"))
            throw new PtxSyntaxException("only the .sync form is interpreted");
        int id = decoder.Source(instruction.Operands[0], PtxType.B32);
        int count = instruction.Operands.Length > 1 ? decoder.Source(instruction.Operands[1], PtxType.B32) : -1;
        return (warp, lanes) =>
        {
            for (uint rest = lanes; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                warp.BarrierId[lane] = (int)warp.Registers[id + lane];
                warp.BarrierCount[lane] = count < 0 ? 0 : (int)warp.Registers[count + lane];
                if (warp.BarrierId[lane] is < 0 or > 15 || warp.BarrierCount[lane] % 32 != 0)
                    throw warp.Fault(lane, "names a barrier beyond 15, or a count that is no multiple of 32");
            }
        };
    }

    /// <summary>Releases the threads of every full barrier; false if none is full.</summary>
    public static bool Release(PtxWarp[] warps)
    {
        bool released = false;
        for (int id = 0; id < 16; id++)
        {
            int arrived = 0;
            int live = 0;
            int expected = 0;
            foreach (var warp in warps)
            {
                live += BitOperations.PopCount(warp.Live);
                for (uint rest = warp.AtBarrier; rest != 0; rest &= rest - 1)
                {
                    int lane = BitOperations.TrailingZeroCount(rest);
                    if (warp.BarrierId[lane] != id)
                        continue;
                    arrived++;
                    expected = Math.Max(expected, warp.BarrierCount[lane]);
                }
            }

            if (arrived == 0 || arrived < (expected == 0 ? live : expected))
                continue;
            foreach (var warp in warps)
                warp.LeaveBarrier(id);
            released = true;
        }

        return released;
    }
}
