using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Gqn.Native.Benchmarks.Measures;

/// <summary>A column of the results computed from the declared work and the mean time.</summary>
/// <param name="name">The heading.</param>
/// <param name="legend">The column's text in the legend below the table.</param>
/// <param name="value">The figure, given the work and the time in seconds; 0 is shown as a dash.</param>
internal sealed class WorkColumn(string name, string legend, Func<Work, double, double> value) : IColumn
{
    /// <summary>Throughput, and its share of what this machine can do.</summary>
    public static IColumn[] All { get; } =
    [
        new WorkColumn("GFLOP/s", "Declared operations per second", (work, time) => work.Flops / time / 1e9),
        new WorkColumn(
            "FMA peak %", "Share of the multiply-adds that all threads reach in registers",
            (work, time) => work.Flops == 0 ? 0 : 100 * work.Flops / time / Peaks.Measured.Flops),
        new WorkColumn("GB/s", "Declared bytes, read and written, per second", (work, time) => work.Bytes / time / 1e9),
        new WorkColumn(
            "Copy peak %", "Share of the bytes that all threads copy far beyond the caches",
            (work, time) => work.Bytes == 0 ? 0 : 100 * work.Bytes / time / Peaks.Measured.Bytes),
        new WorkColumn("Pictures/s", "Pictures rendered per second", (work, time) => work.Pictures / time),
    ];

    public string Id => $"{nameof(WorkColumn)}.{name}";

    public string ColumnName => name;

    public string Legend => legend;

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) =>
        GetValue(summary, benchmarkCase, summary.Style);

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style)
    {
        if (summary[benchmarkCase]?.ResultStatistics is not { Mean: var nanoseconds })
            return "NA";
        double figure = value(DeclaredWork.Of(benchmarkCase), nanoseconds * 1e-9);
        return figure == 0 ? "-" : figure.ToString("F1", CultureInfo.InvariantCulture);
    }

    public override string ToString() => name;
}
