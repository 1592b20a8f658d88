using System.Globalization;

namespace Gqn.Native.Tests.Ptx;

/// <summary>Reads one .entry of a PTX module: directives, declarations, labels and instructions.</summary>
internal sealed class PtxParser
{
    private readonly PtxLexer _lexer;
    private readonly PtxProgram _program = new();
    private readonly PtxOperandParser _operands;
    private PtxScope _scope = new(null);

    private PtxParser(string text)
    {
        _lexer = new PtxLexer(text);
        _operands = new PtxOperandParser(_lexer, _program);
    }

    /// <summary>The module's only entry; other functions are skipped, and a call to one is an error later.</summary>
    public static PtxProgram Parse(string text)
    {
        var parser = new PtxParser(text);
        while (!parser._lexer.AtEnd)
            parser.ModuleItem();
        if (parser._program.Name.Length == 0)
            throw new PtxSyntaxException("The module has no .entry; give it a kernel.");
        parser.PlaceSymbols();
        return parser._program;
    }

    private void ModuleItem()
    {
        string word = _lexer.Take();
        switch (word)
        {
            case ".version" or ".target" or ".address_size":
                _lexer.Take();
                while (_lexer.TryTake(","))
                    _lexer.Take();
                break;
            case ".extern" when _lexer.TryTake(".shared"):
                Declare(PtxSpace.Shared, external: true);
                break;
            case ".visible" or ".weak" or ".extern":
                break;
            case ".shared":
                Declare(PtxSpace.Shared, external: false);
                break;
            case ".func":
                SkipFunction();
                break;
            case ".entry":
                Entry();
                break;
            default:
                throw new PtxSyntaxException(
                    $"PTX line {_lexer.Line}: the module holds {word}, which this interpreter does not know.");
        }
    }

    private void SkipFunction()
    {
        int depth = 0;
        while (true)
        {
            string token = _lexer.Take();
            depth += token == "{" ? 1 : token == "}" ? -1 : 0;
            if (depth == 0 && token is "}" or ";")
                return;
        }
    }

    private void Entry()
    {
        if (_program.Name.Length > 0)
            throw new PtxSyntaxException("The module has two entries; give it one kernel.");
        _program.Name = _lexer.Take();
        if (_lexer.TryTake("("))
        {
            while (!_lexer.TryTake(")"))
            {
                _lexer.Expect(".param");
                Declare(PtxSpace.Param, external: false);
                _lexer.TryTake(",");
            }
        }

        while (!_lexer.TryTake("{"))
        {
            if (_lexer.Take() is ".maxntid" or ".reqntid")
            {
                _program.MaximumThreads = 1;
                do
                    _program.MaximumThreads *= int.Parse(_lexer.Take(), CultureInfo.InvariantCulture);
                while (_lexer.TryTake(","));
            }
        }

        for (int depth = 1; depth > 0;)
        {
            if (_lexer.TryTake("{"))
            {
                depth++;
                _scope = new PtxScope(_scope);
            }
            else if (_lexer.TryTake("}"))
            {
                depth--;
                _scope = _scope.Parent ?? _scope;
            }
            else
            {
                Statement();
            }
        }
    }

    private void Statement()
    {
        if (_lexer.PeekSecond == ":")
        {
            string label = _lexer.Take();
            _lexer.Take();
            if (_lexer.TryTake(".branchtargets"))
                _scope.BranchTables[label] = Names();
            else if (!_scope.Labels.TryAdd(label, _program.Instructions.Count))
                throw new PtxSyntaxException($"PTX line {_lexer.Line}: the label {label} is defined twice.");
            return;
        }

        switch (_lexer.Peek)
        {
            case ".reg":
                _lexer.Take();
                DeclareRegisters();
                break;
            case ".shared" or ".local":
                Declare(_lexer.Take() == ".shared" ? PtxSpace.Shared : PtxSpace.Local, external: false);
                break;
            case ".pragma":
                while (_lexer.Take() != ";")
                {
                }

                break;
            case ";":
                _lexer.Take();
                break;
            default:
                Instruction();
                break;
        }
    }

