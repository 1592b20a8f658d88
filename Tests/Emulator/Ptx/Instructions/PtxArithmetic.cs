using static Gqn.Native.Tests.Ptx.PtxLanes;

namespace Gqn.Native.Tests.Ptx;

/// <summary>add, sub, mul, mad, fma, div, rem, neg, abs, min, max of integers, f32 and f64.</summary>
internal static class PtxArithmetic
{
    private static readonly string[] Opcodes =
        ["add", "sub", "mul", "mad", "fma", "div", "rem", "neg", "abs", "min", "max"];

    public static PtxOperation? Decode(PtxDecoder decoder, PtxInstruction instruction)
    {
        string opcode = instruction.Parts[0];
        if (!Opcodes.Contains(opcode))
            return null;
        var type = PtxType.Parse(instruction.Parts[^1]);
        if (type.IsInteger)
            PtxDecoder.Allow(instruction, "lo", "hi", "wide");
        else
            PtxDecoder.Allow(instruction, "rn", "full", "approx");
        var result = instruction.Has("wide") ? new PtxType(type.Kind, type.Bits * 2) : type;
        var operands = instruction.Operands;
        int d = decoder.Destination(operands[0], result);
        int a = decoder.Source(operands[1], type);
        if (opcode is "neg" or "abs")
            return Map(d, a, Unary(opcode, type));
        int b = decoder.Source(operands[2], type);
        if (opcode is not ("mad" or "fma"))
        {
            return Map(d, a, b, type switch
            {
                { Kind: PtxKind.Float, Bits: 32 } => Single(opcode),
                { Kind: PtxKind.Float, Bits: 64 } => Double(opcode),
                { IsInteger: true } => Integer(opcode, type, instruction),
                _ => throw new PtxSyntaxException("this type is not interpreted"),
            });
        }

        int c = decoder.Source(operands[3], result);
        if (type is { Kind: PtxKind.Float, Bits: 32 })
            return Map(d, a, b, c, (x, y, z) => Bits(FusedMultiplyAdd(ToSingle(x), ToSingle(y), ToSingle(z))));
        if (type is { Kind: PtxKind.Float, Bits: 64 })
            return Map(d, a, b, c, (x, y, z) => Bits(Math.FusedMultiplyAdd(ToDouble(x), ToDouble(y), ToDouble(z))));
        if (!type.IsInteger)
            throw new PtxSyntaxException("this type is not interpreted");
        var product = Integer("mul", type, instruction);
        return Map(d, a, b, c, (x, y, z) => result.Truncate(product(x, y) + z));
    }

    /// <summary>a * b + c rounded once.</summary>
    public static float FusedMultiplyAdd(float a, float b, float c) =>
#pragma warning disable RS0030 // The ban is for kernels; this runs on the processor, which has the instruction.
        MathF.FusedMultiplyAdd(a, b, c);
#pragma warning restore RS0030

    private static Func<ulong, ulong> Unary(string opcode, PtxType type) => (opcode, type) switch
    {
        ("neg", { Kind: PtxKind.Float, Bits: 32 or 64 }) => x => x ^ (1ul << (type.Bits - 1)),
        ("abs", { Kind: PtxKind.Float, Bits: 32 or 64 }) => x => x & ((1ul << (type.Bits - 1)) - 1),
        ("neg", { Kind: PtxKind.Signed }) => x => type.Truncate(0 - x),
        ("abs", { Kind: PtxKind.Signed }) =>
            x => (long)type.Extend(x) < 0 ? type.Truncate(0 - x) : x,
        _ => throw new PtxSyntaxException("this type is not interpreted"),
    };

    private static Func<ulong, ulong, ulong> Single(string opcode) => opcode switch
    {
        "add" => (x, y) => Bits(ToSingle(x) + ToSingle(y)),
        "sub" => (x, y) => Bits(ToSingle(x) - ToSingle(y)),
        "mul" => (x, y) => Bits(ToSingle(x) * ToSingle(y)),
        "div" => (x, y) => Bits(ToSingle(x) / ToSingle(y)),
        // The ISA returns the operand that is a number; float.Min and Max would return the NaN.
        "min" => (x, y) => Bits(float.MinNumber(ToSingle(x), ToSingle(y))),
        "max" => (x, y) => Bits(float.MaxNumber(ToSingle(x), ToSingle(y))),
        _ => throw new PtxSyntaxException("this type is not interpreted"),
    };

    private static Func<ulong, ulong, ulong> Double(string opcode) => opcode switch
    {
        "add" => (x, y) => Bits(ToDouble(x) + ToDouble(y)),
        "sub" => (x, y) => Bits(ToDouble(x) - ToDouble(y)),
        "mul" => (x, y) => Bits(ToDouble(x) * ToDouble(y)),
        "div" => (x, y) => Bits(ToDouble(x) / ToDouble(y)),
        "min" => (x, y) => Bits(double.MinNumber(ToDouble(x), ToDouble(y))),
        "max" => (x, y) => Bits(double.MaxNumber(ToDouble(x), ToDouble(y))),
        _ => throw new PtxSyntaxException("this type is not interpreted"),
    };

    private static Func<ulong, ulong, ulong> Integer(string opcode, PtxType type, PtxInstruction instruction)
    {
        bool signed = type.Kind == PtxKind.Signed;
        switch (opcode)
        {
            case "add":
                return (x, y) => type.Truncate(x + y);
            case "sub":
                return (x, y) => type.Truncate(x - y);
            case "mul" when instruction.Has("wide"):
                PtxType wide = new(type.Kind, type.Bits * 2);
                return type.Bits is 16 or 32
                    ? (x, y) => wide.Truncate(type.Extend(x) * type.Extend(y))
                    : throw new PtxSyntaxException(".wide takes 16 or 32 bits");
            case "mul" when instruction.Has("hi"):
                if (type.Bits == 64)
                {
                    return signed
                        ? (x, y) => (ulong)Math.BigMul((long)x, (long)y, out _)
                        : (x, y) => Math.BigMul(x, y, out _);
                }

                return (x, y) => type.Truncate((type.Extend(x) * type.Extend(y)) >> type.Bits);
            case "mul" when instruction.Has("lo"):
                return (x, y) => type.Truncate(x * y);
            // NVIDIA's devices return all ones for a zero divisor; the ISA leaves the result open.
            case "div":
                return signed
                    ? (x, y) => type.Truncate(y == 0 ? ulong.MaxValue : DivideSigned(type.Extend(x), type.Extend(y)))
                    : (x, y) => y == 0 ? type.Truncate(ulong.MaxValue) : x / y;
            case "rem":
                return signed
                    ? (x, y) => type.Truncate(
                        y == 0 ? ulong.MaxValue : x - (y * DivideSigned(type.Extend(x), type.Extend(y))))
                    : (x, y) => y == 0 ? type.Truncate(ulong.MaxValue) : x % y;
            case "min":
                return signed
                    ? (x, y) => (long)type.Extend(x) < (long)type.Extend(y) ? x : y
                    : Math.Min;
            case "max":
                return signed
                    ? (x, y) => (long)type.Extend(x) > (long)type.Extend(y) ? x : y
                    : Math.Max;
            default:
                throw new PtxSyntaxException("an integer product needs .lo, .hi or .wide");
        }
    }

    /// <summary>Toward zero; the smallest value by -1 wraps instead of trapping.</summary>
    private static ulong DivideSigned(ulong x, ulong y) => y == ulong.MaxValue ? 0 - x : (ulong)((long)x / (long)y);
}
