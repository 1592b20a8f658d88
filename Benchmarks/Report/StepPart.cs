using System.Diagnostics;
using System.Globalization;
using System.Text;
using Gqn.Native.Benchmarks.Commands;
using Gqn.Native.Benchmarks.Steps;
using Gqn.Native.Training;

namespace Gqn.Native.Benchmarks.Report;

/// <summary>Training steps of three sizes, each of which shows whether there is time for the next.</summary>
internal sealed class StepPart : IReportPart
{
    /// <summary>Scenes per step, the article's.</summary>
    public const int Batch = 36;

    // A step that compiles, one that counts if steps are slow, one whose loss is read, and as much again for errors.
    private const double StepsNeeded = 6, StartSeconds = 3, MostSeconds = 15, LeastSeconds = 1;

    // Times the estimate: how long a run may take, so that a slow one is not taken for one that hangs.
    private const double Patience = 2;

    // Set to 0 to launch kernels one by one (Kernels/Gpu/Device/GpuContext.cs).
    private const string GraphVariable = "GQN_CUDA_GRAPHS";

    // The rest of its memory may be needed by the driver and by other programs.
    private const double UsableMemory = 0.9;

    private static readonly string[] Sizes = ["tiny", "small", "paper"];

    /// <summary>How long a run may take before it is killed, even if its share of the time is smaller: setting up and
    /// compiling a large network alone may take longer than that.</summary>
    public TimeSpan LeastLimit { get; init; } = TimeSpan.FromSeconds(60);

    public string Name => "steps";

    public string Title => "Training steps";

    public double ShareOn(DeviceRecord device) => 5;

    public void Run(ReportContext context, TimeSpan limit)
    {
        long began = Stopwatch.GetTimestamp();
        var commands = new StringBuilder();
        var wanted = Wanted(context.Device).ToList();
        for (int i = 0; i < wanted.Count; i++)
        {
            var (preset, precision, graphs) = wanted[i];
            var left = ReportContext.Until(began, limit);
            string what = $"Steps of {preset} in {precision}{(graphs ? string.Empty : " without graphs")}";
            if (WhyNot(context, preset, precision, left) is { } reason)
            {
                context.LeaveOut($"{what}: {reason}");
                continue;
            }

            var share = left / (wanted.Count - i);
            double seconds = Math.Clamp((share.TotalSeconds - StartSeconds) / 2, LeastSeconds, MostSeconds);
            int first = context.Records.Count;
            var run = context.RunProgram(
                Name, Programs.Benchmarks,
                [
                    "step", "--device", context.Device.Name, "--preset", preset, "--batch",
                    Batch.ToString(CultureInfo.InvariantCulture), "--contexts",
                    StepCommand.UsualContexts.ToString(CultureInfo.InvariantCulture), "--precision", precision,
                    "--seconds", seconds.ToString("F1", CultureInfo.InvariantCulture),
                ],
                LimitOf(context, preset, precision, share, left),
                graphs ? null : new Dictionary<string, string> { [GraphVariable] = "0" });
            commands.Append($"    {run.Command}\n");
            if (!run.Succeeded)
                context.Fail(what, run, first);
            Write(context, commands);
        }

        Write(context, commands);
    }

    private void Write(ReportContext context, StringBuilder commands) =>
        context.Write(
            Name,
            $"{commands}\nA step uploads a batch from the host, computes the loss and all gradients, and updates the "
            + "parameters; nothing waits within a round of steps. 'before' is setting up, compiling and the first steps. "
            + $"TFLOP/s counts multiply-adds of the definition as two.\n\n{TableOf(context)}");

    /// <summary>How long a run may take: its share, at least <see cref="LeastLimit"/>, and up to all that is left where
    /// earlier runs show that the device is slow.</summary>
    internal TimeSpan LimitOf(ReportContext context, string preset, string precision, TimeSpan share, TimeSpan left)
    {
        double needed = Patience * StepsNeeded * (Expected(context, preset, precision)?.Seconds ?? 0);
        var slow = TimeSpan.FromSeconds(Math.Min(needed, left.TotalSeconds));
        return ReportContext.AtLeast(LeastLimit, ReportContext.AtLeast(share, slow));
    }

