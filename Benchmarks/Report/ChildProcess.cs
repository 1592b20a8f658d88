using System.ComponentModel;
using System.Diagnostics;

namespace Gqn.Native.Benchmarks.Report;

/// <summary>The outcome of running a program.</summary>
/// <param name="Command">How it was called, in human-readable form.</param>
/// <param name="ExitCode">Its exit code; null if it was killed or could not be started.</param>
/// <param name="Elapsed">How long it ran.</param>
/// <param name="Output">The lines of its standard output.</param>
/// <param name="Errors">The lines of its standard error.</param>
internal sealed record ChildRun(
    string Command, int? ExitCode, TimeSpan Elapsed, IReadOnlyList<string> Output, IReadOnlyList<string> Errors)
{
    /// <summary>Whether it succeeded.</summary>
    public bool Succeeded => ExitCode == 0;

    /// <summary>Whether it was killed at its limit.</summary>
    public bool WasKilled => ExitCode is null && Elapsed > TimeSpan.Zero;

    /// <summary>Why it failed, in one sentence.</summary>
    public string Failure => ExitCode is { } code
        ? Errors.LastOrDefault(line => line.StartsWith("error: ", StringComparison.Ordinal))?["error: ".Length..]
            ?? $"it ended with exit code {code}" + (LastLine is { } line ? $": {line}" : ".")
        : LastLine is { } last && !WasKilled
            ? last
            : $"it was ended after {Elapsed.TotalSeconds:F0} s: it hung, or needs a larger share of the time, which "
                + "--minutes gives.";

    private string? LastLine =>
        Errors.LastOrDefault(line => line.Trim().Length > 0) ?? Output.LastOrDefault(line => line.Trim().Length > 0);
}

/// <summary>Runs programs one after another in separate processes: none can take the report with it.</summary>
internal static class ChildProcess
{
    // For what a program has printed to arrive. No longer, because its output may never end: a process that a driver
    // holds cannot be killed, and one that it has left behind may keep the output open.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>Runs a program to its end, or kills it together with all that it has started.</summary>
    /// <param name="file">The program.</param>
    /// <param name="words">Its arguments.</param>
    /// <param name="environment">Additions to its environment.</param>
    /// <param name="limit">How long it may run.</param>
    /// <param name="log">Receives the command, all output, and how it ended.</param>
    /// <param name="shown">How a user would call it; null for the words, files without their folders.</param>
    public static ChildRun Run(
        string file, IReadOnlyList<string> words, IReadOnlyDictionary<string, string> environment, TimeSpan limit,
        TextWriter log, string? shown = null)
    {
        shown ??= Line([Path.GetFileName(file), .. words.Select(word => File.Exists(word) ? Path.GetFileName(word) : word)]);
        string command = string.Join(
            ' ', [.. environment.Select(variable => $"{variable.Key}={variable.Value}"), shown]);
        log.WriteLine($"$ {command}");
        var start = new ProcessStartInfo(file, words)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var printed = new Transcript(log);
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => printed.Add(line.Data, isError: false);
        process.ErrorDataReceived += (_, line) => printed.Add(line.Data, isError: true);
        long began = Stopwatch.GetTimestamp();
        try
        {
            process.Start();
        }
        catch (Win32Exception exception)
        {
            printed.Add($"'{file}' could not be started: {exception.Message}.", isError: true);
            var (none, reasons) = printed.Close(null);
            return new ChildRun(command, null, TimeSpan.Zero, none, reasons);
        }

        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        bool ended = process.WaitForExit(limit);
        if (!ended)
            Kill(process);
        bool complete = WaitForOutput(process);
        var elapsed = Stopwatch.GetElapsedTime(began);
        string ending = ended ? $"exit code {process.ExitCode} after" : "ended after";
        string rest = complete ? string.Empty : "; something still holds its output open";
        var (output, errors) = printed.Close($"[{ending} {elapsed.TotalSeconds:F1} s{rest}]");
        return new ChildRun(command, ended ? process.ExitCode : null, elapsed, output, errors);
    }

    /// <summary>The words as a user would type them.</summary>
    public static string Line(IEnumerable<string> words) => string.Join(' ', words.Select(Quote));

    // A process that has ended in between, or that the system does not let go, changes nothing for the report.
    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception error) when (error is Win32Exception or AggregateException or InvalidOperationException)
        {
        }
    }

    private static bool WaitForOutput(Process process)
    {
        using var grace = new CancellationTokenSource(Grace);
        try
        {
            process.WaitForExitAsync(grace.Token).GetAwaiter().GetResult();
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static string Quote(string word) =>
        word.Length > 0 && !word.Any(" *?()'\"$;".Contains) ? word : $"'{word}'";

    /// <summary>What a program prints, until it is closed: lines that arrive later belong to nobody.</summary>
    private sealed class Transcript(TextWriter log)
    {
        private readonly List<string> _output = [], _errors = [];
        private readonly object _gate = new();
        private bool _closed;

        public void Add(string? line, bool isError)
        {
            lock (_gate)
            {
                if (line is null || _closed)
                    return;
                (isError ? _errors : _output).Add(line);
                log.WriteLine(line);
            }
        }

        /// <summary>All lines so far; writes a last one into the log.</summary>
        public (IReadOnlyList<string> Output, IReadOnlyList<string> Errors) Close(string? ending)
        {
            lock (_gate)
            {
                _closed = true;
                if (ending is not null)
                    log.WriteLine(ending + log.NewLine);
                log.Flush();
                return (_output, _errors);
            }
        }
    }
}
