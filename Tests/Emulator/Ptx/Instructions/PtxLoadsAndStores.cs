using System.Numerics;

namespace Gqn.Native.Tests.Ptx;

/// <summary>ld, st and integer atom, red in every space; addresses are checked to the byte.</summary>
internal static unsafe class PtxLoadsAndStores
{
    private static readonly Lock Atomics = new();

    public static PtxOperation? Decode(PtxDecoder decoder, PtxInstruction instruction)
    {
        string opcode = instruction.Parts[0];
        if (opcode is "prefetch" or "prefetchu")
            return (_, _) => { };
        if (opcode is not ("ld" or "st" or "ldu" or "atom" or "red"))
            return null;
        PtxDecoder.Allow(
            instruction, "global", "shared", "shared::cta", "local", "param", "v2", "v4", "volatile", "relaxed", "cta",
            "gpu", "sys", "weak", "ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc", "L2::128B", "L2::64B", "L2::256B",
            "add", "min", "max", "and", "or", "xor", "exch", "cas", "acquire", "release", "acq_rel");
        var type = PtxType.Parse(instruction.Parts[^1]);
        var space = Space(instruction);
        int count = instruction.Has("v4") ? 4 : instruction.Has("v2") ? 2 : 1;
        if (opcode is "atom" or "red")
            return Atomic(decoder, instruction, type, space);
        bool load = opcode != "st";
        var address = new PtxAddress(decoder, instruction.Operands[load ? 1 : 0], space);
        var values = instruction.Operands[load ? 0 : 1];
        var elements = values is PtxVectorOperand vector ? vector.Elements : [values];
        if (elements.Length != count)
            throw new PtxSyntaxException($"{count} elements are expected");
        return load ? Load(decoder, elements, address, type) : Store(decoder, elements, address, type);
    }

    private static PtxSpace Space(PtxInstruction instruction) =>
        instruction.Has("global") ? PtxSpace.Global
        : instruction.Has("shared") || instruction.Has("shared::cta") ? PtxSpace.Shared
        : instruction.Has("local") ? PtxSpace.Local
        : instruction.Has("param") ? PtxSpace.Param
        : PtxSpace.Generic;

    private static PtxOperation Load(PtxDecoder decoder, PtxOperand[] elements, PtxAddress address, PtxType type)
    {
        int size = type.Bits / 8;
        int[] slots = [.. elements.Select(element => decoder.Destination(element, type, wider: true))];
        // A signed value is sign-extended into a wider register.
        PtxType[] registers = [.. elements.Select(element =>
            element is PtxRegisterOperand register ? type with { Bits = register.Register.Bits } : type)];
        bool extend = type.Kind == PtxKind.Signed && registers.Any(register => register.Bits > type.Bits);
        return (warp, lanes) =>
        {
            ulong[] r = warp.Registers;
            address.Count(warp, lanes, size * slots.Length);
            for (uint rest = lanes; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                byte* source = address.Resolve(warp, lane, size * slots.Length, write: false);
                for (int i = 0; i < slots.Length; i++)
                {
                    ulong value = Read(source + (i * size), size);
                    r[slots[i] + lane] = extend ? registers[i].Truncate(type.Extend(value)) : value;
                }
            }
        };
    }

    private static PtxOperation Store(PtxDecoder decoder, PtxOperand[] elements, PtxAddress address, PtxType type)
    {
        int size = type.Bits / 8;
        int[] slots = [.. elements.Select(element => decoder.Source(element, type, wider: true))];
        return (warp, lanes) =>
        {
            ulong[] r = warp.Registers;
            address.Count(warp, lanes, size * slots.Length);
            for (uint rest = lanes; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                byte* target = address.Resolve(warp, lane, size * slots.Length, write: true);
                for (int i = 0; i < slots.Length; i++)
                    Write(target + (i * size), size, r[slots[i] + lane]);
            }
        };
    }

    private static PtxOperation Atomic(PtxDecoder decoder, PtxInstruction instruction, PtxType type, PtxSpace space)
    {
        if (!type.IsInteger || type.Bits < 32)
            throw new PtxSyntaxException("atomics on floats have no fixed order and are not interpreted");
        bool returns = instruction.Parts[0] == "atom";
        var operands = instruction.Operands[(returns ? 1 : 0)..];
        var address = new PtxAddress(decoder, operands[0], space);
        int d = returns ? decoder.Destination(instruction.Operands[0], type) : decoder.Program.NewSlot();
        int a = decoder.Source(operands[1], type);
        int b = operands.Length > 2 ? decoder.Source(operands[2], type) : a;
        bool signed = type.Kind == PtxKind.Signed;
        Func<ulong, ulong, ulong, ulong> update =
            instruction.Has("add") ? (old, x, _) => type.Truncate(old + x)
            : instruction.Has("min") ? (old, x, _) =>
                signed ? (long)type.Extend(x) < (long)type.Extend(old) ? x : old : Math.Min(old, x)
            : instruction.Has("max") ? (old, x, _) =>
                signed ? (long)type.Extend(x) > (long)type.Extend(old) ? x : old : Math.Max(old, x)
            : instruction.Has("and") ? (old, x, _) => old & x
            : instruction.Has("or") ? (old, x, _) => old | x
            : instruction.Has("xor") ? (old, x, _) => old ^ x
            : instruction.Has("exch") ? (_, x, _) => x
            : (old, x, y) => old == x ? y : old;
        int size = type.Bits / 8;
        return (warp, lanes) =>
        {
            ulong[] r = warp.Registers;
            lock (Atomics)
            {
                for (uint rest = lanes; rest != 0; rest &= rest - 1)
                {
                    int lane = BitOperations.TrailingZeroCount(rest);
                    byte* target = address.Resolve(warp, lane, size, write: true, atomic: true);
                    ulong old = Read(target, size);
                    Write(target, size, update(old, r[a + lane], r[b + lane]));
                    r[d + lane] = old;
                }
            }
        };
    }

    public static ulong Read(byte* source, int size) => size switch
    {
        4 => *(uint*)source,
        8 => *(ulong*)source,
        2 => *(ushort*)source,
        _ => *source,
    };

    public static void Write(byte* target, int size, ulong value)
    {
        switch (size)
        {
            case 4:
                *(uint*)target = (uint)value;
                break;
            case 8:
                *(ulong*)target = value;
                break;
            case 2:
                *(ushort*)target = (ushort)value;
                break;
            default:
                *target = (byte)value;
                break;
        }
    }
}
