using System.Numerics;

namespace Gqn.Native.Tests.Ptx;

/// <summary>Executes one instruction for the given lanes of a warp.</summary>
internal delegate void PtxOperation(PtxWarp warp, uint lanes);

internal enum PtxStepKind { Plain, Branch, IndexedBranch, Exit, Barrier, Collective }

/// <summary>A decoded instruction.</summary>
/// <param name="Target">For a branch: the index of the step it goes to.</param>
/// <param name="Members">For a collective: slot of the mask of lanes that take part, or -1 for all 32.</param>
internal sealed record PtxStep(
    PtxInstruction Source, PtxStepKind Kind, PtxOperation? Execute, int Target, int Members)
{
    /// <summary>Slot of the guarding predicate, or -1.</summary>
    public int Guard { get; } = Source.Guard?.Register.Slot ?? -1;

    public bool GuardNegated { get; } = Source.Guard?.Negated ?? false;

    /// <summary>Position in the program.</summary>
    public int Index { get; init; }
}

/// <summary>Turns parsed instructions into steps; each family of instructions has its own file.</summary>
internal sealed class PtxDecoder(PtxProgram program, bool worstApproximations)
{
    public PtxProgram Program => program;

    /// <summary>Whether .approx instructions err as far as the ISA allows.</summary>
    public bool WorstApproximations => worstApproximations;

    public static PtxStep[] Decode(PtxProgram program, bool worstApproximations)
    {
        var decoder = new PtxDecoder(program, worstApproximations);
        return [.. program.Instructions.Select((instruction, index) => decoder.Decode(instruction, index))];
    }

    private PtxStep Decode(PtxInstruction instruction, int index)
    {
        try
        {
            var step = Flow(instruction);
            if (step is null && PtxCollectives.Decode(this, instruction) is { } collective)
                step = new PtxStep(
                    instruction, PtxStepKind.Collective, collective.Operation, -1, collective.Members);
            var operation = step is not null ? null
                : PtxArithmetic.Decode(this, instruction)
                ?? PtxFloatFunctions.Decode(this, instruction)
                ?? PtxBitOperations.Decode(this, instruction)
                ?? PtxComparisons.Decode(this, instruction)
                ?? PtxMoves.Decode(this, instruction)
                ?? PtxConversions.Decode(this, instruction)
                ?? PtxLoadsAndStores.Decode(this, instruction)
                ?? PtxAsyncCopies.Decode(this, instruction)
                ?? throw new PtxSyntaxException("this instruction is not interpreted");
            step ??= new PtxStep(instruction, PtxStepKind.Plain, operation, -1, -1);
            return step with { Index = index };
        }
        catch (PtxSyntaxException exception)
        {
            throw new PtxSyntaxException(
                $"{program.Name}, PTX line {instruction.Line}, '{instruction.Text}': {exception.Message}");
        }
    }

    private PtxStep? Flow(PtxInstruction instruction)
    {
        switch (instruction.Parts[0])
        {
            case "bra":
                int target = Target(instruction, instruction.Operands[0]);
                return new PtxStep(instruction, PtxStepKind.Branch, null, target, -1);
            case "brx":
                string table = ((PtxLabelOperand)instruction.Operands[1]).Name;
                int[] targets = [.. (instruction.Scope.Find(table, scope => scope.BranchTables)
                    ?? throw new PtxSyntaxException($"{table} is no branch table")).Select(
                        label => Target(instruction, new PtxLabelOperand(label)))];
                int index = Source(instruction.Operands[0], PtxType.B32);
                return new PtxStep(instruction, PtxStepKind.IndexedBranch, (warp, lanes) =>
                {
                    for (uint rest = lanes; rest != 0; rest &= rest - 1)
                    {
                        int lane = BitOperations.TrailingZeroCount(rest);
                        ulong at = warp.Registers[index + lane];
                        warp.Counters[lane] = at < (ulong)targets.Length
                            ? targets[at]
                            : throw warp.Fault(lane, $"branches to entry {at} of {targets.Length}");
                    }
                }, -1, -1);
            case "ret" or "exit":
                return new PtxStep(instruction, PtxStepKind.Exit, null, -1, -1);
            case "bar" or "barrier" when !instruction.Has("warp"):
                Allow(instruction, "sync", "cta", "aligned");
                return new PtxStep(instruction, PtxStepKind.Barrier, PtxBarriers.Arrive(this, instruction), -1, -1);
            default:
                return null;
        }
    }

