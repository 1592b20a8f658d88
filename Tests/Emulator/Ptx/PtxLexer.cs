namespace Gqn.Native.Tests.Ptx;

/// <summary>Cuts PTX into words (names, opcodes with their dots, numbers) and single punctuation marks.</summary>
internal sealed class PtxLexer
{
    private readonly string _text;
    private readonly List<(string Token, int Start, int End, int Line)> _tokens = [];
    private int _next;

    public PtxLexer(string text)
    {
        _text = text;
        int at = 0;
        int line = 1;
        while (at < text.Length)
        {
            char c = text[at];
            if (c == '\n')
                line++;
            if (char.IsWhiteSpace(c))
            {
                at++;
            }
            else if (Starts(at, "//"))
            {
                while (at < text.Length && text[at] != '\n')
                    at++;
            }
            else if (Starts(at, "/*"))
            {
                int end = text.IndexOf("*/", at, StringComparison.Ordinal);
                end = end < 0 ? text.Length : end + 2;
                line += text.AsSpan(at, end - at).Count('\n');
                at = end;
            }
            else
            {
                int end = TokenEnd(at);
                _tokens.Add((text[at..end], at, end, line));
                at = end;
            }
        }
    }

    public bool AtEnd => _next >= _tokens.Count;

    public string Peek => AtEnd ? "" : _tokens[_next].Token;

    public string PeekSecond => _next + 1 < _tokens.Count ? _tokens[_next + 1].Token : "";

    public int Line => _tokens.Count == 0 ? 1 : _tokens[Math.Min(_next, _tokens.Count - 1)].Line;

    public int Position => _next;

    public string Take() => AtEnd ? throw Error("more text") : _tokens[_next++].Token;

    public bool TryTake(string token)
    {
        if (Peek != token)
            return false;
        _next++;
        return true;
    }

    public void Expect(string token)
    {
        if (!TryTake(token))
            throw Error($"'{token}'");
    }

    /// <summary>The source between two positions on one line.</summary>
    public string Source(int from, int to) =>
        string.Join(' ', _text[_tokens[from].Start.._tokens[to - 1].End].Split(
            (char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    public PtxSyntaxException Error(string expected) =>
        new($"PTX line {Line}: '{Peek}' stands where {expected} is expected.");

    private bool Starts(int at, string prefix) => string.CompareOrdinal(_text, at, prefix, 0, prefix.Length) == 0;

    private int TokenEnd(int at)
    {
        if (_text[at] == '"')
            return Math.Max(at + 1, _text.IndexOf('"', at + 1) + 1);
        int end = at;
        while (end < _text.Length)
        {
            // A qualifier such as .shared::cta belongs to its opcode; a single colon ends a label.
            if (Starts(end, "::"))
                end += 2;
            else if (char.IsAsciiLetterOrDigit(_text[end]) || _text[end] is '_' or '$' or '%' or '.')
                end++;
            else
                break;
        }

        return Math.Max(end, at + 1);
    }
}
