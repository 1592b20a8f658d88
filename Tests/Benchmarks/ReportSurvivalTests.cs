using System.Diagnostics;
using System.Text.Json.Nodes;
using Gqn.Native.Benchmarks.Report;
using Gqn.Native.Tests.Io;
using Xunit;

namespace Gqn.Native.Tests.Benchmarks;

/// <summary>Programs that hang cost a report their own results, and no others.</summary>
/// <remarks>The programs are made up: shell scripts with the names of the real ones.</remarks>
public sealed class ReportSurvivalTests : IDisposable
{
    private static readonly DeviceRecord OpenCl = new()
    {
        Name = "opencl:0",
        Title = "A GPU",
        Driver = "OpenCL 3.0",
        Features = "none",
        MemoryBytes = 1L << 36,
        Precisions = ["fp32"],
    };

    private static readonly DeviceRecord Cuda = OpenCl with { Name = "cuda:0", Precisions = ["fp32", "tf32"] };

    // As printed by "time CLASS ...": $2 is the class.
    private const string PrintOperation =
        """
        echo '{"kind":"operation","class":"'$2'","method":"Forward","parameters":"","precision":"fp32","seconds":1}'
        """;

    // As printed by "step --device NAME --preset PRESET ... --precision PRECISION ...".
    private const string PrintStep =
        """
        echo '{"kind":"step","device":"A GPU","preset":"'$5'","batch":36,"contexts":3,"precision":"'${11}'",'\
        '"variant":"graph","medianSeconds":0.001,"minSeconds":0.001,"steps":9,"rounds":3,"launches":90,"parameters":9}'
        """;

    private readonly TemporaryFolder _folder = new();

    public ReportSurvivalTests() =>
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The made-up programs are shell scripts.");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void AProgramHasTimeToStartAndToCompile()
    {
        Assert.Equal(TimeSpan.FromSeconds(25), new KernelPart().LeastLimit);
        Assert.Equal(TimeSpan.FromSeconds(30), new TestPart().LeastLimit);
        var steps = new StepPart();
        var (second, minute) = (TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        var context = Context(Cuda);
        Assert.Equal(minute, steps.LimitOf(context, "paper", "fp32", second, minute));
        Assert.Equal(2 * minute, steps.LimitOf(context, "paper", "fp32", 2 * minute, 3 * minute));
        // A slow device is not a hung one, but has no more than what is left.
        context.Records.Add(JsonNode.Parse(
            """
            {"kind":"step","device":"A GPU","preset":"paper","batch":36,"contexts":3,"precision":"fp32",
             "variant":"graph","medianSeconds":10,"minSeconds":10,"steps":9,"rounds":3,"launches":90,"parameters":9}
            """)!.AsObject());
        Assert.Equal(2 * minute, steps.LimitOf(context, "paper", "tf32", second, 9 * minute));
        Assert.Equal(1.5 * minute, steps.LimitOf(context, "paper", "tf32", second, 1.5 * minute));
    }

    [Fact]
    public void AKernelThatHangsLeavesTheOthersTheirTimeAndKeepsWhatItPrinted()
    {
        Program(Programs.Benchmarks, $"{PrintOperation}\nif [ $2 = GpuMatrixProduct ]; then sleep 300; fi");
        var context = Context(OpenCl);
        new KernelPart { LeastLimit = TimeSpan.FromSeconds(2) }.Run(context, TimeSpan.FromSeconds(20));
        string[] classes = [.. KernelPart.Classes(["fp32"]).Select(entry => entry.Name)];
        Assert.Equal(classes, KernelPart.RecordsOf(context).Select(record => record.Class));
        string failure = Assert.Single(context.Failures);
        Assert.Matches(
            @"^Kernels, GpuMatrixProduct in fp32: it was ended after \d+ s: it hung, .*--minutes gives\. "
            + @"The result that it had printed is kept\.$", failure);
        Assert.Empty(context.LeftOut);
        Assert.Contains("| GpuMatrixProduct.Forward |", context.Sections["kernels"], StringComparison.Ordinal);
    }

    [Fact]
    public void AKernelMayTakeLongerThanItsShareAndWhatIsNotBegunIsNamed()
    {
        Program(Programs.Benchmarks, $"sleep 1\n{PrintOperation}");
        var context = Context(OpenCl);
        new KernelPart().Run(context, TimeSpan.FromSeconds(3.5));
        int all = KernelPart.Classes(["fp32"]).Count(), measured = KernelPart.RecordsOf(context).Count();
        // The share of each is below a second, which none of them keeps.
        Assert.InRange(measured, 1, 3);
        Assert.Empty(context.Failures);
        Assert.Equal(all - measured, context.LeftOut.Count);
        Assert.All(
            context.LeftOut, sentence => Assert.Matches(@"^Kernels, Gpu\w+ in fp32: no time was left\.$", sentence));
    }

    [Fact]
    public void StepsThatHangDoNotKeepLargerSizesFromBeingMeasured()
    {
        Program(Programs.Benchmarks, $"if [ $5 = tiny ]; then sleep 300; fi\n{PrintStep}");
        var context = Context(Cuda);
        long began = Stopwatch.GetTimestamp();
        new StepPart { LeastLimit = TimeSpan.FromSeconds(1) }.Run(context, TimeSpan.FromSeconds(18));
        Assert.Equal(
            ["small tf32", "small fp32", "paper tf32", "paper fp32", "small tf32", "paper tf32"],
            StepPart.OursOf(context).Select(step => $"{step.Preset} {step.Precision}"));
        Assert.Equal(3, context.Failures.Count);
        Assert.All(context.Failures, failure => Assert.Matches("^Steps of tiny in .*: it was ended after", failure));
        Assert.Contains("Steps of tiny in tf32 without graphs", context.Failures[2], StringComparison.Ordinal);
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 3, 60);
    }