    /// <summary>Each size in each precision, and on CUDA then each again with kernels launched one by one.</summary>
    internal static IEnumerable<(string Preset, string Precision, bool Graphs)> Wanted(DeviceRecord device)
    {
        foreach (string preset in Sizes)
        {
            foreach (string precision in device.Precisions.Reverse())
                yield return (preset, precision, true);
        }

        // Last, so that what hangs with and without graphs does not take the time of larger sizes twice.
        foreach (string preset in device.IsCuda && device.Precisions.Count > 0 ? Sizes : [])
            yield return (preset, device.Precisions[^1], false);
    }

    /// <summary>Why there is no time or memory for steps of a size; null if there is.</summary>
    internal static string? WhyNot(ReportContext context, string preset, string precision, TimeSpan left)
    {
        var configuration = StepCommand.Configure(preset, Batch, StepCommand.UsualContexts);
        var plan = ModelPlan.Create(configuration, 1);
        double room = UsableMemory * context.Device.MemoryBytes;
        if (context.Device.MemoryBytes > 0 && plan.TrainingBytes > room)
        {
            return $"they need about {plan.TrainingBytes >> 20} MiB, and the device has "
                + $"{context.Device.MemoryBytes >> 20} MiB.";
        }

        if (left.TotalSeconds <= StartSeconds + LeastSeconds)
            return "no time was left.";
        // Without an estimate, because what came before failed, it is tried: at worst it takes the least limit.
        // Small steps are mostly launches, so the estimate is too high for them; up to a second is accepted.
        return Expected(context, preset, precision) is { } expected && expected.Seconds > 1
            && expected.Seconds * StepsNeeded > left.TotalSeconds
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"a step would take about {expected.Seconds:F0} s (one of {expected.From.Preset} in "
                + $"{expected.From.Precision} took {expected.From.MinSeconds:G3} s), and {left.TotalSeconds:F0} s were "
                + $"left for {StepsNeeded} of them.")
            : null;
    }

    // The largest size measured so far shows how fast the device is; null if none was.
    private static (double Seconds, StepRecord From)? Expected(ReportContext context, string preset, string precision)
    {
        var measured = OursOf(context).OrderBy(step => step.Parameters).ThenBy(step => step.Precision == precision)
            .LastOrDefault();
        if (measured is null)
            return null;
        double known = Work(measured.Preset, measured.Batch, measured.Contexts);
        return (measured.MinSeconds * Work(preset, Batch, StepCommand.UsualContexts) / known, measured);
    }

    private static double Work(string preset, int batch, int contexts) =>
        ModelPlan.Create(StepCommand.Configure(preset, batch, contexts), 1).StepMultiplyAccumulates;

    /// <summary>The measurements of this engine.</summary>
    internal static string TableOf(ReportContext context)
    {
        var table = new MarkdownTable(
            "preset", "precision", ">s/step, median", ">least", ">TFLOP/s", ">kernels/step", ">device memory/MiB",
            ">steps timed", ">before/s", ">-ELBO", "launched as");
        foreach (var step in OursOf(context))
        {
            double work = 2.0 * Work(step.Preset, step.Batch, step.Contexts);
            table.Add(
                $"{step.Preset}, batch {step.Batch}, {step.Contexts} contexts", step.Precision,
                MarkdownTable.Number(step.MedianSeconds), MarkdownTable.Number(step.MinSeconds),
                MarkdownTable.Number(work / step.MedianSeconds / 1e12),
                MarkdownTable.Number(step.Launches), MarkdownTable.Number(step.Bytes / 1048576.0),
                step.Steps.ToString(CultureInfo.InvariantCulture), MarkdownTable.Number(step.WarmUpSeconds),
                MarkdownTable.Number(step.Loss),
                LaunchedAs(step));
        }

        return table.ToString();
    }

    /// <summary>Whether a step is one graph, and how often one was made: a few times, however many steps there were.
    /// </summary>
    private static string LaunchedAs(StepRecord step)
    {
        string graphs = step.GraphLaunches is { } launches and > 0
            ? $" ({step.GraphCaptures} captured, {step.GraphInstantiations} instantiated, {launches} launched)"
            : string.Empty;
        return step.GraphRefusal is { } refusal ? $"single kernels{graphs}: {refusal}" : $"one graph{graphs}";
    }

    /// <summary>The steps of this engine: only it writes a kernel count.</summary>
    internal static IEnumerable<StepRecord> OursOf(ReportContext context) =>
        context.Steps().Where(step => step.Launches is not null);
}
