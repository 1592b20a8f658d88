using System.Diagnostics;
using System.Globalization;
using System.Text;
using Gqn.Native.Benchmarks.Commands;

namespace Gqn.Native.Benchmarks.Report;

/// <summary>The same model and layers in PyTorch on the same GPU, beside the previous measurements.</summary>
/// <param name="script">Path of pytorch_gqn.py.</param>
internal sealed class PyTorchPart(string script) : IReportPart
{
    private const string Python = "python3";

    // A share of the part's time; the compiler takes minutes, so steps get what layers leave.
    private const double LayersShare = 0.25;

    // The import alone may take ten seconds, and a case of the peer has up to a minute before the peer itself ends it.
    private static readonly TimeSpan CheckLimit = TimeSpan.FromSeconds(30), LeastLimit = TimeSpan.FromSeconds(60);

    // Less is not worth an import.
    private static readonly TimeSpan LeastTime = TimeSpan.FromSeconds(10);

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
        Write(context, commands);
    }

    private void Write(ReportContext context, StringBuilder commands) =>
        context.Write(Name, $"{commands}\n{Steps(context)}\n{Layers(context)}");

    private string? WhyNot(ReportContext context, TimeSpan limit)
    {
        if (!context.IsCuda)
            return $"{context.Device.Name} is not a CUDA device, which it would run on.";
        if (!File.Exists(script))
            return $"'{script}' is missing.";
        const string Check =
            "import torch; print(torch.__version__); raise SystemExit(0 if torch.cuda.is_available() else 3)";
        var run = context.RunCommand(Name, Python, ["-c", Check], ReportContext.AtLeast(CheckLimit, limit / 3));
        return run.Succeeded ? null
            : run.WasKilled ? $"its import was ended after {run.Elapsed.TotalSeconds:F0} s."
            : run.ExitCode == 3 ? "it is installed without CUDA, or sees no device."
            : $"it is absent from this machine ({run.Failure.TrimEnd('.')}).";
    }

    private void Measure(ReportContext context, string[] words, TimeSpan limit, StringBuilder commands)
    {
        if (limit < LeastTime)
        {
            context.LeaveOut($"PyTorch's {words[0]}: no time was left.");
            return;
        }

        // It stops by itself, and ends those of its cases that hang or compile for too long.
        string seconds = Text((int)(limit.TotalSeconds * 0.95));
        int before = context.Records.Count;
        string index = context.Device.Name[(context.Device.Name.IndexOf(':') + 1)..];
        var run = context.RunCommand(
            Name, Python,
            [script, .. words, "--device", $"cuda:{index}", "--precisions", string.Join(',', context.Device.Precisions),
                "--seconds", seconds],
            ReportContext.AtLeast(LeastLimit, limit));
        commands.Append($"    {run.Command}\n");
        context.TakeNotes("PyTorch", before);
        if (run.WasKilled)
            context.LeaveOut($"The rest of PyTorch's {words[0]}: {run.Failure}");
        else if (!run.Succeeded)
            context.Fail($"PyTorch's {words[0]}", run, before);
        Write(context, commands);
    }

    /// <summary>This engine's steps beside PyTorch's with the defaults and beside its best variant.</summary>
    internal static string Steps(ReportContext context)
    {
        var table = new MarkdownTable(
            "preset", "precision", ">ours s/step", ">eager s/step", ">PyTorch's best s/step", "its best variant",
            ">eager/ours", ">best/ours", ">ours MiB", ">best MiB");
        var theirs = context.Steps().Where(step => step.Launches is null).ToList();
        // The first of a size and precision runs with the defaults; later ones are variants.
        foreach (var ours in StepPart.OursOf(context).Where(step => theirs.Any(peer => peer.Preset == step.Preset))
            .DistinctBy(step => (step.Preset, step.Precision)))
        {
            var same = theirs
                .Where(peer => (peer.Preset, peer.Precision, peer.Batch, peer.Contexts)
                    == (ours.Preset, ours.Precision, ours.Batch, ours.Contexts))
                .OrderBy(peer => peer.MedianSeconds).ToList();
            var best = same.FirstOrDefault();
            var eager = same.FirstOrDefault(peer => peer.Variant.StartsWith("eager", StringComparison.Ordinal));
            table.Add(
                ours.Preset, ours.Precision, MarkdownTable.Number(ours.MedianSeconds),
                MarkdownTable.Number(eager?.MedianSeconds), MarkdownTable.Number(best?.MedianSeconds),
                best?.Variant ?? "-",
                MarkdownTable.Number(eager?.MedianSeconds / ours.MedianSeconds),
                MarkdownTable.Number(best?.MedianSeconds / ours.MedianSeconds),
                MarkdownTable.Number(ours.Bytes / 1048576.0), MarkdownTable.Number(best?.Bytes / 1048576.0));
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

        return "Medians. Above 1, ours is the faster. PyTorch's best is the fastest of all that it ran in the same "
            + "precision: eager or compiled, either of them also captured as a CUDA graph, in either memory format; "
            + "eager is the better of its two formats. PyTorch's convolutions are tf32 unless told otherwise; bf16 is "
            + "autocast."
            + $"\n\n{table}\nAll that PyTorch ran; what it could not is among what was left out:\n\n{all}";
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