    private string[] Names()
    {
        var names = new List<string>();
        do
            names.Add(_lexer.Take());
        while (_lexer.TryTake(","));
        _lexer.Expect(";");
        return [.. names];
    }

    private void DeclareRegisters()
    {
        string type = _lexer.Take();
        bool predicate = type == ".pred";
        int bits = predicate ? 1 : PtxType.Parse(type[1..]).Bits;
        do
        {
            string name = _lexer.Take();
            int count = -1;
            if (_lexer.TryTake("<"))
            {
                count = int.Parse(_lexer.Take(), CultureInfo.InvariantCulture);
                _lexer.Expect(">");
            }

            for (int i = 0; i < Math.Abs(count); i++)
            {
                string full = count < 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}{i}");
                if (!_scope.Registers.TryAdd(full, new PtxRegister(full, _program.NewSlot(), bits, predicate)))
                    throw new PtxSyntaxException($"PTX line {_lexer.Line}: the register {full} is declared twice.");
            }
        }
        while (_lexer.TryTake(","));
        _lexer.Expect(";");
    }

    /// <summary>[.align a] .type name[count]: a parameter, a shared or a local array.</summary>
    private void Declare(PtxSpace space, bool external)
    {
        int alignment = 0;
        if (_lexer.TryTake(".align"))
            alignment = int.Parse(_lexer.Take(), CultureInfo.InvariantCulture);
        int element = PtxType.Parse(_lexer.Take()[1..]).Bits / 8;
        string name = _lexer.Take();
        int count = 1;
        if (_lexer.TryTake("["))
        {
            count = external ? 0 : int.Parse(_lexer.Take(), CultureInfo.InvariantCulture);
            _lexer.Expect("]");
        }

        if (space != PtxSpace.Param)
            _lexer.Expect(";");
        var symbol = new PtxSymbol(name, space, count * element, Math.Max(alignment, element));
        if (external)
            _program.DynamicShared = symbol;
        else if (space == PtxSpace.Param)
            _program.Parameters.Add(symbol);
        else
            _program.Symbols.Add(symbol);
        _operands.Symbols.Add(name, symbol);
    }

    private void PlaceSymbols()
    {
        foreach (var symbol in _program.Parameters)
        {
            symbol.Address = Align(_program.ParameterBytes, symbol.Alignment);
            _program.ParameterBytes = symbol.Address + symbol.Size;
        }

        foreach (var symbol in _program.Symbols)
        {
            if (symbol.Space == PtxSpace.Local)
            {
                symbol.Address = Align(_program.LocalBytes, symbol.Alignment);
                _program.LocalBytes = symbol.Address + symbol.Size;
            }
            else
            {
                int offset = Align(_program.StaticSharedBytes, symbol.Alignment);
                symbol.Address = PtxProgram.SharedBase + offset;
                _program.StaticSharedBytes = offset + symbol.Size;
            }
        }

        if (_program.DynamicShared is { } dynamic)
        {
            _program.StaticSharedBytes = Align(_program.StaticSharedBytes, Math.Max(16, dynamic.Alignment));
            dynamic.Address = PtxProgram.SharedBase + _program.StaticSharedBytes;
        }
    }

    private static int Align(int offset, int alignment) => (offset + alignment - 1) / alignment * alignment;

    private void Instruction()
    {
        int line = _lexer.Line;
        int start = _lexer.Position;
        PtxRegisterOperand? guard = null;
        if (_lexer.TryTake("@"))
        {
            bool negated = _lexer.TryTake("!");
            string name = _lexer.Take();
            guard = _scope.Find(name, scope => scope.Registers) is { IsPredicate: true } register
                ? new PtxRegisterOperand(register, negated)
                : throw new PtxSyntaxException($"PTX line {line}: the guard {name} is no predicate declared here.");
        }

        string opcode = _lexer.Take();
        var operands = new List<PtxOperand>();
        while (!_lexer.TryTake(";"))
        {
            operands.Add(_operands.Parse(_scope));
            if (_lexer.Peek != ";")
                _lexer.Expect(",");
        }

        _program.Instructions.Add(new PtxInstruction(
            guard, opcode, [.. operands], _scope, _lexer.Source(start, _lexer.Position), line));
    }
}
