using System.CommandLine;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Model;

namespace Gqn.Native.Benchmarks.Commands;

/// <summary><c>run FILTER</c>: BenchmarkDotNet, with throughput relative to what the machine can do.</summary>
internal static class RunCommand
{
    private const string Short = "short", Standard = "standard";

    public static Command Create()
    {
        var filter = new Argument<string>("FILTER")
        {
            Description = "Class, method or Class.Method, with * and ?; the baselines of the classes are run as well",
        };
        var passed = new Argument<string[]>("OPTIONS")
        {
            Description = "After --: options of BenchmarkDotNet, such as --iterationCount 5",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var profile = new Option<string>("--profile")
        {
            Description = "short: three iterations; standard: as many as BenchmarkDotNet finds necessary",
            HelpName = "NAME",
            DefaultValueFactory = _ => Short,
        };
        profile.AcceptOnlyFromAmong(Short, Standard);
        var command = new Command("run", "Run benchmarks with BenchmarkDotNet.") { filter, passed, profile };
        command.SetAction(parsed =>
            Run(parsed.GetValue(filter)!, parsed.GetValue(profile) == Standard, parsed.GetValue(passed)!));
        return command;
    }

    private static int Run(string filter, bool standard, string[] passed)
    {
        if (passed is [{ } word, ..] && !word.StartsWith('-'))
            throw new OptionException($"run takes one filter, and '{word}' is a second; quote a pattern with *.");
        var selected = BenchmarkCatalog.Select(filter);
        if (selected.Count == 0)
            throw new OptionException($"No benchmark matches '{filter}'; list shows those there are.");
        var names = selected.SelectMany(benchmarks => benchmarks.Methods.Select(
            method => $"{benchmarks.Type.FullName}.{method}"));
        var summaries = BenchmarkSwitcher.FromTypes([.. selected.Select(benchmarks => benchmarks.Type)])
            .Run(["--filter", .. names, .. passed], Configuration(standard)).ToList();
        if (summaries.Count == 0)
            throw new OptionException($"BenchmarkDotNet has run nothing with '{string.Join(' ', passed)}'.");
        bool failed = summaries.Any(summary =>
            summary.HasCriticalValidationErrors || summary.Reports.Any(report => !report.Success));
        return failed ? BenchmarkCommands.Failed : BenchmarkCommands.Success;
    }

    private static ManualConfig Configuration(bool standard)
    {
        // In this process: the default toolchain builds a separate project, which does not fit the pinned packages and
        // rules of this repository, and a ratio needs no second process.
        var job = (standard ? Job.Default : Job.ShortRun).WithToolchain(InProcessEmitToolchain.Instance);
        return DefaultConfig.Instance.AddJob(job).AddDiagnoser(MemoryDiagnoser.Default).AddColumn(WorkColumn.All);
    }
}
