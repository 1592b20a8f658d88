using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Gqn.Native.Benchmarks.Report;

/// <summary>The tests that need the device, each class in a separate process.</summary>
/// <remarks>A faulty kernel fails everything that its process computes, but no other class.</remarks>
internal sealed partial class TestPart : IReportPart
{
    private const int ShownFailures = 20;
    private const string Passed = "passed", Failed = "FAILED", Skipped = "skipped";

    // The cost of starting a program and a device, in units of tests.
    private const double Start = 8;

    /// <summary>How long a class may run before it is killed, even if its share of the time is smaller.</summary>
    public TimeSpan LeastLimit { get; init; } = TimeSpan.FromSeconds(30);

    public string Name => "tests";

    public string Title => "Tests on the device";

    public double ShareOn(DeviceRecord device) => 5;

    public void Run(ReportContext context, TimeSpan limit)
    {
        if (!context.Programs.Has(Programs.Tests))
        {
            context.LeaveOut($"The tests: {Programs.Tests} is not beside this program.");
            return;
        }

        long began = Stopwatch.GetTimestamp();
        string platform = context.IsCuda ? "Cuda" : "OpenCl";
        string filter = $"*{platform}*";
        var listing = context.RunProgram(
            Name, Programs.Tests, ["--list-tests", "--filter-class", filter],
            ReportContext.AtLeast(LeastLimit, limit / 4));
        var classes = ClassesOf(listing.Output, platform);
        if (classes.Count == 0)
        {
            context.Fail($"No class of tests matches {filter}: {listing.Failure}");
            return;
        }

        var required = new Dictionary<string, string> { [$"GQN_REQUIRE_{platform.ToUpperInvariant()}"] = "1" };
        var table = new MarkdownTable("class", ">passed", ">failed", ">skipped", ">seconds", "outcome");
        var broken = new List<string>();
        // The smallest first: what they leave of their shares is the largest's, whose tests may be slower.
        double ahead = classes.Sum(entry => Start + entry.Tests);
        foreach (var (type, tests) in classes.OrderBy(entry => entry.Tests))
        {
            string shortName = type[(type.LastIndexOf('.') + 1)..];
            var left = ReportContext.Until(began, limit);
            if (left < TimeSpan.FromSeconds(2))
            {
                table.Add(shortName, "-", "-", "-", "-", "left out: no time was left");
                context.LeaveOut($"The tests of {shortName}: no time was left.");
                continue;
            }

            var share = left * ((Start + tests) / ahead);
            ahead -= Start + tests;
            // Detailed, so that the passed tests are known even of a class that does not finish.
            var run = context.RunProgram(
                Name, Programs.Tests, ["--filter-class", type, "--output", "Detailed"],
                ReportContext.AtLeast(LeastLimit, share), required);
            int passed = Count(run.Output, "succeeded"), failed = Count(run.Output, "failed");
            int skipped = Count(run.Output, "skipped");
            string outcome = OutcomeOf(run, passed, failed, skipped);
            table.Add(
                shortName, Text(passed), Text(failed), Text(skipped),
                run.Elapsed.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture), outcome);
            if (outcome == Skipped)
                context.LeaveOut($"The tests of {shortName}: all {skipped} skipped themselves; tests.log says why.");
            else if (run.WasKilled)
                context.Fail($"Tests of {shortName}, {passed + failed + skipped} of {tests} were done: {outcome}");
            else if (outcome != Passed)
                context.Fail($"Tests of {shortName}: {(outcome == Failed ? $"{failed} failed" : outcome)}");
            broken.AddRange(FailuresOf(run.Output));
            Write(context, platform, table, broken);
        }

        Write(context, platform, table, broken);
    }

    private void Write(ReportContext context, string platform, MarkdownTable table, List<string> broken)
    {
        var text = new StringBuilder($"    GQN_REQUIRE_{platform.ToUpperInvariant()}=1 {Programs.Shown(Programs.Tests)} "
            + $"--filter-class '*{platform}*'\n\n"
            + $"Each class ran in a process of its own; all output is in tests.log.\n\n{table}");
        if (!context.Device.Name.EndsWith(":0", StringComparison.Ordinal))
            text.Append($"\nTests always run on the first device of a kind, not on {context.Device.Name}.\n");
        if (broken.Count > 0)
            text.Append($"\n```\n{string.Join('\n', broken.Take(ShownFailures))}\n```\n");
        if (broken.Count > ShownFailures)
            text.Append($"\nAnd {broken.Count - ShownFailures} more in tests.log.\n");
        context.Write(Name, text.ToString());
    }

    /// <summary>The outcome of a class: a word, or a sentence if it did not finish.</summary>
    internal static string OutcomeOf(ChildRun run, int passed, int failed, int skipped) =>
        run.Succeeded && passed > 0 ? Passed
        : run.ExitCode is not null && failed > 0 ? Failed
        : run.ExitCode is not null && passed == 0 && skipped > 0 ? Skipped
        : run.Succeeded ? "nothing ran"
        : run.Failure;

    /// <summary>The classes that a list of tests names, in the list's order, and the number of tests of each.</summary>
    internal static IReadOnlyList<(string Name, int Tests)> ClassesOf(IEnumerable<string> listing, string platform) =>
    [
        .. listing.Select(line => TestName().Match(line)).Where(match => match.Success)
            .Select(match => match.Groups["class"].Value)
            .Where(type => type.Contains(platform, StringComparison.Ordinal))
            .CountBy(type => type).Select(entry => (entry.Key, entry.Value)),
    ];

    /// <summary>A number from the summary that ends a test run's output; without one, from the tests so far.</summary>
    internal static int Count(IReadOnlyList<string> output, string outcome) => output
        .Select(line => line.Trim())
        .Where(line => line.StartsWith(outcome + ": ", StringComparison.Ordinal))
        .Select(line => int.TryParse(line.AsSpan(outcome.Length + 2), CultureInfo.InvariantCulture, out int n) ? n : 0)
        .LastOrDefault(output.Count(line =>
            line.StartsWith(outcome == "succeeded" ? "passed " : outcome + " ", StringComparison.Ordinal)));

    // The name of each test that failed and the first line of its message.
    private static IEnumerable<string> FailuresOf(IReadOnlyList<string> output)
    {
        for (int i = 0; i < output.Count; i++)
        {
            if (output[i].StartsWith("failed ", StringComparison.Ordinal))
                yield return $"{output[i]}: {(i + 1 < output.Count ? output[i + 1].Trim() : string.Empty)}";
        }
    }

    private static string Text(int count) => count.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\s+(?<class>[A-Za-z_][\w.]*)\.\w+(\(.*)?$")]
    private static partial Regex TestName();
}
