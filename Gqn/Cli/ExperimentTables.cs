using Gqn.Native.Experiments;

namespace Gqn.Native.Cli;

/// <summary>Prints the result of an experiment as human-readable tables.</summary>
internal static class ExperimentTables
{
    /// <summary>Prints all numbers with their intervals, then the findings.</summary>
    public static void Write(Terminal terminal, ExperimentResult result)
    {
        string[] baselines = [.. result.Rows.SelectMany(row => row.Baselines.Keys).Distinct()];
        var table = Terminal.Table(2, ["given", "measure", "model", "deviation", "95 % interval", .. baselines]);
        string before = string.Empty;
        foreach (var row in result.Rows)
        {
            // A condition is written once, above its measures.
            Terminal.AddRow(table, [
                row.Condition == before ? string.Empty : row.Condition, row.Measure, row.Model.ToString(),
                row.Model.Deviation is { } deviation ? Estimate.Text(deviation) : string.Empty,
                row.Model.IntervalText(),
                .. baselines.Select(name => row.Baselines.GetValueOrDefault(name)?.ToString() ?? string.Empty)]);
            before = row.Condition;
        }

        terminal.Console.Write(table);
        var findings = Terminal.Table(1, "finding", "value", "95 % interval", "wanted", "holds");
        foreach (var finding in result.Findings)
        {
            Terminal.AddRow(
                findings, finding.Unit is { } unit ? $"{finding.Quantity}, {unit}" : finding.Quantity,
                finding.Measured.ToString(), finding.Measured.IntervalText(), finding.Wanted,
                finding.Holds ? "yes" : "no");
        }

        terminal.Console.Write(findings);
        foreach (string note in result.Notes)
            terminal.WriteLine(note);
    }
}