    private static int Target(PtxInstruction instruction, PtxOperand operand)
    {
        string name = operand is PtxLabelOperand label
            ? label.Name
            : throw new PtxSyntaxException("a label is expected");
        for (var scope = instruction.Scope; scope is not null; scope = scope.Parent)
        {
            if (scope.Labels.TryGetValue(name, out int index))
                return index;
        }

        throw new PtxSyntaxException($"the label {name} is not defined");
    }

    /// <summary>Refuses qualifiers whose effect would silently be ignored.</summary>
    public static void Allow(PtxInstruction instruction, params ReadOnlySpan<string> qualifiers)
    {
        foreach (string part in instruction.Parts.AsSpan(1))
        {
            if (!qualifiers.Contains(part) && !PtxType.TryParse(part, out _))
                throw new PtxSyntaxException($"the qualifier .{part} is not interpreted");
        }
    }

    /// <summary>The slot from which an operand of the type is read; literals get their own slots.</summary>
    /// <param name="wider">Whether the register may be wider than the type, as for cvt, ld and st.</param>
    public int Source(PtxOperand operand, PtxType type, bool wider = false)
    {
        switch (operand)
        {
            case PtxRegisterOperand { Negated: false } register:
                return Checked(register.Register, type, wider);
            case PtxLiteral literal when type is { Kind: PtxKind.Float, Bits: 32 } && literal.Width == 64:
                return program.LiteralSlot(BitConverter.SingleToUInt32Bits(
                    (float)BitConverter.UInt64BitsToDouble(literal.Bits)));
            case PtxLiteral literal when type.Kind != PtxKind.Predicate:
                return literal.Width == 0 && !type.IsInteger
                    ? throw new PtxSyntaxException("an integer literal stands where a real one is expected")
                    : program.LiteralSlot(type.Truncate(literal.Bits));
            case PtxLiteral { Bits: 0 or 1 } truth:
                return program.LiteralSlot(truth.Bits);
            case PtxSymbolOperand symbol:
                return program.LiteralSlot((ulong)(symbol.Symbol.Address + symbol.Offset));
            default:
                throw new PtxSyntaxException($"an operand of type {type.Kind} with {type.Bits} bits is expected");
        }
    }

    public static int Predicate(PtxOperand operand, out bool negated)
    {
        negated = operand is PtxRegisterOperand { Negated: true };
        return operand is PtxRegisterOperand register
            ? Checked(register.Register, PtxType.Predicate, false)
            : throw new PtxSyntaxException("a predicate is expected");
    }

    public int Destination(PtxOperand operand, PtxType type, bool wider = false) => operand switch
    {
        PtxRegisterOperand register when program.Specials.ContainsKey(register.Register.Name) =>
            throw new PtxSyntaxException($"{register.Register.Name} cannot be written"),
        PtxRegisterOperand register => Checked(register.Register, type, wider),
        PtxSinkOperand => program.NewSlot(),
        _ => throw new PtxSyntaxException("a register is expected"),
    };

    private static int Checked(PtxRegister register, PtxType type, bool wider)
    {
        bool fits = register.IsPredicate
            ? type.Kind == PtxKind.Predicate
            : register.Bits == type.Bits || (wider && register.Bits > type.Bits);
        return fits
            ? register.Slot
            : throw new PtxSyntaxException(
                $"{register.Name} has {register.Bits} bits where the instruction takes {type.Bits}");
    }
}
