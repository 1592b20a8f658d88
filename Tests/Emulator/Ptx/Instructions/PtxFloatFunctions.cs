using static Gqn.Native.Tests.Ptx.PtxLanes;

namespace Gqn.Native.Tests.Ptx;

/// <summary>
/// rcp, sqrt, rsqrt, ex2, lg2, sin, cos, tanh, copysign, testp. The .approx forms are computed to within half a unit in
/// the last place or, on demand, with the largest error that the ISA allows a device, up or down depending on the bits
/// of the operand.
/// </summary>
internal static class PtxFloatFunctions
{
    public static PtxOperation? Decode(PtxDecoder decoder, PtxInstruction instruction)
    {
        string opcode = instruction.Parts[0];
        var operands = instruction.Operands;
        if (opcode == "testp")
            return Test(decoder, instruction);
        if (opcode is not ("rcp" or "sqrt" or "rsqrt" or "ex2" or "lg2" or "sin" or "cos" or "tanh" or "copysign"))
            return null;
        PtxDecoder.Allow(instruction, "rn", "approx");
        var type = PtxType.Parse(instruction.Parts[^1]);
        if (type.Kind != PtxKind.Float || type.Bits == 16)
            throw new PtxSyntaxException("this type is not interpreted");
        int d = decoder.Destination(operands[0], type);
        int a = decoder.Source(operands[1], type);
        if (opcode == "copysign")
        {
            // The sign of the first, the magnitude of the second.
            ulong sign = 1ul << (type.Bits - 1);
            return Map(d, a, decoder.Source(operands[2], type), (x, y) => (x & sign) | (y & ~sign));
        }

        Func<double, double> function = opcode switch
        {
            "rcp" => x => 1 / x,
            "sqrt" => Math.Sqrt,
            "rsqrt" => x => 1 / Math.Sqrt(x),
            "ex2" => x => Math.Pow(2, x),
            "lg2" => Math.Log2,
            "sin" => Math.Sin,
            "cos" => Math.Cos,
            _ => Math.Tanh,
        };
        if (decoder.WorstApproximations && instruction.Has("approx") && type.Bits == 32)
            return Map(d, a, x => Bits((float)Err(opcode, ToSingle(x), function(ToSingle(x)))));
        return type.Bits == 32
            ? Map(d, a, x => Bits((float)function(ToSingle(x))))
            : Map(d, a, x => Bits(function(ToDouble(x))));
    }

    /// <summary>The value as far from the exact one as the ISA's table of the instruction allows.</summary>
    private static double Err(string opcode, float x, double exact)
    {
        // Zeros, infinities and NaN are exact by the tables, and powers of two are on existing devices.
        if (exact is 0 or 1 || !double.IsFinite(exact))
            return exact;
        double bound = opcode switch
        {
            "ex2" => Math.Abs(exact) * Math.ScaleB(1, -22),
            "lg2" => Math.ScaleB(1, -22) * (x is > 0.5f and < 2 ? 1 : Math.Abs(exact)),
            "sin" or "cos" => Math.Pow(2, -20.5),
            "tanh" => Math.Abs(exact) * Math.ScaleB(1, -11),
            _ => Math.Abs(exact) * Math.ScaleB(1, -22),
        };
        return (System.Numerics.BitOperations.PopCount(BitConverter.SingleToUInt32Bits(x)) & 1) == 0
            ? exact + bound
            : exact - bound;
    }

    private static PtxOperation Test(PtxDecoder decoder, PtxInstruction instruction)
    {
        var type = PtxType.Parse(instruction.Parts[^1]);
        Func<double, bool> property = instruction.Parts[1] switch
        {
            "finite" => double.IsFinite,
            "infinite" => double.IsInfinity,
            "number" => x => !double.IsNaN(x),
            "notanumber" => double.IsNaN,
            _ => throw new PtxSyntaxException("this property is not interpreted"),
        };
        int d = decoder.Destination(instruction.Operands[0], PtxType.Predicate);
        int a = decoder.Source(instruction.Operands[1], type);
        return type.Bits == 32
            ? Map(d, a, x => property(ToSingle(x)) ? 1ul : 0)
            : Map(d, a, x => property(ToDouble(x)) ? 1ul : 0);
    }
}
