namespace Gqn.Native.Tests.Ptx;

internal enum PtxSpace { Generic, Global, Shared, Local, Param }

/// <summary>A virtual register: its place in the register file of a warp and its declared width.</summary>
/// <param name="Slot">First of 32 consecutive values, one per lane.</param>
internal sealed record PtxRegister(string Name, int Slot, int Bits, bool IsPredicate);

/// <summary>A named region of parameter, shared or local memory.</summary>
internal sealed record PtxSymbol(string Name, PtxSpace Space, int Size, int Alignment)
{
    /// <summary>Offset in the symbol's own space, known once everything is declared.</summary>
    public int Address { get; set; }
}

internal abstract record PtxOperand;

internal sealed record PtxRegisterOperand(PtxRegister Register, bool Negated) : PtxOperand;

/// <summary>A literal: raw bits for 0f and 0d forms (Width 32, 64), a plain integer (Width 0).</summary>
internal sealed record PtxLiteral(ulong Bits, int Width) : PtxOperand;

/// <summary>The address of a symbol as a value.</summary>
internal sealed record PtxSymbolOperand(PtxSymbol Symbol, long Offset) : PtxOperand;

internal sealed record PtxVectorOperand(PtxOperand[] Elements) : PtxOperand;

/// <summary>[base + offset]; the base is a register, a symbol or a literal.</summary>
internal sealed record PtxAddressOperand(PtxOperand Base, long Offset) : PtxOperand;

internal sealed record PtxLabelOperand(string Name) : PtxOperand;

/// <summary>Two destinations written d|p.</summary>
internal sealed record PtxPairOperand(PtxOperand First, PtxOperand Second) : PtxOperand;

/// <summary>The destination _, which discards its value.</summary>
internal sealed record PtxSinkOperand : PtxOperand;

/// <summary>One instruction as written: guard, opcode split at its dots, operands, scope of its labels.</summary>
internal sealed record PtxInstruction(
    PtxRegisterOperand? Guard, string Opcode, PtxOperand[] Operands, PtxScope Scope, string Text, int Line)
{
    public string[] Parts { get; } = Opcode.Split('.');

    public bool Has(string modifier) => Array.IndexOf(Parts, modifier, 1) > 0;
}

/// <summary>A pair of braces: registers, labels and branch tables declared inside are not visible outside.</summary>
internal sealed class PtxScope(PtxScope? parent)
{
    public Dictionary<string, PtxRegister> Registers { get; } = [];

    public Dictionary<string, int> Labels { get; } = [];

    public Dictionary<string, string[]> BranchTables { get; } = [];

    public PtxScope? Parent => parent;

    public T? Find<T>(string name, Func<PtxScope, Dictionary<string, T>> table)
    {
        for (var scope = this; scope is not null; scope = scope.Parent)
        {
            if (table(scope).TryGetValue(name, out var found))
                return found;
        }

        return default;
    }
}

/// <summary>
/// One entry of a PTX module. Everything an instruction reads is a slot of the warp's register file: registers,
/// special registers (filled when a block starts) and literals (filled once).
/// </summary>
internal sealed class PtxProgram
{
    /// <summary>Shared memory starts here, as on devices that reserve the first KB.</summary>
    public const int SharedBase = 1024;

    private readonly Dictionary<ulong, int> _literals = [];
    private readonly Dictionary<string, PtxRegister> _specials = [];

    public string Name { get; set; } = "";

    public List<PtxInstruction> Instructions { get; } = [];

    public List<PtxSymbol> Parameters { get; } = [];

    public List<PtxSymbol> Symbols { get; } = [];

    /// <summary>The .extern .shared array whose length the launch determines; null if the kernel has none.</summary>
    public PtxSymbol? DynamicShared { get; set; }

    /// <summary>Largest number of threads per block that .maxntid allows; 0 if unstated.</summary>
    public int MaximumThreads { get; set; }

    public int ParameterBytes { get; set; }

    public int StaticSharedBytes { get; set; }

    public int LocalBytes { get; set; }

    /// <summary>Length of a warp's register file in values.</summary>
    public int RegisterFileLength { get; private set; }

    public IReadOnlyDictionary<ulong, int> Literals => _literals;

    public IReadOnlyDictionary<string, PtxRegister> Specials => _specials;

    /// <summary>Slots that are undefined when a block starts: declared registers and those the decoder adds.</summary>
    public List<int> RegisterSlots { get; } = [];

    public int NewSlot()
    {
        RegisterSlots.Add(RegisterFileLength);
        return Grow();
    }

    public int LiteralSlot(ulong bits)
    {
        if (!_literals.TryGetValue(bits, out int slot))
            _literals[bits] = slot = Grow();
        return slot;
    }

    public PtxRegister Special(string name)
    {
        if (!_specials.TryGetValue(name, out var register))
            _specials[name] = register = new PtxRegister(name, Grow(), PtxSpecialRegisters.Bits(name), false);
        return register;
    }

    private int Grow()
    {
        RegisterFileLength += 32;
        return RegisterFileLength - 32;
    }
}
