using System.Numerics;

namespace Gqn.Native.Tests.Ptx;

/// <summary>Instructions that the lanes of a warp execute together: shfl, vote, bar.warp.sync, ldmatrix, mma.</summary>
internal static class PtxCollectives
{
    /// <summary>The operation and the slot of its member mask (-1: the whole warp); null for other opcodes.</summary>
    public static (PtxOperation Operation, int Members)? Decode(PtxDecoder decoder, PtxInstruction instruction)
    {
        var operands = instruction.Operands;
        switch (instruction.Parts[0])
        {
            case "shfl":
                PtxDecoder.Allow(instruction, "sync", "up", "down", "bfly", "idx");
                RequireSync(instruction);
                return (Shuffle(decoder, instruction), decoder.Source(operands[4], PtxType.B32));
            case "vote":
                PtxDecoder.Allow(instruction, "sync", "all", "any", "uni", "ballot");
                RequireSync(instruction);
                return (Vote(decoder, instruction), decoder.Source(operands[2], PtxType.B32));
            case "bar" or "barrier" when instruction.Has("warp"):
                return ((warp, _) => warp.SyncCount++, decoder.Source(operands[0], PtxType.B32));
            case "ldmatrix":
                return (PtxMatrixOperations.Load(decoder, instruction), -1);
            case "mma":
                return (PtxMatrixOperations.MultiplyAccumulate(decoder, instruction), -1);
            default:
                return null;
        }
    }

    private static void RequireSync(PtxInstruction instruction)
    {
        if (instruction.Parts[1] != "sync")
            throw new PtxSyntaxException("the form without .sync is gone since sm_70");
    }

    private static PtxOperation Shuffle(PtxDecoder decoder, PtxInstruction instruction)
    {
        var operands = instruction.Operands;
        var pair = operands[0] as PtxPairOperand;
        int d = decoder.Destination(pair?.First ?? operands[0], PtxType.B32);
        int p = pair is null ? -1 : decoder.Destination(pair.Second, PtxType.Predicate);
        int a = decoder.Source(operands[1], PtxType.B32);
        int b = decoder.Source(operands[2], PtxType.B32);
        int c = decoder.Source(operands[3], PtxType.B32);
        string mode = instruction.Parts[2];
        return (warp, lanes) =>
        {
            ulong[] r = warp.Registers;
            Span<ulong> values = stackalloc ulong[32];
            r.AsSpan(a, 32).CopyTo(values);
            for (uint rest = lanes; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                int segment = (int)(r[c + lane] >> 8) & 31;
                int clamp = (int)r[c + lane] & 31;
                int distance = (int)r[b + lane] & 31;
                int last = (lane & segment) | (clamp & ~segment);
                int source = mode switch
                {
                    "up" => lane - distance,
                    "down" => lane + distance,
                    "bfly" => lane ^ distance,
                    _ => (lane & segment) | (distance & ~segment),
                };
                bool inside = mode == "up" ? source >= last : source <= last;
                if (!inside)
                    source = lane;
                if (((lanes >> source) & 1) == 0)
                    throw warp.Fault(lane, $"takes a value from lane {source}, which is no member");
                r[d + lane] = values[source];
                if (p >= 0)
                    r[p + lane] = inside ? 1ul : 0;
            }
        };
    }

    private static PtxOperation Vote(PtxDecoder decoder, PtxInstruction instruction)
    {
        string mode = instruction.Parts[2];
        int d = decoder.Destination(
            instruction.Operands[0], mode == "ballot" ? PtxType.B32 : PtxType.Predicate);
        int a = PtxDecoder.Predicate(instruction.Operands[1], out bool negated);
        ulong flip = negated ? 1ul : 0;
        return (warp, lanes) =>
        {
            ulong[] r = warp.Registers;
            uint votes = 0;
            for (uint rest = lanes; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                votes |= (uint)((r[a + lane] ^ flip) & 1) << lane;
            }

            ulong result = mode switch
            {
                "all" => votes == lanes ? 1ul : 0,
                "any" => votes != 0 ? 1ul : 0,
                "uni" => votes == lanes || votes == 0 ? 1ul : 0,
                _ => votes,
            };
            for (uint rest = lanes; rest != 0; rest &= rest - 1)
                r[d + BitOperations.TrailingZeroCount(rest)] = result;
        };
    }
}
