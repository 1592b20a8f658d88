using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gqn.Native.Benchmarks.Steps;

namespace Gqn.Native.Benchmarks.Report;

/// <summary>What the parts of a report share: the device, the programs, the logs, and the findings so far.</summary>
/// <param name="folder">The folder of the report and its logs.</param>
/// <param name="programs">The programs to run.</param>
/// <param name="device">The device under measurement.</param>
/// <param name="survey">All devices of the machine.</param>
internal sealed class ReportContext(string folder, Programs programs, DeviceRecord device, DeviceSurvey survey)
{
    private readonly List<string> _failures = [], _leftOut = [];
    private readonly Dictionary<string, string> _sections = [];

    /// <summary>The device under measurement.</summary>
    public DeviceRecord Device => device;

    /// <summary>All devices of the machine.</summary>
    public DeviceSurvey Survey => survey;

    /// <summary>The programs to run.</summary>
    public Programs Programs => programs;

    /// <summary>True for a GPU reached through NVIDIA's own driver interface.</summary>
    public bool IsCuda => device.IsCuda;

    /// <summary>All lines of JSON that were printed.</summary>
    public List<JsonObject> Records { get; } = [];

    /// <summary>Failures, a sentence each.</summary>
    public IReadOnlyList<string> Failures => _failures;

    /// <summary>Omissions with their reasons, a sentence each.</summary>
    public IReadOnlyList<string> LeftOut => _leftOut;

    /// <summary>The text of each part that has run.</summary>
    public IReadOnlyDictionary<string, string> Sections => _sections;

    /// <summary>Notes a failure, which the report's exit code will show.</summary>
    public void Fail(string sentence) => _failures.Add(OneLine(sentence));

    /// <summary>Notes an omission.</summary>
    public void LeaveOut(string sentence) => _leftOut.Add(OneLine(sentence));

    /// <summary>Notes that a program did not succeed.</summary>
    /// <param name="what">What it was doing.</param>
    /// <param name="run">How it ended.</param>
    /// <param name="firstRecord">Index of its first record: those that it had printed are kept.</param>
    public void Fail(string what, ChildRun run, int firstRecord)
    {
        int kept = Records.Count - firstRecord;
        Fail($"{what}: {OneLine(run.Failure)}" + kept switch
        {
            0 => string.Empty,
            1 => " The result that it had printed is kept.",
            _ => $" The {kept} results that it had printed are kept.",
        });
    }

    /// <summary>Called whenever a part has changed its text, so that the report on disk holds the results so far.
    /// </summary>
    public Action? Written { get; set; }

    /// <summary>Sets the text of a part.</summary>
    public void Write(string part, string text)
    {
        _sections[part] = text;
        Written?.Invoke();
    }

    /// <summary>Runs a program of this project.</summary>
    /// <param name="logName">Name of the log to append to.</param>
    /// <param name="program">One of <see cref="Programs"/>.</param>
    /// <param name="words">Its arguments.</param>
    /// <param name="limit">How long it may run.</param>
    /// <param name="environment">Additions to its environment.</param>
    public ChildRun RunProgram(
        string logName, string program, IReadOnlyList<string> words, TimeSpan limit,
        IReadOnlyDictionary<string, string>? environment = null) =>
        RunCommand(
            logName, programs.Host, [programs.PathOf(program), .. words], limit, environment,
            $"{Programs.Shown(program)} {ChildProcess.Line(words)}");

    /// <summary>Runs any program, and keeps the lines of JSON that it prints.</summary>
    public ChildRun RunCommand(
        string logName, string file, IReadOnlyList<string> words, TimeSpan limit,
        IReadOnlyDictionary<string, string>? environment = null, string? shown = null)
    {
        using var log = new StreamWriter(Path.Combine(folder, logName + ".log"), append: true) { AutoFlush = true };
        var run = ChildProcess.Run(file, words, environment ?? new Dictionary<string, string>(), limit, log, shown);
        foreach (string line in run.Output)
        {
            if (TryParse(line) is { } record)
                Records.Add(record);
        }

        return run;
    }

    /// <summary>Takes over the notes that programs have printed about omissions and failures.</summary>
    /// <param name="prefix">What they were doing.</param>
    /// <param name="first">Index of the first record to look at.</param>
    /// <returns>Whether any of them is a failure.</returns>
    public bool TakeNotes(string prefix, int first)
    {
        bool failed = false;
        foreach (var record in Records.Skip(first))
        {
            string sentence = $"{prefix}, {record["what"]}: {record["reason"]}";
            if ((string?)record["kind"] == NoteRecord.LeftOut)
                LeaveOut(sentence);
            if ((string?)record["kind"] != NoteRecord.Failed)
                continue;
            Fail(sentence);
            failed = true;
        }

        return failed;
    }

    /// <summary>The records of training steps.</summary>
    public IEnumerable<StepRecord> Steps() => OfKind(StepRecord.KindName)
        .Select(record => record.Deserialize<StepRecord>(StepRecord.JsonOptions)!);

    /// <summary>The records of a kind.</summary>
    public IEnumerable<JsonObject> OfKind(string kind) =>
        Records.Where(record => (string?)record["kind"] == kind);

    /// <summary>How long a program may run: its share of the time, but never less than one that works may need to start
    /// and to compile its kernels. Only one that hangs takes what its share lacks from those after it.</summary>
    public static TimeSpan AtLeast(TimeSpan least, TimeSpan share) => share > least ? share : least;

    /// <summary>The time left until a deadline; never negative.</summary>
    public static TimeSpan Until(long began, TimeSpan limit)
    {
        var left = limit - Stopwatch.GetElapsedTime(began);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private static JsonObject? TryParse(string line)
    {
        if (!line.StartsWith('{'))
            return null;
        try
        {
            return JsonNode.Parse(line) is JsonObject record && record.ContainsKey("kind") ? record : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string OneLine(string sentence)
    {
        string line = sentence.ReplaceLineEndings(" ").Trim();
        return line.EndsWith('.') ? line : line + ".";
    }
}

/// <summary>A part of a report.</summary>
internal interface IReportPart
{
    /// <summary>Its name on the command line and in the report.</summary>
    string Name { get; }

    /// <summary>Its heading.</summary>
    string Title { get; }

    /// <summary>Its share of the time on a device, relative to the other parts' shares.</summary>
    double ShareOn(DeviceRecord device);

    /// <summary>Runs it and writes its section; failures are noted, not thrown.</summary>
    /// <param name="context">What the parts share.</param>
    /// <param name="limit">How long it may take.</param>
    void Run(ReportContext context, TimeSpan limit);
}
