using System.Globalization;

namespace Gqn.Native.Tests.Ptx;

/// <summary>Reads operands: registers, literals, symbols, vectors, addresses, labels, d|p pairs.</summary>
internal sealed class PtxOperandParser(PtxLexer lexer, PtxProgram program)
{
    public Dictionary<string, PtxSymbol> Symbols { get; } = [];

    public PtxOperand Parse(PtxScope scope)
    {
        var operand = ParseOne(scope);
        return lexer.TryTake("|") ? new PtxPairOperand(operand, ParseOne(scope)) : operand;
    }

    private PtxOperand ParseOne(PtxScope scope)
    {
        if (lexer.TryTake("{"))
        {
            var elements = new List<PtxOperand>();
            do
                elements.Add(ParseOne(scope));
            while (lexer.TryTake(","));
            lexer.Expect("}");
            return new PtxVectorOperand([.. elements]);
        }

        if (lexer.TryTake("["))
        {
            var address = ParseOne(scope);
            long offset = ParseOffset();
            lexer.Expect("]");
            return address is PtxSymbolOperand symbol
                ? new PtxAddressOperand(symbol with { Offset = 0 }, symbol.Offset + offset)
                : new PtxAddressOperand(address, offset);
        }

        bool negated = lexer.TryTake("!");
        bool minus = lexer.TryTake("-");
        string word = lexer.Take();
        if (char.IsAsciiDigit(word[0]))
            return ParseLiteral(word, minus);
        if (scope.Find(word, s => s.Registers) is { } register)
            return new PtxRegisterOperand(register, negated);
        if (PtxSpecialRegisters.IsSpecial(word))
            return new PtxRegisterOperand(program.Special(word), false);
        if (Symbols.TryGetValue(word, out var named))
            return new PtxSymbolOperand(named, ParseOffset());
        if (word == "_")
            return new PtxSinkOperand();
        if (word[0] == '%' || negated || minus)
            throw new PtxSyntaxException($"PTX line {lexer.Line}: {word} is not declared here.");
        return new PtxLabelOperand(word);
    }

    private long ParseOffset()
    {
        long offset = 0;
        while (lexer.Peek is "+" or "-")
        {
            long sign = lexer.Take() == "-" ? -1 : 1;
            if (lexer.TryTake("-"))
                sign = -sign;
            offset += sign * (long)ParseInteger(lexer.Take());
        }

        return offset;
    }

    private PtxLiteral ParseLiteral(string word, bool minus)
    {
        string lower = word.ToLowerInvariant();
        if (lower.StartsWith("0f", StringComparison.Ordinal) && lower.Length == 10)
            return new PtxLiteral(Convert.ToUInt64(lower[2..], 16) ^ (minus ? 0x8000_0000ul : 0), 32);
        if (lower.StartsWith("0d", StringComparison.Ordinal) && lower.Length == 18)
            return new PtxLiteral(Convert.ToUInt64(lower[2..], 16) ^ (minus ? 1ul << 63 : 0), 64);
        if (lower.Contains('.'))
        {
            double value = double.Parse(word, CultureInfo.InvariantCulture);
            return new PtxLiteral(BitConverter.DoubleToUInt64Bits(minus ? -value : value), 64);
        }

        ulong bits = ParseInteger(word);
        return new PtxLiteral(minus ? unchecked(0 - bits) : bits, 0);
    }

    private ulong ParseInteger(string word)
    {
        string digits = word.TrimEnd('U', 'u');
        try
        {
            return digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? Convert.ToUInt64(digits[2..], 16)
                : digits.StartsWith("0b", StringComparison.OrdinalIgnoreCase) ? Convert.ToUInt64(digits[2..], 2)
                : ulong.Parse(digits, CultureInfo.InvariantCulture);
        }
        catch (FormatException)
        {
            throw new PtxSyntaxException($"PTX line {lexer.Line}: {word} is no number.");
        }
    }
}
