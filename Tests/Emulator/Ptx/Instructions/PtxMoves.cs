using System.Numerics;
using static Gqn.Native.Tests.Ptx.PtxLanes;

namespace Gqn.Native.Tests.Ptx;

/// <summary>mov with packing and unpacking, cvta between generic addresses and windows, memory fences.</summary>
internal static class PtxMoves
{
    /// <summary>Generic addresses of shared and local memory lie in windows beyond every allocation.</summary>
    public const ulong SharedWindow = 0x7E00_0000_0000_0000;

    public const ulong LocalWindow = 0x7D00_0000_0000_0000;

    public const ulong WindowSize = 1ul << 32;

    public static PtxOperation? Decode(PtxDecoder decoder, PtxInstruction instruction)
    {
        switch (instruction.Parts[0])
        {
            case "mov":
                return Move(decoder, instruction);
            case "cvta":
                return ConvertAddress(decoder, instruction);
            case "membar" or "fence":
                // The lanes of a block run in one order, so fences between blocks have nothing to reorder here.
                return (_, _) => { };
            default:
                return null;
        }
    }

    private static PtxOperation Move(PtxDecoder decoder, PtxInstruction instruction)
    {
        var operands = instruction.Operands;
        var type = PtxType.Parse(instruction.Parts[1]);
        if (operands[1] is PtxVectorOperand parts)
            return Pack(decoder, operands[0], parts, type);
        if (operands[0] is PtxVectorOperand targets)
            return Unpack(decoder, targets, operands[1], type);
        return Map(decoder.Destination(operands[0], type), decoder.Source(operands[1], type), x => x);
    }

    private static PtxOperation Pack(PtxDecoder decoder, PtxOperand target, PtxVectorOperand parts, PtxType type)
    {
        int count = parts.Elements.Length;
        var part = new PtxType(PtxKind.Untyped, type.Bits / count);
        int d = decoder.Destination(target, type);
        int[] slots = [.. parts.Elements.Select(element => decoder.Source(element, part))];
        return (warp, lanes) =>
        {
            ulong[] r = warp.Registers;
            for (uint rest = lanes; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                ulong value = 0;
                for (int i = count - 1; i >= 0; i--)
                    value = (value << part.Bits) | r[slots[i] + lane];
                r[d + lane] = value;
            }
        };
    }

    private static PtxOperation Unpack(PtxDecoder decoder, PtxVectorOperand targets, PtxOperand source, PtxType type)
    {
        var part = new PtxType(PtxKind.Untyped, type.Bits / targets.Elements.Length);
        int a = decoder.Source(source, type);
        int[] slots = [.. targets.Elements.Select(element => decoder.Destination(element, part))];
        return (warp, lanes) =>
        {
            ulong[] r = warp.Registers;
            for (uint rest = lanes; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                ulong value = r[a + lane];
                for (int i = 0; i < slots.Length; i++)
                    r[slots[i] + lane] = part.Truncate(value >> (i * part.Bits));
            }
        };
    }

    private static PtxOperation ConvertAddress(PtxDecoder decoder, PtxInstruction instruction)
    {
        PtxDecoder.Allow(instruction, "to", "shared", "global", "local", "const", "param");
        var type = PtxType.Parse(instruction.Parts[^1]);
        int d = decoder.Destination(instruction.Operands[0], type);
        int a = decoder.Source(instruction.Operands[1], type);
        ulong window = instruction.Has("shared") ? SharedWindow : instruction.Has("local") ? LocalWindow : 0;
        if (!instruction.Has("global") && window == 0)
            throw new PtxSyntaxException("this address space is not interpreted");
        return instruction.Has("to") ? Map(d, a, x => x - window) : Map(d, a, x => x + window);
    }
}
