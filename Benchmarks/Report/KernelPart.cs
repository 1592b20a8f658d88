using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Gqn.Native.Benchmarks.Steps;

namespace Gqn.Native.Benchmarks.Report;

/// <summary>The benchmarks of single kernels on the device, in every precision that it has.</summary>
internal sealed class KernelPart : IReportPart
{
    /// <summary>The layers that a peer times as well, and the rest.</summary>
    private static readonly string[] Filters = ["GpuLayer", "Gpu*"];

    public string Name => "kernels";

    public string Title => "Kernels";

    public double Share => 3;

    public void Run(ReportContext context, TimeSpan limit)
    {
        long began = Stopwatch.GetTimestamp();
        int left = 0;
        var runs = (from filter in Filters from precision in context.Device.Precisions select (filter, precision)).ToList();
        var commands = new StringBuilder();
        foreach (var (filter, precision) in runs)
        {
            // What is left is shared by the runs that are left; each stops by itself, and is ended where it hangs.
            var time = ReportContext.Until(began, limit) / (runs.Count - left++);
            string seconds = Math.Max(1, time.TotalSeconds * 0.8).ToString("F0", CultureInfo.InvariantCulture);
            var run = context.RunProgram(
                Name, Programs.Benchmarks,
                ["time", filter, "--device", context.Device.Name, "--precision", precision, "--seconds", seconds], time);
            commands.Append($"`{run.Command}`\n");
            if (!run.Succeeded)
                context.Fail($"Kernels, {filter} in {precision}: {run.Failure}");
            foreach (string line in run.Output.Where(line => line.Contains("left out", StringComparison.Ordinal)))
                context.LeaveOut($"Kernels, {filter} in {precision}: {line}");
        }

        var table = new MarkdownTable("kernel", "parameters", "precision", ">time/us", ">GFLOP/s", ">GB/s");
        foreach (var record in RecordsOf(context))
        {
            table.Add(
                $"{record.Class}.{record.Method}", record.Parameters, record.Precision,
                MarkdownTable.Number(1e6 * record.Seconds), Rate(record.Flops, record.Seconds),
                Rate(record.Bytes, record.Seconds));
        }

        context.Write(
            Name,
            $"{commands}\nMedian time of a call; operations of the definition, every operand read and every result "
            + $"written once.\n\n{table}");
    }

    /// <summary>What was measured, each once.</summary>
    internal static IEnumerable<OperationRecord> RecordsOf(ReportContext context) => context
        .OfKind(OperationRecord.KindName)
        .Select(record => record.Deserialize<OperationRecord>(StepRecord.JsonOptions)!)
        .DistinctBy(record => (record.Engine, record.Class, record.Method, record.Parameters, record.Precision));

    private static string Rate(double amount, double seconds) =>
        amount == 0 ? "-" : MarkdownTable.Number(amount / seconds / 1e9);
}