    [Fact]
    public void AClassOfTestsThatHangsCountsWhatHadPassed()
    {
        Program(
            Programs.Tests,
            """
            case $1:$2 in
              --list-tests:*) for name in A B C; do echo "  T.SlowCudaTests.$name"; done; echo "  T.FastCudaTests.A" ;;
              *T.SlowCudaTests) echo 'passed T.SlowCudaTests.A (3ms)'; sleep 300 ;;
              *) echo '  succeeded: 1' ;;
            esac
            """);
        var context = Context(Cuda);
        new TestPart { LeastLimit = TimeSpan.FromSeconds(2) }.Run(context, TimeSpan.FromSeconds(6));
        string section = context.Sections["tests"];
        Assert.Matches(@"\| FastCudaTests \| +1 \| +0 \| +0 \| +[\d.]+ \| passed", section);
        Assert.Matches(@"\| SlowCudaTests \| +1 \| +0 \| +0 \| +[\d.]+ \| it was ended after", section);
        Assert.Matches(
            "^Tests of SlowCudaTests, 1 of 3 were done: it was ended after", Assert.Single(context.Failures));
    }

    [Fact]
    public void ReportOnDiskHoldsWhatTheRunningPartHasFoundSoFar()
    {
        var context = Context(OpenCl);
        string path = _folder["report.md"], seen = string.Empty, records = string.Empty;
        var first = new MadeUpPart("first", () =>
        {
            context.Records.Add(JsonNode.Parse("""{"kind":"operation","seconds":1}""")!.AsObject());
            context.Write("first", "Half of it.");
            (seen, records) = (File.ReadAllText(path), File.ReadAllText(_folder["report.jsonl"]));
            throw new IOException("The other half is gone.");
        });
        var second = new MadeUpPart("second", () => context.Write("second", "All of it."));
        new DeviceReport(context, path, TimeProvider.System).Run([first, second], TimeSpan.FromSeconds(9));
        Assert.Contains("It is not complete: 'first' is running.", seen, StringComparison.Ordinal);
        Assert.Contains("Half of it.", seen, StringComparison.Ordinal);
        Assert.Equal("""{"kind":"operation","seconds":1}""" + "\n", records);
        string report = File.ReadAllText(path);
        Assert.Contains("- The part 'first': The other half is gone.", report, StringComparison.Ordinal);
        Assert.Contains("Half of it.", report, StringComparison.Ordinal);
        Assert.Contains("All of it.", report, StringComparison.Ordinal);
        Assert.DoesNotContain("It is not complete", report, StringComparison.Ordinal);
    }

    [Fact]
    public void AProcessThatIsLeftBehindDoesNotHoldTheReportUp()
    {
        using var log = new StringWriter();
        var run = ChildProcess.Run(
            "/bin/sh", ["-c", "sleep 40 & echo done"], new Dictionary<string, string>(), TimeSpan.FromSeconds(60), log);
        Assert.Equal((0, "done"), (run.ExitCode, Assert.Single(run.Output)));
        Assert.InRange(run.Elapsed.TotalSeconds, 0, 30);
        Assert.Contains("still holds its output open", log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void ProgramsAreEndedAtTheirLimitWithAllTheyHaveStarted()
    {
        using var log = new StringWriter();
        var none = new Dictionary<string, string>();
        var run = ChildProcess.Run(
            "/bin/sh", ["-c", "echo $WORD; sleep 300 & echo waiting; wait"],
            new Dictionary<string, string> { ["WORD"] = "first" }, TimeSpan.FromSeconds(1), log);
        Assert.Null(run.ExitCode);
        Assert.Equal(["first", "waiting"], run.Output);
        Assert.InRange(run.Elapsed.TotalSeconds, 1, 60);
        Assert.Contains("share of the time", run.Failure, StringComparison.Ordinal);
        Assert.Contains("WORD=first sh -c", log.ToString(), StringComparison.Ordinal);

        run = ChildProcess.Run(
            "/bin/sh", ["-c", "echo 'error: no such thing' >&2; exit 2"], none, TimeSpan.FromSeconds(60), log);
        Assert.Equal((2, "no such thing"), (run.ExitCode, run.Failure));
        run = ChildProcess.Run("/nonexistent/program", [], none, TimeSpan.FromSeconds(60), log);
        Assert.False(run.Succeeded);
        Assert.Contains("could not be started", run.Failure, StringComparison.Ordinal);
    }

    private ReportContext Context(DeviceRecord device) =>
        new(_folder.Path, new Programs(_folder.Path, "/bin/sh"), device, new DeviceSurvey([device], []));

    private void Program(string name, string script) => File.WriteAllText(_folder[name], script + "\n");

    private sealed class MadeUpPart(string name, Action run) : IReportPart
    {
        public string Name => name;

        public string Title => name;

        public double ShareOn(DeviceRecord device) => 1;

        public void Run(ReportContext context, TimeSpan limit) => run();
    }
}
