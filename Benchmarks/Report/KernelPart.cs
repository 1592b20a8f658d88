using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using BenchmarkDotNet.Running;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Benchmarks.Steps;

namespace Gqn.Native.Benchmarks.Report;

/// <summary>The benchmarks of single kernels on the device, in every precision that it has.</summary>
internal sealed class KernelPart : IReportPart
{
    private const string Own = "Gqn.Native", Fp32 = "fp32";

    // Less is not worth starting a program for.
    private static readonly TimeSpan LeastTime = TimeSpan.FromSeconds(2);

    // The cost of starting a program and a device, in units of benchmarks.
    private const double Start = 24;

    // First the yardstick, then what a peer also measures, then every other class with this prefix.
    private const string Prefix = "Gpu";
    private static readonly string[] First = ["GpuMatrixProduct", "GpuLayer"];

    /// <summary>How long a class may run before it is killed, even if its share of the time is smaller: starting and
    /// compiling alone may take longer than that.</summary>
    public TimeSpan LeastLimit { get; init; } = TimeSpan.FromSeconds(25);

    public string Name => "kernels";

    public string Title => "Kernels";

    public double ShareOn(DeviceRecord device) => 5;

    public void Run(ReportContext context, TimeSpan limit)
    {
        long began = Stopwatch.GetTimestamp();
        var runs = Classes(context.Device.Precisions).ToList();
        double ahead = runs.Sum(run => run.Weight);
        var commands = new StringBuilder();
        foreach (var (name, precision, weight) in runs)
        {
            // The remaining runs share the remaining time; each stops by itself, and is killed if it hangs.
            string what = $"Kernels, {name} in {precision}";
            var left = ReportContext.Until(began, limit);
            var time = left * (weight / ahead);
            ahead -= weight;
            if (left < LeastTime)
            {
                context.LeaveOut($"{what}: no time was left.");
                continue;
            }

            string seconds = Math.Max(1, time.TotalSeconds * 0.7).ToString("F0", CultureInfo.InvariantCulture);
            int before = context.Records.Count;
            var run = context.RunProgram(
                Name, Programs.Benchmarks,
                ["time", name, "--device", context.Device.Name, "--precision", precision, "--seconds", seconds],
                ReportContext.AtLeast(LeastLimit, time));
            commands.Append($"    {run.Command}\n");
            bool explained = context.TakeNotes($"Kernels in {precision}", before);
            // What it has said of single kernels does not explain why it hung.
            if (run.WasKilled || (!run.Succeeded && !explained))
                context.Fail(what, run, before);
            context.Write(Name, $"{commands}\n{Yardsticks(context)}\n{TableOf(context)}");
        }

        context.Write(Name, $"{commands}\n{Yardsticks(context)}\n{TableOf(context)}");
    }

    /// <summary>The measurements, each once.</summary>
    internal static IEnumerable<OperationRecord> RecordsOf(ReportContext context) => context
        .OfKind(OperationRecord.KindName)
        .Select(record => record.Deserialize<OperationRecord>(StepRecord.JsonOptions)!)
        .DistinctBy(record => (record.Engine, record.Class, record.Method, record.Parameters, record.Precision));

    /// <summary>The classes to measure, the precision of each, and its relative need of time.</summary>
    internal static IEnumerable<(string Name, string Precision, double Weight)> Classes(
        IReadOnlyList<string> precisions) =>
        from benchmarks in BenchmarkCatalog.Classes
        let name = BenchmarkCatalog.ShortNameOf(benchmarks.Type)
        where name.StartsWith(Prefix, StringComparison.Ordinal)
        let place = Array.IndexOf(First, name)
        let weight = Start + BenchmarkConverter.TypeToBenchmarks(benchmarks.Type).BenchmarksCases.Length
        orderby place < 0 ? First.Length : place
        from precision in precisions
        where precision == Fp32 || !benchmarks.Type.IsAssignableTo(typeof(ISinglePrecision))
        select (name, precision, weight);

    /// <summary>The best matrix product of an engine in operations per second; null if none was measured.</summary>
    internal static double? ProductRate(IEnumerable<OperationRecord> records, string engine, string precision)
    {
        var products = records.Where(record => record.Class is "GpuMatrixProduct" or "GpuGemm"
            && record.Precision == precision && record.Engine.StartsWith(engine, StringComparison.Ordinal)).ToList();
        return products.Count == 0 ? null : products.Max(record => record.Flops / record.Seconds);
    }

    /// <summary>One row per kernel, with time, rate and share of the matrix product in each precision.</summary>
    internal static string TableOf(ReportContext context)
    {
        var records = RecordsOf(context).Where(record => record.Engine == Own).ToList();
        string[] precisions = [.. context.Device.Precisions.Where(name => records.Any(record => record.Precision == name))];
        var table = new MarkdownTable([
            "kernel", "parameters",
            .. precisions.SelectMany(name => new[] { $">{name}: us", ">GFLOP/s", ">% of product", ">GB/s" }),
        ]);
        foreach (var kernel in records.GroupBy(record => (record.Class, record.Method, record.Parameters)))
        {
            var cells = precisions.SelectMany(name =>
                Cells(kernel.FirstOrDefault(record => record.Precision == name), ProductRate(records, Own, name)));
            table.Add([$"{kernel.Key.Class}.{kernel.Key.Method}", kernel.Key.Parameters, .. cells]);
        }

        return table.ToString();
    }

    private static string[] Cells(OperationRecord? record, double? product)
    {
        if (record is null)
            return ["-", "-", "-", "-"];
        double rate = record.Flops / record.Seconds;
        return
        [
            MarkdownTable.Number(1e6 * record.Seconds), record.Flops == 0 ? "-" : MarkdownTable.Number(rate / 1e9),
            record.Flops == 0 ? "-" : MarkdownTable.Number(100 * rate / product),
            record.Bytes == 0 ? "-" : MarkdownTable.Number(record.Bytes / record.Seconds / 1e9),
        ];
    }

    private static string Yardsticks(ReportContext context)
    {
        var records = RecordsOf(context).ToList();
        var rates = context.Device.Precisions.Select(precision =>
            $"{precision} {MarkdownTable.Number(ProductRate(records, Own, precision) / 1e9)}");
        double? stream = records.Where(record => record.Engine == Own && record is { Class: "GpuStream", Method: "Relu" })
            .Max(record => (double?)(record.Bytes / record.Seconds / 1e9));
        return "Median time of a call in microseconds on random numbers; many calls of a short kernel are queued "
            + "between two waits (callsPerWait in report.jsonl), as PyTorch's are. GFLOP/s counts the operations of "
            + "the definition, padding included; GB/s every operand read and every result written once. '% of product' "
            + "is against the best matrix product of this "
            + $"engine in the same precision and run, in GFLOP/s: {string.Join(", ", rates)}. What only memory "
            + $"limits (GpuStream) reaches {MarkdownTable.Number(stream)} GB/s at best.\n";
    }
}
