using System.Text.RegularExpressions;

namespace Gqn.Native.Tests.Ptx;

/// <summary>Machine code as nvdisasm lists it.</summary>
internal sealed partial class MachineCode
{
    // A shorter skip is a choice between two paths, not a rare case.
    private const int RareLength = 16;

    private readonly List<string> _lines = [];
    private readonly Dictionary<int, int> _targets = [];

    public MachineCode(string listing)
    {
        var labels = new Dictionary<string, int>();
        foreach (string text in listing.Split('\n'))
        {
            if (Label().Match(text) is { Success: true } label)
                labels[label.Groups[1].Value] = _lines.Count;
            // Instructions that no thread executes, the assembler's padding, are left out.
            if (Instruction().Match(text) is { Success: true } line && !text.Contains("@!PT") && !text.Contains("@!UPT"))
                _lines.Add(line.Groups[1].Value);
        }

        for (int i = 0; i < _lines.Count; i++)
        {
            if (Branch().Match(_lines[i]) is { Success: true } branch)
                _targets[i] = labels[branch.Groups[1].Value];
        }
    }

    /// <summary>
    /// All instructions from a backward branch's target to the branch, for the branch that encloses the most
    /// instructions of one kind, and of those the longest.
    /// </summary>
    public (int First, int Last) MainLoop(string opcode)
    {
        var loops = _targets.Where(branch => branch.Value <= branch.Key)
            .Select(branch => (First: branch.Value, Last: branch.Key));
        return loops.OrderByDescending(loop => Lines(loop).Count(line => Opcode(line) == opcode))
            .ThenByDescending(loop => loop.Last - loop.First).First();
    }

    public IEnumerable<string> Lines((int First, int Last) loop) => _lines[loop.First..(loop.Last + 1)];

    /// <summary>What a warp issues in one round of the loop, by opcode, if nothing rare happens.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="opcode">The kind of instruction that is the loop's purpose.</param>
    /// <param name="rounds">Rounds of an inner loop that contains such instructions.</param>
    /// <remarks>
    /// Conditional forward branches are assumed taken if they skip a long stretch without reads of global memory, or a
    /// separate loop: another term, a new tap, a new block. Others are not.
    /// </remarks>
    public Dictionary<string, int> HotPath((int First, int Last) loop, string opcode, int rounds)
    {
        var counts = new Dictionary<string, int>();
        for (int at = loop.First; at <= loop.Last;)
        {
            string name = Opcode(_lines[at]);
            var inner = _targets.Where(branch => branch.Key != loop.Last && branch.Value <= branch.Key
                && branch.Value <= at && at <= branch.Key && branch.Value > loop.First
                && Lines((branch.Value, branch.Key)).Any(line => Opcode(line) == opcode));
            counts[name] = counts.GetValueOrDefault(name) + (inner.Any() ? rounds : 1);
            bool ahead = name == "BRA" && _targets.TryGetValue(at, out int to) && to > at && to <= loop.Last;
            at = ahead && (!_lines[at].StartsWith('@') || IsRare(at + 1, _targets[at])) ? _targets[at] : at + 1;
        }

        return counts;
    }

    private bool IsRare(int first, int end)
    {
        if (end - first < RareLength)
            return false;
        for (int i = first; i < end; i++)
        {
            bool nested = _targets.Any(branch => branch.Value >= first && branch.Key < end && branch.Value <= branch.Key
                && branch.Value <= i && i <= branch.Key);
            if (!nested && Opcode(_lines[i]) is "LDG" or "LDGSTS")
                return false;
        }

        return true;
    }

    private static string Opcode(string line) => OpcodePattern().Match(line).Groups[1].Value;

    [GeneratedRegex(@"^\s*(\.L_x_\d+):")]
    private static partial Regex Label();

    [GeneratedRegex(@"^\s*/\*[0-9a-f]{4,5}\*/\s+(\S.*)$")]
    private static partial Regex Instruction();

    [GeneratedRegex(@"\bBRA\b.*`\((\.L_x_\d+)\)")]
    private static partial Regex Branch();

    [GeneratedRegex(@"^(?:@!?U?P\d+\s+)?([A-Z0-9]+)")]
    private static partial Regex OpcodePattern();
}
