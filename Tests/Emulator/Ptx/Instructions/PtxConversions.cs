using System.Numerics;
using static Gqn.Native.Tests.Ptx.PtxLanes;

namespace Gqn.Native.Tests.Ptx;

/// <summary>cvt between integers, f16, bf16, tf32, f32 and f64.</summary>
internal static class PtxConversions
{
    public static PtxOperation? Decode(PtxDecoder decoder, PtxInstruction instruction)
    {
        if (instruction.Parts[0] != "cvt")
            return null;
        PtxDecoder.Allow(instruction, "rn", "rna", "rz", "rzi", "rni", "rmi", "rpi", "sat");
        var operands = instruction.Operands;
        string targetName = instruction.Parts[^2];
        var target = PtxType.Parse(targetName);
        var source = PtxType.Parse(instruction.Parts[^1]);
        int d = decoder.Destination(operands[0], target, wider: true);
        int a = decoder.Source(operands[1], source, wider: true);
        if (targetName.EndsWith("x2", StringComparison.Ordinal))
        {
            // The first operand becomes the upper half.
            Func<float, ulong> half = targetName == "bf16x2" ? ToBFloat : ToHalf;
            Require(instruction, "rn");
            return Map(d, a, decoder.Source(operands[2], source), (high, low) =>
                (half(ToSingle(high)) << 16) | half(ToSingle(low)));
        }

        var register = operands[0] is PtxRegisterOperand { Register.Bits: var bits }
            ? target with { Bits = bits }
            : target;
        var convert = Convert(instruction, target, source);
        // A register wider than the type is sign- or zero-extended.
        return register.Bits > target.Bits
            ? Map(d, a, x => register.Truncate(target.Extend(convert(x))))
            : Map(d, a, convert);
    }

    public static ulong ToBFloat(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? 0x7FFFul : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    }

    public static float FromBFloat(ulong bits) => ToSingle(bits << 16);

    public static ulong ToHalf(float value) => BitConverter.HalfToUInt16Bits((Half)value);

    public static float FromHalf(ulong bits) => (float)BitConverter.UInt16BitsToHalf((ushort)bits);

    /// <summary>The nearest value with ten bits of mantissa, ties away from zero.</summary>
    public static ulong ToTensorFloat(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsFinite(value) ? (bits + 0x1000) & 0xFFFF_E000 : bits;
    }

    private static void Require(PtxInstruction instruction, string rounding)
    {
        if (instruction.Parts[1] != rounding || instruction.Parts.Length != 4)
            throw new PtxSyntaxException($"only .{rounding} is interpreted for these types");
    }

    private static Func<ulong, ulong> Convert(PtxInstruction instruction, PtxType target, PtxType source)
    {
        bool saturate = instruction.Has("sat");
        if (target.Kind == PtxKind.TensorFloat)
        {
            Require(instruction, "rna");
            return x => ToTensorFloat(ToSingle(x));
        }

        if (target.IsInteger && source.IsInteger)
        {
            return saturate
                ? x => Saturate(source.Extend(x), source.Kind == PtxKind.Signed, target)
                : x => target.Truncate(source.Extend(x));
        }

        var round = Round(instruction);
        if (target.IsInteger)
        {
            var read = Reader(source);
            return x => Clamp(round(read(x)), target);
        }

        Func<double, double> limit = saturate ? x => x > 0 ? Math.Min(x, 1) : 0 : x => x;
        if (source.IsInteger)
        {
            // A single rounding from the integer: via double it would be two for 64 bits.
            bool signed = source.Kind == PtxKind.Signed;
            return target.Bits == 32
                ? x => Bits((float)limit(signed ? (long)source.Extend(x) : (float)source.Extend(x)))
                : x => Bits(limit(signed ? (long)source.Extend(x) : (double)source.Extend(x)));
        }

        var real = Reader(source);
        var write = Writer(target);
        return x => write(limit(round(real(x))));
    }

    private static Func<double, double> Round(PtxInstruction instruction) =>
        instruction.Has("rzi") ? Math.Truncate
        : instruction.Has("rni") ? x => Math.Round(x, MidpointRounding.ToEven)
        : instruction.Has("rmi") ? Math.Floor
        : instruction.Has("rpi") ? Math.Ceiling
        : instruction.Has("rz") ? throw new PtxSyntaxException("the rounding .rz is not interpreted")
        : x => x;

    private static Func<ulong, double> Reader(PtxType type) => type switch
    {
        { Kind: PtxKind.Float, Bits: 32 } => x => ToSingle(x),
        { Kind: PtxKind.Float, Bits: 64 } => ToDouble,
        { Kind: PtxKind.Float, Bits: 16 } => x => FromHalf(x),
        { Kind: PtxKind.BFloat, Bits: 16 } => x => FromBFloat(x),
        _ => throw new PtxSyntaxException("this type is not interpreted"),
    };

    private static Func<double, ulong> Writer(PtxType type) => type switch
    {
        { Kind: PtxKind.Float, Bits: 32 } => x => Bits((float)x),
        { Kind: PtxKind.Float, Bits: 64 } => Bits,
        { Kind: PtxKind.Float, Bits: 16 } => x => ToHalf((float)x),
        { Kind: PtxKind.BFloat, Bits: 16 } => x => ToBFloat((float)x),
        _ => throw new PtxSyntaxException("this type is not interpreted"),
    };

    /// <summary>Out-of-range values saturate at the type's limits; NaN becomes zero.</summary>
    private static ulong Clamp(double value, PtxType type)
    {
        if (double.IsNaN(value))
            return 0;
        bool signed = type.Kind == PtxKind.Signed;
        double end = Math.ScaleB(1, signed ? type.Bits - 1 : type.Bits);
        if (value >= end)
            return type.Truncate(signed ? (1ul << (type.Bits - 1)) - 1 : ulong.MaxValue);
        return signed
            ? type.Truncate((ulong)(long)Math.Max(value, -end))
            : (ulong)Math.Max(value, 0);
    }

    private static ulong Saturate(ulong extended, bool signedSource, PtxType target)
    {
        var value = signedSource ? new BigInteger((long)extended) : new BigInteger(extended);
        bool signed = target.Kind == PtxKind.Signed;
        var high = (BigInteger.One << (signed ? target.Bits - 1 : target.Bits)) - 1;
        var low = signed ? -high - 1 : 0;
        var clamped = BigInteger.Clamp(value, low, high);
        return target.Truncate(signed ? (ulong)(long)clamped : (ulong)clamped);
    }
}
