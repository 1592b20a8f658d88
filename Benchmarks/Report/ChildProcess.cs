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

    /// <summary>Why it failed, in one sentence.</summary>
    public string Failure => ExitCode is { } code
        ? Errors.LastOrDefault(line => line.StartsWith("error: ", StringComparison.Ordinal))?["error: ".Length..]
            ?? $"it ended with exit code {code}" + (LastLine is { } line ? $": {line}" : ".")
        : LastLine is { } last && Elapsed == TimeSpan.Zero
            ? last
            : $"it was ended after {Elapsed.TotalSeconds:F0} s, which was its share of the time; --minutes gives more.";

    private string? LastLine =>
        Errors.LastOrDefault(line => line.Trim().Length > 0) ?? Output.LastOrDefault(line => line.Trim().Length > 0);
}

/// <summary>Runs programs one after another in separate processes: none can take the report with it.</summary>
internal static class ChildProcess
{
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
        List<string> output = [], errors = [];
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Receive(line.Data, output, log);
        process.ErrorDataReceived += (_, line) => Receive(line.Data, errors, log);
        long began = Stopwatch.GetTimestamp();
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            errors.Add($"'{file}' could not be started: {exception.Message}.");
            log.WriteLine(errors[^1]);
            return new ChildRun(command, null, TimeSpan.Zero, output, errors);
        }

        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        bool ended = process.WaitForExit(limit);
        if (!ended)
            process.Kill(entireProcessTree: true);
        process.WaitForExit();
        var elapsed = Stopwatch.GetElapsedTime(began);
        lock (log)
        {
            log.WriteLine(ended
                ? $"[exit code {process.ExitCode} after {elapsed.TotalSeconds:F1} s]"
                : $"[ended after {elapsed.TotalSeconds:F1} s]");
            log.WriteLine();
            log.Flush();
        }

        return new ChildRun(command, ended ? process.ExitCode : null, elapsed, output, errors);
    }

    /// <summary>The words as a user would type them.</summary>
    public static string Line(IEnumerable<string> words) => string.Join(' ', words.Select(Quote));

    private static void Receive(string? line, List<string> lines, TextWriter log)
    {
        if (line is null)
            return;
        lock (log)
        {
            lines.Add(line);
            log.WriteLine(line);
        }
    }

    private static string Quote(string word) =>
        word.Length > 0 && !word.Any(" *?()'\"$;".Contains) ? word : $"'{word}'";
}
