using System.Diagnostics;
using System.Globalization;
using System.Text;
using Gqn.Native.Benchmarks.Commands;
using Gqn.Native.Benchmarks.Steps;

namespace Gqn.Native.Benchmarks.Report;

/// <summary>The same model and layers in PyTorch on the same GPU, beside the previous measurements.</summary>
/// <param name="script">Path of pytorch_gqn.py.</param>
internal sealed class PyTorchPart(string script) : IReportPart
{
    private const string Python = "python3";

    // A share of the part's time; the compiler takes minutes, so steps get what layers leave.
    private const double LayersShare = 0.25;

    public string Name => "pytorch";

    public string Title => "PyTorch on the same device";

    public double ShareOn(DeviceRecord device) => device.IsCuda ? 6 : 0;

    public void Run(ReportContext context, TimeSpan limit)
    {
        long began = Stopwatch.GetTimestamp();
        if (WhyNot(context, limit) is { } reason)
        {
            context.LeaveOut($"PyTorch: {reason}");
            context.Write(Name, $"Left out: {reason}\n");
            return;
        }

        var commands = new StringBuilder();
        var left = ReportContext.Until(began, limit);
        Measure(context, ["ops"], left * LayersShare, commands);
        left = ReportContext.Until(began, limit);
        Measure(
            context,
            [
                "steps", "--batch", Text(StepPart.Batch), "--contexts", Text(StepCommand.UsualContexts), "--presets",
                "paper,small",
            ],
            left, commands);
        context.Write(Name, $"{commands}\n{Steps(context)}\n{Layers(context)}");
    }

    private string? WhyNot(ReportContext context, TimeSpan limit)
    {
        if (!context.IsCuda)
            return $"{context.Device.Name} is not a CUDA device, which it would run on.";
        if (!File.Exists(script))
            return $"'{script}' is missing.";
        const string Check =
            "import torch; print(torch.__version__); raise SystemExit(0 if torch.cuda.is_available() else 3)";
        var run = context.RunCommand(Name, Python, ["-c", Check], limit / 3);
        return run.Succeeded ? null
            : run.ExitCode == 3 ? "it is installed without CUDA, or sees no device."
            : $"it is absent from this machine ({run.Failure.TrimEnd('.')}).";
    }

    private void Measure(ReportContext context, string[] words, TimeSpan limit, StringBuilder commands)
    {
        // It stops by itself; it needs to be killed only if its compiler takes too long.
        string seconds = Text((int)(limit.TotalSeconds * 0.95));
        int before = context.Records.Count;
        string index = context.Device.Name[(context.Device.Name.IndexOf(':') + 1)..];
        var run = context.RunCommand(
            Name, Python,
            [script, .. words, "--device", $"cuda:{index}", "--precisions", string.Join(',', context.Device.Precisions),
                "--seconds", seconds],
            limit);
        commands.Append($"    {run.Command}\n");
        context.TakeNotes("PyTorch", before);
        if (run.ExitCode is null)
            context.LeaveOut($"The rest of PyTorch's {words[0]}: {run.Failure}");
        else if (!run.Succeeded)
            context.Fail($"PyTorch's {words[0]}: {run.Failure}");
    }

    /// <summary>This engine's steps beside the best of each of PyTorch's modes.</summary>
    internal static string Steps(ReportContext context)
    {
        var table = new MarkdownTable(
            "preset", "precision", ">ours s/step", ">eager s/step", ">compiled s/step", ">eager/ours", ">compiled/ours",
            ">ours MiB", ">eager MiB");
        var theirs = context.Steps().Where(step => step.Launches is null).ToList();
        // The first of a size and precision runs with the defaults; later ones are variants.
        foreach (var ours in StepPart.OursOf(context).Where(step => theirs.Any(peer => peer.Preset == step.Preset))
            .DistinctBy(step => (step.Preset, step.Precision)))
        {
            var eager = Best("eager");
            var compiled = Best("compiled");
            table.Add(
                ours.Preset, ours.Precision, MarkdownTable.Number(ours.MedianSeconds),
                MarkdownTable.Number(eager?.MedianSeconds), MarkdownTable.Number(compiled?.MedianSeconds),
                MarkdownTable.Number(eager?.MedianSeconds / ours.MedianSeconds),
                MarkdownTable.Number(compiled?.MedianSeconds / ours.MedianSeconds),
                MarkdownTable.Number(ours.Bytes / 1048576.0), MarkdownTable.Number(eager?.Bytes / 1048576.0));

            StepRecord? Best(string variant) => theirs
                .Where(peer => peer.Preset == ours.Preset && peer.Precision == ours.Precision
                    && peer.Batch == ours.Batch && peer.Contexts == ours.Contexts
                    && peer.Variant.StartsWith(variant, StringComparison.Ordinal))
                .MinBy(peer => peer.MedianSeconds);
        }

        var all = new MarkdownTable(
            "preset", "precision", "variant", ">s/step, median", ">least", ">MiB", ">before/s", "engine");
        foreach (var peer in theirs)
        {
            all.Add(
                peer.Preset, peer.Precision, peer.Variant, MarkdownTable.Number(peer.MedianSeconds),
                MarkdownTable.Number(peer.MinSeconds), MarkdownTable.Number(peer.Bytes / 1048576.0),
                MarkdownTable.Number(peer.WarmUpSeconds), peer.Engine);
        }

        return "Medians; each of PyTorch's is the better of its two memory formats. Above 1, ours is the faster. PyTorch's "
            + $"convolutions are tf32 unless told otherwise.\n\n{table}\nAll that PyTorch ran:\n\n{all}";
    }

    /// <summary>This engine's layers beside PyTorch's, in operations per second.</summary>
    internal static string Layers(ReportContext context)
    {
        var records = KernelPart.RecordsOf(context).ToList();
        var table = new MarkdownTable(
            "layer", "pass", "precision", ">ours GFLOP/s", ">PyTorch GFLOP/s", ">ours/PyTorch");
        foreach (var theirs in records.Where(record => record.Engine.StartsWith("PyTorch", StringComparison.Ordinal)))
        {
            var ours = records.FirstOrDefault(record => !ReferenceEquals(record, theirs)
                && (record.Class, record.Method, record.Parameters, record.Precision)
                    == (theirs.Class, theirs.Method, theirs.Parameters, theirs.Precision));
            table.Add(
                theirs.Parameters, theirs.Method, theirs.Precision,
                MarkdownTable.Number(ours?.Flops / ours?.Seconds / 1e9),
                MarkdownTable.Number(theirs.Flops / theirs.Seconds / 1e9),
                MarkdownTable.Number(theirs.Seconds / ours?.Seconds));
        }

        if (table.Count == 0)
            return string.Empty;
        var products = context.Device.Precisions.Select(precision =>
            $"{precision} {MarkdownTable.Number(KernelPart.ProductRate(records, "PyTorch", precision) / 1e9)}");
        return "Matrix products and layers, PyTorch's in the better of its two memory formats, bf16 with bf16 in memory. "
            + $"PyTorch's best matrix product (cuBLAS), in GFLOP/s: {string.Join(", ", products)}.\n\n{table}";
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
