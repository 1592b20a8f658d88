using System.Globalization;
using System.Text;

namespace Gqn.Native.Benchmarks.Report;

/// <summary>A table in Markdown whose columns also line up as plain text.</summary>
/// <param name="headings">Headings of the columns; those that begin with &gt; are right-aligned.</param>
internal sealed class MarkdownTable(params string[] headings)
{
    private const char RightMark = '>';
    private readonly List<string[]> _rows = [];

    /// <summary>Number of rows.</summary>
    public int Count => _rows.Count;

    /// <summary>Adds a row.</summary>
    public void Add(params string[] cells)
    {
        if (cells.Length != headings.Length)
            throw new ArgumentException($"{cells.Length} cells for {headings.Length} columns.", nameof(cells));
        _rows.Add([.. cells.Select(cell => cell.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal))]);
    }

    /// <summary>A number with at least three significant digits; a dash if unknown.</summary>
    public static string Number(double? value) => value is not { } number || double.IsNaN(number)
        ? "-"
        : number.ToString(
            Math.Abs(number) switch { >= 100 => "F0", >= 10 => "F1", >= 1 => "F2", >= 0.1 => "F3", _ => "G3" },
            CultureInfo.InvariantCulture);

    public override string ToString()
    {
        string[] titles = [.. headings.Select(heading => heading.TrimStart(RightMark))];
        int[] widths = [.. titles.Select((title, i) => Math.Max(3, _rows.Append(titles).Max(row => row[i].Length)))];
        var text = new StringBuilder();
        Append(text, titles, widths);
        Append(text, [.. widths.Select((width, i) => new string('-', width - 1) + (IsRight(i) ? ':' : '-'))], widths);
        foreach (string[] row in _rows)
            Append(text, row, widths);
        return text.ToString();
    }

    private bool IsRight(int column) => headings[column].StartsWith(RightMark);

    private void Append(StringBuilder text, string[] cells, int[] widths)
    {
        for (int i = 0; i < cells.Length; i++)
            text.Append("| ").Append(IsRight(i) ? cells[i].PadLeft(widths[i]) : cells[i].PadRight(widths[i])).Append(' ');
        text.Append("|\n");
    }
}
