using System.Diagnostics;
using System.Globalization;
using Gqn.Native.Engine;
using Gqn.Native.Model;
using TorchSharp;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>Peak memory of training steps: each engine alone in a separate process.</summary>
internal static class MemoryComparison
{
    private const ulong BatchSeed = 1;
    private const int Steps = 3;
    private const double Mebibyte = 1 << 20;

    /// <summary>Runs both child processes and writes a table.</summary>
    /// <exception cref="InvalidOperationException">A child process failed.</exception>
    public static void Run(StepOptions options, Report report)
    {
        report.Line(
            $"Peak resident memory (VmHWM) of {Steps} training steps, one process per engine. Growth is what came on top "
            + "of the process before it had a network.");
        report.Table(
            ("training step", 48), ("engine", 10), ("peak MiB", 9), ("growth MiB", 10), ("tensors, workspace MiB", 0));
        var engine = Measure("engine", options);
        var libtorch = Measure("libtorch", options);
        Row("Gqn.Native", engine, $"{engine.Tensors / Mebibyte:F0}");
        Row("libtorch", libtorch, "-");
        report.Line();
        report.Line(
            $"libtorch / Gqn.Native: peak {(double)libtorch.Peak / engine.Peak:F2}, "
            + $"growth {(double)libtorch.Growth / engine.Growth:F2}.");

        void Row(string name, Usage usage, string tensors) => report.Row(
            options.Title, name, $"{usage.Peak / Mebibyte:F0}", $"{usage.Growth / Mebibyte:F0}", tensors);
    }

    /// <summary>The child process: trains with one engine and prints its memory use in bytes.</summary>
    /// <param name="engine">"engine" or "libtorch".</param>
    /// <param name="options">What to train.</param>
    /// <exception cref="ArgumentException">There is no such engine.</exception>
    public static void RunAlone(string engine, StepOptions options)
    {
        var usage = engine switch
        {
            "engine" => TrainEngine(options),
            "libtorch" => TrainLibtorch(options),
            _ => throw new ArgumentException($"--alone {engine} is none of engine, libtorch."),
        };
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{usage.Peak} {usage.Growth} {usage.Tensors}"));
    }

    private static Usage TrainEngine(StepOptions options)
    {
        long start = Status("VmRSS");
        using var batch = new RandomBatch(options.Model, options.Scenes, options.Contexts, BatchSeed);
        using var step = new EngineStep(options, batch);
        ForgetPeak();
        for (int i = 0; i < Steps; i++)
            step.Run(default);
        long peak = Status("VmHWM");
        return new Usage(peak, peak - start, step.Device.AllocatedBytes);
    }

    private static Usage TrainLibtorch(StepOptions options)
    {
        torch.set_num_threads(options.Threads);
        using (torch.zeros(1))
        {
        }

        long start = Status("VmRSS");
        using var batch = new RandomBatch(options.Model, options.Scenes, options.Contexts, BatchSeed);
        // A network without memory: its weights are all zero, which cost libtorch as much as any others.
        using var device = new PlanningDevice(options.Threads);
        using var network = new GenerativeQueryNetwork(options.Model, device, 0);
        using var step = new LibtorchStep(options, network, batch);
        ForgetPeak();
        for (int i = 0; i < Steps; i++)
            step.Run(default);
        long peak = Status("VmHWM");
        return new Usage(peak, peak - start, 0);
    }

    /// <summary>Memory needed only during set-up is not part of training.</summary>
    private static void ForgetPeak()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        File.WriteAllText("/proc/self/clear_refs", "5");
    }

    private static long Status(string field)
    {
        string line = File.ReadLines("/proc/self/status")
            .First(line => line.StartsWith(field + ":", StringComparison.Ordinal));
        return 1024 * long.Parse(line.AsSpan()[(field.Length + 1)..^"kB".Length], CultureInfo.InvariantCulture);
    }

    private static Usage Measure(string engine, StepOptions options)
    {
        string program = Environment.ProcessPath!;
        List<string> arguments =
        [
            "memory", "--alone", engine, "--preset", options.Preset, "--batch", $"{options.Scenes}",
            "--contexts", $"{options.Contexts}", "--threads", $"{options.Threads}",
        ];
        if (options.Representation is { } representation)
            arguments.AddRange(["--representation", representation.ToString().ToLowerInvariant()]);
        if (options.Shared)
            arguments.Add("--shared");
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            arguments.Insert(0, typeof(MemoryComparison).Assembly.Location);
        using var child = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        if (child.ExitCode != 0)
            throw new InvalidOperationException($"The process of {engine} ended with exit code {child.ExitCode}.");
        long[] bytes = [.. output.Split(' ').Select(text => long.Parse(text, CultureInfo.InvariantCulture))];
        return new Usage(bytes[0], bytes[1], bytes[2]);
    }

    /// <summary>Bytes of a process.</summary>
    /// <param name="Peak">Peak resident memory.</param>
    /// <param name="Growth">The peak minus the resident memory before there was a network.</param>
    /// <param name="Tensors">Memory counted by the device: arenas, pooled buffers, workspace.</param>
    private sealed record Usage(long Peak, long Growth, long Tensors);
}
