using System.Numerics;
using static Gqn.Native.Tests.Ptx.PtxLanes;

namespace Gqn.Native.Tests.Ptx;

/// <summary>and, or, xor, not, shl, shr, bfe, bfi, popc, clz, brev, prmt, lop3, shf.</summary>
internal static class PtxBitOperations
{
    public static PtxOperation? Decode(PtxDecoder decoder, PtxInstruction instruction)
    {
        string opcode = instruction.Parts[0];
        var o = instruction.Operands;
        if (opcode is not ("and" or "or" or "xor" or "not" or "shl" or "shr" or "bfe" or "bfi" or "popc" or "clz"
            or "brev" or "prmt" or "lop3" or "shf"))
            return null;
        var type = PtxType.Parse(instruction.Parts[^1]);
        PtxDecoder.Allow(instruction, "l", "r", "wrap", "clamp");
        int d = decoder.Destination(o[0], opcode is "popc" or "clz" ? PtxType.B32 : type);
        int Operand(int index, PtxType t) => type.Kind == PtxKind.Predicate
            ? Positive(decoder, o[index])
            : decoder.Source(o[index], t);
        int a = Operand(1, type);
        int bits = type.Bits;
        switch (opcode)
        {
            case "not":
                return Map(d, a, x => type.Truncate(~x));
            case "and":
                return Map(d, a, Operand(2, type), (x, y) => x & y);
            case "or":
                return Map(d, a, Operand(2, type), (x, y) => x | y);
            case "xor":
                return Map(d, a, Operand(2, type), (x, y) => x ^ y);
            // Shift counts are 32-bit and clamp at the width.
            case "shl":
                return Map(d, a, Operand(2, PtxType.B32), (x, n) => n >= (ulong)bits ? 0 : type.Truncate(x << (int)n));
            case "shr":
                return Map(d, a, Operand(2, PtxType.B32), (x, n) => type.Kind == PtxKind.Signed
                    ? type.Truncate((ulong)((long)type.Extend(x) >> (int)Math.Min(n, 63)))
                    : n >= (ulong)bits ? 0 : x >> (int)n);
            case "popc":
                return Map(d, a, x => (ulong)BitOperations.PopCount(x));
            case "clz":
                return Map(d, a, x => (ulong)(BitOperations.LeadingZeroCount(x) - 64 + bits));
            case "brev":
                return Map(d, a, x => Reverse(x) >> (64 - bits));
            case "bfe":
                return Map(d, a, Operand(2, PtxType.B32), Operand(3, PtxType.B32), (x, position, length) =>
                    Extract(type, x, (int)(position & 0xFF), (int)(length & 0xFF)));
            case "bfi":
                return Insert(d, a, Operand(2, type), Operand(3, PtxType.B32), Operand(4, PtxType.B32), bits);
            case "prmt" when instruction.Parts.Length == 2:
                return Map(d, a, Operand(2, type), Operand(3, type), Permute);
            case "lop3":
                byte table = (byte)((PtxLiteral)o[4]).Bits;
                return Map(d, a, Operand(2, type), Operand(3, type), (x, y, z) => Lookup(table, x, y, z));
            case "shf":
                bool left = instruction.Has("l");
                bool wrap = instruction.Has("wrap");
                return Map(d, a, Operand(2, type), Operand(3, PtxType.B32), (low, high, n) =>
                {
                    int count = (int)(wrap ? n & 31 : Math.Min(n, 32));
                    ulong both = low | (high << 32);
                    return (uint)(left ? both << count >> 32 : both >> count);
                });
            default:
                throw new PtxSyntaxException("this form is not interpreted");
        }
    }

    private static int Positive(PtxDecoder decoder, PtxOperand operand)
    {
        int slot = PtxDecoder.Predicate(operand, out bool negated);
        return negated ? throw new PtxSyntaxException("a negated predicate is not interpreted here") : slot;
    }

    private static ulong Reverse(ulong x)
    {
        ulong reversed = 0;
        for (int bit = 0; bit < 64; bit++)
            reversed |= ((x >> bit) & 1) << (63 - bit);
        return reversed;
    }

    /// <summary>Bits above the field repeat its sign, which is the word's own if the field runs past it.</summary>
    private static ulong Extract(PtxType type, ulong x, int position, int length)
    {
        if (length == 0)
            return 0;
        int signBit = Math.Min(position + length - 1, type.Bits - 1);
        ulong fill = type.Kind == PtxKind.Signed && ((x >> signBit) & 1) != 0 ? ulong.MaxValue : 0;
        ulong field = position >= type.Bits ? fill : x >> position;
        int valid = Math.Min(length, Math.Max(type.Bits - position, 0));
        ulong mask = valid >= 64 ? ulong.MaxValue : (1ul << valid) - 1;
        return type.Truncate((field & mask) | (fill & ~mask));
    }

    private static PtxOperation Insert(int d, int a, int b, int position, int length, int bits) => (warp, lanes) =>
    {
        ulong[] r = warp.Registers;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            int at = (int)(r[position + lane] & 0xFF);
            int count = Math.Min((int)(r[length + lane] & 0xFF), Math.Max(bits - at, 0));
            ulong mask = at >= bits ? 0 : (count >= 64 ? ulong.MaxValue : (1ul << count) - 1) << at;
            r[d + lane] = (r[b + lane] & ~mask) | (at >= bits ? 0 : (r[a + lane] << at) & mask);
        }
    };

    private static ulong Permute(ulong x, ulong y, ulong selector)
    {
        ulong bytes = x | (y << 32);
        ulong result = 0;
        for (int i = 0; i < 4; i++)
        {
            int nibble = (int)(selector >> (4 * i)) & 0xF;
            ulong picked = (bytes >> (8 * (nibble & 7))) & 0xFF;
            if ((nibble & 8) != 0)
                picked = (picked & 0x80) != 0 ? 0xFFul : 0;
            result |= picked << (8 * i);
        }

        return result;
    }

    private static ulong Lookup(byte table, ulong x, ulong y, ulong z)
    {
        ulong result = 0;
        for (int row = 0; row < 8; row++)
        {
            if (((table >> row) & 1) != 0)
                result |= ((row & 4) != 0 ? x : ~x) & ((row & 2) != 0 ? y : ~y) & ((row & 1) != 0 ? z : ~z);
        }

        return (uint)result;
    }
}
