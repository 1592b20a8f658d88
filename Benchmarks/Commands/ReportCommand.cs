using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gqn.Native.Benchmarks.Report;
using Gqn.Native.Benchmarks.Steps;
using Gqn.Native.Model;

namespace Gqn.Native.Benchmarks.Commands;

/// <summary><c>report OUT</c>: tests, kernels and training steps of a device, in one file.</summary>
internal static class ReportCommand
{
    // For querying the device's precisions and for writing the report at the end.
    private const double ReservedSeconds = 15, ProbeSeconds = 120;

    private static readonly string[] DeviceOrder = ["cuda:0", "opencl:0"];

    public static Command Create()
    {
        var folder = new Argument<string>("OUT") { Description = "Folder for report.md and the logs" };
        var device = new Option<string?>("--device")
        {
            Description = "cuda:N or opencl:N [default: cuda:0 where there is one, else opencl:0]",
            HelpName = "NAME",
        };
        var minutes = new Option<double>("--minutes")
        {
            Description = "Time for everything; each part gets a share, and what it leaves goes to the next",
            HelpName = "N",
            DefaultValueFactory = _ => 10,
        };
        var only = new Option<string?>("--only")
        {
            Description = $"Parts to run: {string.Join(", ", Parts(string.Empty).Select(part => part.Name))}",
            HelpName = "PART,...",
        };
        var programs = new Option<string>("--programs")
        {
            Description = "Folder with the command line and the tests [default: where this program is]",
            HelpName = "DIR",
            DefaultValueFactory = _ => AppContext.BaseDirectory,
        };
        var peer = new Option<string>("--peer")
        {
            Description = "The peer in PyTorch",
            HelpName = "FILE",
            DefaultValueFactory = _ => Path.Combine("Benchmarks", "Peers", "pytorch_gqn.py"),
        };
        var command = new Command("report", "Test and measure a device; writes report.md.")
        {
            folder, device, minutes, only, programs, peer,
        };
        command.SetAction(parsed =>
        {
            double time = MeasureOptions.Positive("--minutes", parsed.GetValue(minutes));
            return Run(
                parsed.GetValue(folder)!, parsed.GetValue(device), TimeSpan.FromMinutes(time),
                ChooseParts(Parts(parsed.GetValue(peer)!), parsed.GetValue(only)), new Programs(parsed.GetValue(programs)!),
                parsed.InvocationConfiguration.Output);
        });
        return command;
    }

    /// <summary>The parts with the given names, in their usual order.</summary>
    /// <exception cref="OptionException">A name is not that of a part.</exception>
    internal static IReadOnlyList<IReportPart> ChooseParts(IReadOnlyList<IReportPart> parts, string? names)
    {
        if (names is null)
            return parts;
        string[] wanted = names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string? unknown = wanted.FirstOrDefault(name => !parts.Any(part => part.Name == name));
        return unknown is null && wanted.Length > 0
            ? [.. parts.Where(part => wanted.Contains(part.Name))]
            : throw new OptionException(
                $"--only {names}: there is no part '{unknown}'; there are {string.Join(", ", parts.Select(part => part.Name))}.");
    }

    /// <summary>The requested device, or the best one available.</summary>
    /// <exception cref="OptionException">There is no such device, or it cannot be used.</exception>
    internal static DeviceRecord ChooseDevice(DeviceSurvey survey, string? name)
    {
        var found = survey.Devices;
        var chosen = name is not null
            ? found.FirstOrDefault(record => record.Name == (name.Contains(':') ? name : name + ":0"))
            : DeviceOrder.Select(wanted => found.FirstOrDefault(record => record.Name == wanted && record.Refusal is null))
                .FirstOrDefault(record => record is not null);
        if (chosen is null)
        {
            var reasons = found.Select(record => record.Refusal is { } refusal
                ? $"{record.Name} ({record.Title}) cannot be used: {refusal}." : $"There is {record.Name} ({record.Title}).");
            throw new OptionException(
                $"There is no device {name ?? "to measure"}. {string.Join(' ', reasons.Concat(survey.Absent))}");
        }

        return chosen.Refusal is null
            ? chosen
            : throw new OptionException($"{chosen.Name} ({chosen.Title}) cannot be used: {chosen.Refusal}.");
    }

    private static IReadOnlyList<IReportPart> Parts(string peer) =>
        [new DevicePart(), new TestPart(), new KernelPart(), new StepPart(), new PyTorchPart(peer)];

    private static int Run(
        string folder, string? name, TimeSpan limit, IReadOnlyList<IReportPart> parts, Programs programs,
        TextWriter output)
    {
        long began = TimeProvider.System.GetTimestamp();
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, "report.md");
        foreach (string old in (string[])[path, Path.ChangeExtension(path, ".jsonl"), .. Logs(folder, parts)])
            File.Delete(old);
        var survey = Probe(folder, programs, limit);
        var device = ChooseDevice(survey, name);
        output.WriteLine($"{device.Name}, {device.Title}: {string.Join(", ", parts.Select(part => part.Name))}");
        var context = new ReportContext(folder, programs, device, survey);
        var left = limit - TimeProvider.System.GetElapsedTime(began) - TimeSpan.FromSeconds(ReservedSeconds);
        new DeviceReport(context, path, TimeProvider.System).Run(
            parts, left > TimeSpan.FromSeconds(ReservedSeconds) ? left : TimeSpan.FromSeconds(ReservedSeconds));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{path}: {context.Failures.Count} failures, {context.LeftOut.Count} things left out, "
            + $"{TimeProvider.System.GetElapsedTime(began).TotalSeconds:F0} s."));
        foreach (string failure in context.Failures)
            output.WriteLine($"failed: {failure}");
        return context.Failures.Count == 0 ? BenchmarkCommands.Success : BenchmarkCommands.Failed;
    }

    private static IEnumerable<string> Logs(string folder, IEnumerable<IReportPart> parts) =>
        parts.Select(part => Path.Combine(folder, part.Name + ".log"));

    // In a separate process, so that a crashing driver does not take the report with it.
    private static DeviceSurvey Probe(string folder, Programs programs, TimeSpan limit)
    {
        using var log = new StreamWriter(Path.Combine(folder, "devices.log"));
        var run = ChildProcess.Run(
            programs.Host, [programs.PathOf(Programs.Benchmarks), "probe"], new Dictionary<string, string>(),
            TimeSpan.FromSeconds(Math.Min(ProbeSeconds, limit.TotalSeconds)), log,
            $"{Programs.Shown(Programs.Benchmarks)} probe");
        if (!run.Succeeded)
            throw new OptionException($"The devices could not be found: {run.Failure}");
        var records = run.Output.Where(line => line.StartsWith('{')).Select(line => JsonNode.Parse(line)!).ToList();
        return new DeviceSurvey(
            [.. OfKind(DeviceRecord.KindName).Select(node => node.Deserialize<DeviceRecord>(StepRecord.JsonOptions)!)],
            [.. OfKind(NoteRecord.Absent).Select(node => (string)node["reason"]!)]);

        IEnumerable<JsonNode> OfKind(string kind) => records.Where(node => (string?)node["kind"] == kind);
    }
}
