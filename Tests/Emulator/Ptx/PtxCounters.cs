using System.Numerics;

namespace Gqn.Native.Tests.Ptx;

/// <summary>
/// The requests of a launch to the memory system, counted exactly: the part of a kernel's speed that needs no device.
/// </summary>
internal sealed class PtxCounters
{
    /// <summary>Loads, stores and asynchronous copies of whole warps from or to global memory.</summary>
    public long GlobalRequests { get; private set; }

    /// <summary>Sectors of 32 bytes that they touch; four per request of 4-byte words is perfect.</summary>
    public long GlobalSectors { get; private set; }

    /// <summary>Rounds that shared memory needs if no two lanes of a round use the same bank.</summary>
    public long SharedRounds { get; private set; }

    /// <summary>Additional rounds, because different words lie in the same one of the 32 banks of 4 bytes.</summary>
    public long SharedConflicts { get; private set; }

    /// <summary>mma instructions of whole warps.</summary>
    public long MatrixProducts { get; set; }

    public void Add(PtxCounters other)
    {
        GlobalRequests += other.GlobalRequests;
        GlobalSectors += other.GlobalSectors;
        SharedRounds += other.SharedRounds;
        SharedConflicts += other.SharedConflicts;
        MatrixProducts += other.MatrixProducts;
    }

    /// <summary>
    /// One request of a warp to global memory. Blocks count as aligned, which they are on a device but may not be here.
    /// </summary>
    public void Global(PtxWarp warp, uint lanes, PtxAddress address, int bytes)
    {
        Span<ulong> sectors = stackalloc ulong[64];
        int count = 0;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            ulong at = address.Value(warp, BitOperations.TrailingZeroCount(rest));
            at -= (warp.Block.Find(at, bytes)?.Start ?? 0) % PtxMemory.Granule;
            sectors[count++] = at / 32;
            sectors[count++] = (at + (ulong)bytes - 1) / 32;
        }

        GlobalRequests++;
        GlobalSectors += Distinct(sectors[..count]);
    }

    /// <summary>
    /// One request of a warp to shared memory. Accesses of 8 bytes are served by half warps, of 16 by quarters.
    /// </summary>
    public void Shared(PtxWarp warp, uint lanes, PtxAddress address, int bytes)
    {
        int lanesPerRound = bytes <= 4 ? 32 : 128 / bytes;
        Span<ulong> words = stackalloc ulong[32];
        Span<int> banks = stackalloc int[32];
        for (int first = 0; first < 32; first += lanesPerRound)
        {
            int count = 0;
            for (int lane = first; lane < first + lanesPerRound; lane++)
            {
                if (((lanes >> lane) & 1) == 0)
                    continue;
                ulong at = address.Value(warp, lane);
                for (ulong word = at / 4; word <= (at + (ulong)bytes - 1) / 4; word++)
                    words[count++] = word;
            }

            if (count == 0)
                continue;
            count = Distinct(words[..count]);
            banks.Clear();
            foreach (ulong word in words[..count])
                banks[(int)(word % 32)]++;
            int most = 0;
            foreach (int bank in banks)
                most = Math.Max(most, bank);
            SharedRounds++;
            SharedConflicts += most - 1;
        }
    }

    /// <summary>Moves the distinct values to the front and returns their number.</summary>
    private static int Distinct(Span<ulong> values)
    {
        values.Sort();
        int count = 0;
        foreach (ulong value in values)
        {
            if (count == 0 || values[count - 1] != value)
                values[count++] = value;
        }

        return count;
    }
}
