using static Gqn.Native.Tests.Ptx.PtxLanes;

namespace Gqn.Native.Tests.Ptx;

/// <summary>setp, set, selp.</summary>
internal static class PtxComparisons
{
    private static readonly string[] Comparisons =
        ["eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs", "equ", "neu", "ltu", "leu", "gtu", "geu", "num",
         "nan"];

    public static PtxOperation? Decode(PtxDecoder decoder, PtxInstruction instruction)
    {
        var operands = instruction.Operands;
        switch (instruction.Parts[0])
        {
            case "selp":
                var type = PtxType.Parse(instruction.Parts[1]);
                int condition = PtxDecoder.Predicate(operands[3], out bool negated);
                ulong wanted = negated ? 0ul : 1;
                return Map(
                    decoder.Destination(operands[0], type), decoder.Source(operands[1], type),
                    decoder.Source(operands[2], type), condition, (x, y, p) => p == wanted ? x : y);
            case "setp":
                return SetPredicate(decoder, instruction);
            case "set":
                PtxDecoder.Allow(instruction, Comparisons);
                var result = PtxType.Parse(instruction.Parts[^2]);
                var compared = PtxType.Parse(instruction.Parts[^1]);
                ulong yes = result.Kind == PtxKind.Float ? Bits(1f) : result.Truncate(ulong.MaxValue);
                var compare = Compare(instruction.Parts[1], compared);
                return Map(
                    decoder.Destination(operands[0], result), decoder.Source(operands[1], compared),
                    decoder.Source(operands[2], compared), (x, y) => compare(x, y) ? yes : 0);
            default:
                return null;
        }
    }

    private static PtxOperation SetPredicate(PtxDecoder decoder, PtxInstruction instruction)
    {
        PtxDecoder.Allow(instruction, [.. Comparisons, "and", "or", "xor"]);
        var operands = instruction.Operands;
        var type = PtxType.Parse(instruction.Parts[^1]);
        var compare = Compare(instruction.Parts[1], type);
        var first = operands[0] is PtxPairOperand pair ? pair.First : operands[0];
        int d = decoder.Destination(first, PtxType.Predicate);
        int a = decoder.Source(operands[1], type);
        int b = decoder.Source(operands[2], type);
        if (operands.Length == 3 && operands[0] is not PtxPairOperand)
            return Map(d, a, b, (x, y) => compare(x, y) ? 1ul : 0);

        int c = decoder.Program.LiteralSlot(1);
        bool negated = false;
        string combine = "and";
        if (operands.Length == 4)
        {
            c = PtxDecoder.Predicate(operands[3], out negated);
            combine = instruction.Parts[2];
        }

        ulong flip = negated ? 1ul : 0;
        Func<bool, ulong, ulong> join = combine switch
        {
            "and" => (x, p) => (x ? 1ul : 0) & p,
            "or" => (x, p) => (x ? 1ul : 0) | p,
            _ => (x, p) => (x ? 1ul : 0) ^ p,
        };
        var direct = Map(d, a, b, c, (x, y, p) => join(compare(x, y), p ^ flip));
        if (operands[0] is not PtxPairOperand { Second: var second })
            return direct;

        // The second destination takes the negated comparison, combined with the same predicate.
        int opposite = decoder.Destination(second, PtxType.Predicate);
        int held = decoder.Program.NewSlot();
        var inverse = Map(held, a, b, c, (x, y, p) => join(!compare(x, y), p ^ flip));
        var copy = Map(opposite, held, x => x);
        return (warp, lanes) =>
        {
            inverse(warp, lanes);
            direct(warp, lanes);
            copy(warp, lanes);
        };
    }

    private static Func<ulong, ulong, bool> Compare(string comparison, PtxType type)
    {
        if (type is { Kind: PtxKind.Float, Bits: 32 })
        {
            var real = Real(comparison);
            return comparison switch
            {
                "lt" => (x, y) => ToSingle(x) < ToSingle(y),
                "ge" => (x, y) => ToSingle(x) >= ToSingle(y),
                _ => (x, y) => real(ToSingle(x), ToSingle(y)),
            };
        }

        if (type is { Kind: PtxKind.Float, Bits: 64 })
        {
            var real = Real(comparison);
            return (x, y) => real(ToDouble(x), ToDouble(y));
        }

        bool signed = type.Kind == PtxKind.Signed;
        return comparison switch
        {
            "eq" => (x, y) => x == y,
            "ne" => (x, y) => x != y,
            "lt" when signed => (x, y) => (long)type.Extend(x) < (long)type.Extend(y),
            "le" when signed => (x, y) => (long)type.Extend(x) <= (long)type.Extend(y),
            "gt" when signed => (x, y) => (long)type.Extend(x) > (long)type.Extend(y),
            "ge" when signed => (x, y) => (long)type.Extend(x) >= (long)type.Extend(y),
            "lt" or "lo" when type.Kind == PtxKind.Unsigned => (x, y) => x < y,
            "le" or "ls" when type.Kind == PtxKind.Unsigned => (x, y) => x <= y,
            "gt" or "hi" when type.Kind == PtxKind.Unsigned => (x, y) => x > y,
            "ge" or "hs" when type.Kind == PtxKind.Unsigned => (x, y) => x >= y,
            _ => throw new PtxSyntaxException("this comparison does not go with the type"),
        };
    }

    /// <summary>The forms ending in u also hold if an operand is NaN.</summary>
    private static Func<double, double, bool> Real(string comparison) => comparison switch
    {
        "eq" => (x, y) => x == y,
        "ne" => (x, y) => x < y || x > y,
        "lt" => (x, y) => x < y,
        "le" => (x, y) => x <= y,
        "gt" => (x, y) => x > y,
        "ge" => (x, y) => x >= y,
        "equ" => (x, y) => !(x < y || x > y),
        "neu" => (x, y) => x != y,
        "ltu" => (x, y) => !(x >= y),
        "leu" => (x, y) => !(x > y),
        "gtu" => (x, y) => !(x <= y),
        "geu" => (x, y) => !(x < y),
        "num" => (x, y) => !double.IsNaN(x) && !double.IsNaN(y),
        "nan" => (x, y) => double.IsNaN(x) || double.IsNaN(y),
        _ => throw new PtxSyntaxException("this comparison does not go with the type"),
    };
}
