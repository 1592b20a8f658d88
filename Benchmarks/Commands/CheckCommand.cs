using System.CommandLine;
using System.Globalization;
using Gqn.Native.Benchmarks.Guard;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Model;

namespace Gqn.Native.Benchmarks.Commands;

/// <summary><c>check</c>: whether the hot cases are still as fast as committed.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var noisy = new Option<bool>("--noisy")
        {
            Description = "For a machine with other work: one thread in processor time, 30 % instead of 10 %",
        };
        var update = new Option<bool>("--update")
        {
            Description = "Write the figures of now to Benchmarks/Baselines instead of comparing with those there",
        };
        var command = new Command("check", "Measure the hot cases and compare with the committed figures.")
        {
            noisy, update,
        };
        command.SetAction(parsed =>
        {
            bool writes = parsed.GetValue(update), tolerates = parsed.GetValue(noisy);
            if (writes && tolerates)
                throw new OptionException("--update and --noisy exclude each other: a quiet machine gives figures.");
            var output = parsed.InvocationConfiguration.Output;
            output.WriteLine($"machine: {MachineName.Here}");
            string path = CommittedFigures.PathOf(CommittedFigures.Folder, MachineName.Here);
            return writes ? Update(path, output)
                : tolerates ? Check(path, Timing.OneThread, Tolerance.Noisy, output)
                : Check(path, Timing.AllThreads, Tolerance.Quiet, output);
        });
        return command;
    }

    private static int Check(string path, Timing timing, Tolerance tolerance, TextWriter output)
    {
        var committed = CommittedFigures.Read(path);
        if (committed is null)
            output.WriteLine($"There are no figures of this machine ('{path}'), only floors that hold on any.");
        int failures = 0;
        var known = new HashSet<string>();
        ForEachCase(timing, output, (guarded, peaks) =>
        {
            known.Add(guarded.Name);
            var expected = committed?.Cases.GetValueOrDefault(guarded.Name)?.Of(timing);
            var (measured, verdict) = Verdict.Confirm(
                () => Measurement.Of(guarded, peaks, timing, Measurement.Rounds),
                measured => Verdict.Of(measured.Figures, expected, guarded.Floor, tolerance));
            failures += verdict.Passed ? 0 : 1;
            WriteRow(output, guarded, measured, expected, verdict.Text);
        });
        foreach (string name in committed?.Cases.Keys.Where(name => !known.Contains(name)) ?? [])
            output.WriteLine($"There is a figure of '{name}', but no such case.");
        output.WriteLine(failures == 0 ? "Every guard holds." : $"{failures} of {Cases.All.Count} cases fail.");
        return failures == 0 ? BenchmarkCommands.Success : BenchmarkCommands.Failed;
    }

    private static int Update(string path, TextWriter output)
    {
        var oneThread = MeasureAll(Timing.OneThread, output, out bool slow);
        var allThreads = MeasureAll(Timing.AllThreads, output, out bool slowTogether);
        if (slow || slowTogether)
        {
            output.WriteLine("Nothing is written: a case is below its floor.");
            return BenchmarkCommands.Failed;
        }

        var figures = new SortedDictionary<string, CommittedCase>(StringComparer.Ordinal);
        foreach (string name in allThreads.Keys)
            figures.Add(name, new CommittedCase(allThreads[name], oneThread[name]));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        new CommittedFigures(MachineName.Here, figures).Write(path);
        output.WriteLine($"Wrote '{path}'.");
        return BenchmarkCommands.Success;
    }

    private static Dictionary<string, Figures> MeasureAll(Timing timing, TextWriter output, out bool slow)
    {
        var figures = new Dictionary<string, Figures>();
        bool below = false;
        ForEachCase(timing, output, (guarded, peaks) =>
        {
            var measured = Measurement.Of(guarded, peaks, timing, Measurement.Rounds);
            var verdict = Verdict.Of(measured.Figures, null, guarded.Floor, Tolerance.Quiet);
            below |= !verdict.Passed;
            figures.Add(guarded.Name, measured.Figures);
            WriteRow(output, guarded, measured, null, verdict.Passed ? "measured" : verdict.Text);
        });
        slow = below;
        return figures;
    }

    private static void ForEachCase(
        Timing timing, TextWriter output, Action<GuardCase, Peaks> visit)
    {
        using var pool = new WorkerPool(timing == Timing.OneThread ? 1 : Environment.ProcessorCount);
        using var peaks = new Peaks(pool);
        output.WriteLine(
            timing == Timing.OneThread ? "one thread, processor time" : "all threads, by the clock");
        output.WriteLine(
            $"{"case",-38} {"time/us",9} {"GFLOP/s",8} {"GB/s",6} {"ratio",8} {"(was)",8} {"peak %",7} {"(was)",7}  "
            + "verdict");
        foreach (var create in Cases.All)
        {
            using var guarded = create(peaks);
            visit(guarded, peaks);
        }
    }

    private static void WriteRow(
        TextWriter output, GuardCase guarded, Measurement measured, Figures? committed, string verdict)
    {
        string ratio = committed?.Ratio.ToString("F2", CultureInfo.InvariantCulture) ?? "-";
        string share = (100 * committed?.PeakShare)?.ToString("F1", CultureInfo.InvariantCulture) ?? "-";
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{guarded.Name,-38} {1e6 * measured.Seconds,9:F1} {guarded.Work.Flops / measured.Seconds / 1e9,8:F1} "
            + $"{guarded.Work.Bytes / measured.Seconds / 1e9,6:F1} {measured.Figures.Ratio,8:F2} {ratio,8} "
            + $"{100 * measured.Figures.PeakShare,7:F1} {share,7}  {verdict}"));
    }
}
