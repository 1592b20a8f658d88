using System.Diagnostics;
using System.Globalization;
using System.Text;
using Gqn.Native.Benchmarks.Steps;
using Gqn.Native.Engine.Io;
using Gqn.Native.Model;

namespace Gqn.Native.Benchmarks.Report;

/// <summary>Everything about one device in one file: what it is, which tests pass on it and how fast it is.</summary>
/// <remarks>
/// The file is rewritten after each program that a part has run, so that it holds the results so far even if the
/// machine is taken away.
/// </remarks>
/// <param name="context">What the parts share.</param>
/// <param name="path">The file.</param>
/// <param name="clock">For the date.</param>
internal sealed class DeviceReport(ReportContext context, string path, TimeProvider clock)
{
    private const string LoadFile = "/proc/loadavg";
    private readonly DateTimeOffset _date = clock.GetUtcNow();

    // Mean of the last minute, before anything is measured; only Linux has the file.
    private readonly string? _load = File.Exists(LoadFile) ? File.ReadAllText(LoadFile).Split(' ')[0] : null;

    /// <summary>Runs parts one after another.</summary>
    /// <param name="parts">The parts, in this order.</param>
    /// <param name="limit">For all of them; time that one does not need is shared by the later ones.</param>
    public void Run(IReadOnlyList<IReportPart> parts, TimeSpan limit)
    {
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < parts.Count; i++)
        {
            var part = parts[i];
            context.Written = () =>
                Write(parts, $"It is not complete: '{part.Name}' is running.", Stopwatch.GetElapsedTime(began));
            context.Written();
            var time = ShareOf(parts, i, ReportContext.Until(began, limit), context.Device);
            try
            {
                part.Run(context, time);
            }
            catch (Exception exception) when (exception is IOException or OptionException or InvalidOperationException
                or UnauthorizedAccessException or System.Text.Json.JsonException)
            {
                context.Fail($"The part '{part.Name}': {exception.Message}");
            }
        }

        context.Written = null;
        Write(parts, null, Stopwatch.GetElapsedTime(began));
    }

    /// <summary>The time of a part: the remaining time, in proportion to the shares of the remaining parts.</summary>
    internal static TimeSpan ShareOf(
        IReadOnlyList<IReportPart> parts, int index, TimeSpan left, DeviceRecord device)
    {
        double all = parts.Skip(index).Sum(part => part.ShareOn(device));
        return all == 0 ? left : left * (parts[index].ShareOn(device) / all);
    }

    private void Write(IReadOnlyList<IReportPart> parts, string? unfinished, TimeSpan elapsed)
    {
        var device = context.Device;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Gqn.Native on {device.Name}: {device.Title}\n\n");
        var head = new MarkdownTable("what", "value");
        head.Add("date", _date.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture));
        head.Add("device", $"{device.Name}, {device.Title}");
        head.Add("memory", device.MemoryBytes > 0 ? $"{device.MemoryBytes >> 20} MiB" : "the machine's");
        head.Add("driver", device.Driver);
        head.Add("features", device.Features);
        head.Add("precisions", string.Join(", ", device.Precisions));
        head.Add("version", VersionOfThis());
        head.Add("runtime", System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription);
        head.Add("processors", Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture));
        if (_load is not null)
            head.Add("load before", $"{_load}: above 0 other programs took part of the processors");
        head.Add("time", $"{elapsed.TotalSeconds:F0} s");
        text.Append(head).Append('\n');
        if (unfinished is not null)
            text.Append(unfinished).Append("\n\n");
        List(text, "What failed", context.Failures, unfinished is null ? "Nothing." : null);
        List(text, "What was left out", context.LeftOut, unfinished is null ? "Nothing." : null);
        foreach (var part in parts)
        {
            if (context.Sections.TryGetValue(part.Name, out string? section))
                text.Append($"## {part.Title}\n\n{section.Trim('\n')}\n\n");
        }

        AtomicFile.WriteText(path, text.ToString().TrimEnd('\n') + "\n");
        AtomicFile.WriteText(
            Path.ChangeExtension(path, ".jsonl"),
            string.Concat(context.Records.Select(record => record.ToJsonString(StepRecord.JsonOptions) + "\n")));
    }

    private static void List(StringBuilder text, string title, IReadOnlyList<string> sentences, string? none)
    {
        if (sentences.Count == 0 && none is null)
            return;
        text.Append($"## {title}\n\n");
        foreach (string sentence in sentences)
            text.Append($"- {sentence}\n");
        if (sentences.Count == 0)
            text.Append(none).Append('\n');
        text.Append('\n');
    }

    private static string VersionOfThis() =>
        FileVersionInfo.GetVersionInfo(typeof(DeviceReport).Assembly.Location).ProductVersion ?? "unknown";
}
