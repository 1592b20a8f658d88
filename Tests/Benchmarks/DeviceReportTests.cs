using System.Text.Json;
using System.Text.Json.Nodes;
using Gqn.Native.Benchmarks;
using Gqn.Native.Benchmarks.Commands;
using Gqn.Native.Benchmarks.Report;
using Gqn.Native.Benchmarks.Steps;
using Gqn.Native.Model;
using Gqn.Native.Tests.Io;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Benchmarks;

/// <summary>The report of a device: how it reads what programs print, shares time, and says what it left out.</summary>
public sealed class DeviceReportTests
{
    private static readonly DeviceRecord Cuda = new()
    {
        Name = "cuda:0",
        Title = "A GPU",
        Driver = "CUDA 12.4",
        Features = "tensor cores",
        MemoryBytes = 1L << 36,
        Precisions = ["fp32", "tf32"],
    };

    // As pytorch_gqn.py prints them; the figures are made up.
    private const string PeerStep =
        """
        {"kind": "step", "engine": "PyTorch 2.6.0", "device": "A GPU", "preset": "paper", "batch": 36,
         "contexts": 3, "precision": "tf32", "variant": "eager, channels_last", "medianSeconds": 0.5, "minSeconds": 0.45,
         "steps": 16, "rounds": 8, "warmUpSeconds": 12.5, "bytes": 2147483648, "parameters": 168665039, "loss": 7802.5}
        """;

    private const string PeerProduct =
        """
        {"kind": "operation", "engine": "PyTorch 2.6.0", "class": "GpuMatrixProduct", "method": "Product",
         "parameters": "8192x4096x4096", "precision": "tf32", "seconds": 0.5, "flops": 2e14, "bytes": 335544320.0}
        """;

    private static readonly DeviceRecord OpenCl = Cuda with { Name = "opencl:0", Precisions = ["fp32"] };

    [Fact]
    public void ListOfTestsGivesTheClassesOnce() => Assert.Equal(
        [("Gqn.Native.Tests.Ops.OpCudaTests", 2), ("Gqn.Native.Tests.Training.TrainingCudaTests", 1)],
        TestPart.ClassesOf(
            [
                "xunit.net v3 Microsoft.Testing.Platform",
                "  Gqn.Native.Tests.Ops.OpCudaTests.AgreesWithTheReference(name: \"Conv2d: a. b\")",
                "  Gqn.Native.Tests.Ops.OpCudaTests.AgreesWithTheReference(name: \"Cuda.Add\")",
                "  Gqn.Native.Tests.Training.TrainingCudaTests.SameSeedGivesSameBytes",
                "  Gqn.Native.Tests.Ops.SoftplusTests.StaysFinite", "  duration: 439ms",
            ],
            "Cuda"));

    [Fact]
    public void SummaryOfATestRunIsRead()
    {
        string[] output = ["failed A.B.C (3ms)", "  failed: not this", "  total: 12", "  failed: 2", "  succeeded: 9"];
        Assert.Equal(
            (2, 9, 0),
            (TestPart.Count(output, "failed"), TestPart.Count(output, "succeeded"), TestPart.Count(output, "skipped")));
        output = ["passed A.B.C (3ms)", "passed A.B.D (1ms)", "failed A.B.E (1ms)", "  passed: not this"];
        Assert.Equal((1, 2), (TestPart.Count(output, "failed"), TestPart.Count(output, "succeeded")));
    }

    [Theory]
    [InlineData(0, 3, 0, 1, "passed")]
    [InlineData(2, 3, 1, 1, "FAILED")]
    [InlineData(8, 0, 0, 2, "skipped")]
    [InlineData(0, 0, 0, 0, "nothing ran")]
    [InlineData(134, 5, 0, 0, "it ended with exit code 134: core dumped")]
    public void AClassOfTestsPassesFailsOrSaysWhyNot(int code, int passed, int failed, int skipped, string outcome) =>
        Assert.Equal(outcome, TestPart.OutcomeOf(
            new ChildRun("tests", code, TimeSpan.FromSeconds(1), [], ["core dumped"]), passed, failed, skipped));

    [Fact]
    public void TimeThatIsLeftIsSharedByThePartsThatAreLeft()
    {
        IReportPart[] parts = [new DevicePart(), new TestPart(), new StepPart()];
        var first = DeviceReport.ShareOf(parts, 0, TimeSpan.FromSeconds(85), Cuda);
        Assert.Equal(85 * parts[0].ShareOn(Cuda) / parts.Sum(part => part.ShareOn(Cuda)), first.TotalSeconds, 1e-6);
        Assert.Equal(TimeSpan.FromSeconds(20), DeviceReport.ShareOf(parts, 2, TimeSpan.FromSeconds(20), Cuda));
        // A part that cannot run on a device takes no time from the others.
        parts = [new StepPart(), new PyTorchPart(string.Empty)];
        Assert.Equal(TimeSpan.FromSeconds(20), DeviceReport.ShareOf(parts, 0, TimeSpan.FromSeconds(20), OpenCl));
        Assert.NotEqual(TimeSpan.FromSeconds(20), DeviceReport.ShareOf(parts, 0, TimeSpan.FromSeconds(20), Cuda));
        Assert.Equal(TimeSpan.FromSeconds(20), DeviceReport.ShareOf(parts, 1, TimeSpan.FromSeconds(20), OpenCl));
    }

    [Fact]
    public void TableLinesUpAndEscapesItsBars()
    {
        var table = new MarkdownTable("name", ">value");
        table.Add("a|b", "12");
        table.Add("long name", "3");
        Assert.Equal(
            "| name      | value |\n| --------- | ----: |\n| a\\|b      |    12 |\n| long name |     3 |\n", table.ToString());
    }

    [Theory]
    [InlineData(null, "-")]
    [InlineData(12345.6, "12346")]
    [InlineData(1.234, "1.23")]
    [InlineData(0.01234, "0.0123")]
    public void NumbersKeepThreeDigits(double? value, string text) => Assert.Equal(text, MarkdownTable.Number(value));

    [Fact]
    public void CudaIsChosenBeforeOpenClAndWhatIsWrongIsNamed()
    {
        var old = Cuda with { Refusal = "its driver is too old" };
        Assert.Equal("cuda:0", ReportCommand.ChooseDevice(new([OpenCl, Cuda], []), null).Name);
        Assert.Equal("opencl:0", ReportCommand.ChooseDevice(new([OpenCl, old], []), null).Name);
        Assert.Equal("opencl:0", ReportCommand.ChooseDevice(new([OpenCl, Cuda], []), "opencl").Name);
        Assert.Equal("There is no device cuda:1. There is opencl:0 (A GPU).", Refusal("cuda:1", OpenCl));
        Assert.Equal("cuda:0 (A GPU) cannot be used: its driver is too old.", Refusal("cuda:0", old));
        Assert.Equal(
            "There is no device to measure. cuda:0 (A GPU) cannot be used: its driver is too old.", Refusal(null, old));
        var none = new DeviceSurvey([], ["There is no driver."]);
        Assert.Equal(
            "There is no device to measure. There is no driver.",
            Assert.Throws<OptionException>(() => ReportCommand.ChooseDevice(none, null)).Message);

        static string Refusal(string? name, DeviceRecord device) =>
            Assert.Throws<OptionException>(() => ReportCommand.ChooseDevice(new([device], []), name)).Message;
    }

    [Fact]
    public void PartsKeepTheirOrderAndUnknownOnesAreRefused()
    {
        IReportPart[] parts = [new DevicePart(), new TestPart(), new StepPart()];
        Assert.Equal([parts[0], parts[2]], ReportCommand.ChooseParts(parts, "steps, devices"));
        Assert.Contains(
            "'speed'", Assert.Throws<OptionException>(() => ReportCommand.ChooseParts(parts, "steps,speed")).Message);
    }

    [Fact]
    public void StepsBeyondMemoryOrTimeAreLeftOutWithFigures()
    {
        using var folder = new TemporaryFolder();
        var time = TimeSpan.FromSeconds(100);
        var context = Context(folder, Cuda);
        Assert.Null(StepPart.WhyNot(context, "tiny", "fp32", time));
        // What failed before says nothing of what comes now.
        Assert.Null(StepPart.WhyNot(context, "small", "fp32", time));
        context.Records.Add(Step("small", "fp32", 0.1, launches: 500));
        Assert.Null(StepPart.WhyNot(context, "small", "tf32", time));
        Assert.Null(StepPart.WhyNot(context, "paper", "fp32", TimeSpan.FromHours(3)));
        Assert.Matches(
            @"a step would take about \d+ s \(one of small in fp32 took 0.1 s\), and 10 s were left",
            StepPart.WhyNot(context, "paper", "fp32", TimeSpan.FromSeconds(10)));
        Assert.Contains("no time", StepPart.WhyNot(context, "tiny", "fp32", TimeSpan.FromSeconds(1)));
        Assert.Matches(
            @"need about \d+ MiB, and the device has 64 MiB",
            StepPart.WhyNot(Context(folder, Cuda with { MemoryBytes = 1 << 26 }), "paper", "fp32", time));
    }

    [Fact]
    public void StepsStandBesideTheBestThatThePeerRanInTheirPrecision()
    {
        using var folder = new TemporaryFolder();
        var context = Context(folder, Cuda);
        context.Records.AddRange(
        [
            Step("paper", "tf32", 0.25, launches: 900), Step("tiny", "tf32", 0.01, launches: 90),
            Step("paper", "tf32", 0.6, variant: "eager"), Step("paper", "tf32", 0.5, variant: "eager, channels_last"),
            Step("paper", "tf32", 0.3, variant: "graph, channels_last"),
            Step("paper", "tf32", 0.4, variant: "compiled"),
            Step("paper", "fp32", 0.1, variant: "eager"), Step("paper", "fp32", 0.2, launches: 900),
            Step("paper", "fp32", 0.05, variant: "compiled-graph"),
        ]);
        string table = PyTorchPart.Steps(context);
        Assert.Matches(
            @"\| paper +\| tf32 +\| +0.250 \| +0.500 \| +0.300 \| graph, channels_last \| +2.00 \| +1.20 \|", table);
        Assert.Matches(
            @"\| paper +\| fp32 +\| +0.200 \| +0.100 \| +0.05 \| compiled-graph +\| +0.500 \| +0.250 \|", table);
        Assert.DoesNotMatch(@"\| tiny", table);
        Assert.Contains("one graph", StepPart.TableOf(context), StringComparison.Ordinal);
        // How often graphs were made shows whether they are repeated.
        var step = context.Records[0];
        (step["graphCaptures"], step["graphInstantiations"], step["graphLaunches"]) = (3, 2, 500);
        const string counts = "(3 captured, 2 instantiated, 500 launched)";
        Assert.Contains($"one graph {counts}", StepPart.TableOf(context), StringComparison.Ordinal);
        step["graphRefusal"] = "it said no";
        Assert.Contains($"single kernels {counts}: it said no", StepPart.TableOf(context), StringComparison.Ordinal);
    }

    [Fact]
    public void LinesOfThePeerAreRead()
    {
        using var folder = new TemporaryFolder();
        var context = Context(folder, Cuda);
        context.Records.Add(Step("paper", "tf32", 0.25, launches: 900));
        foreach (string line in (string[])[PeerStep, PeerProduct])
            context.Records.Add(JsonNode.Parse(line)!.AsObject());
        string table = PyTorchPart.Steps(context);
        Assert.Matches(
            @"\| paper +\| tf32 +\| +0.250 \| +0.500 \| +0.500 \| eager, channels_last \| +2.00 \| +2.00 \| +1.00 \|"
            + @" +2048 \|", table);
        Assert.Matches(
            @"\| paper +\| tf32 +\| eager, channels_last \| +0.500 \| +0.450 \| +2048 \| +12.5 \| PyTorch 2.6.0 \|", table);
        Assert.Contains("(cuBLAS), in GFLOP/s: fp32 -, tf32 400000.", PyTorchPart.Layers(context), StringComparison.Ordinal);
        Assert.DoesNotContain("GpuMatrixProduct", KernelPart.TableOf(context), StringComparison.Ordinal);
    }

    [Fact]
    public void KernelsStandBesideTheMatrixProductOfTheirPrecision()
    {
        using var folder = new TemporaryFolder();
        var context = Context(folder, Cuda);
        var product = new OperationRecord
        {
            Class = "GpuMatrixProduct",
            Method = "Product",
            Parameters = "64x64x64",
            Precision = "fp32",
            Seconds = 1,
            Flops = 8e9,
        };
        var layer = product with { Class = "GpuLayer", Method = "Forward", Parameters = "5x5", Seconds = 2, Flops = 4e9 };
        context.Records.AddRange(
        [
            Json(product), Json(product with { Class = "GpuGemm", Flops = 10e9 }), Json(layer),
            Json(product with { Precision = "tf32", Flops = 40e9 }), Json(layer with { Precision = "tf32", Seconds = 0.5 }),
            Json(layer with { Engine = "PyTorch 2", Seconds = 1 }),
        ]);
        string table = KernelPart.TableOf(context);
        Assert.Matches(
            @"\| GpuLayer.Forward +\| 5x5 +\| +2000000 \| +2.00 \| +20.0 \| +- \| +500000 \| +8.00 \| +20.0 \|", table);
        Assert.DoesNotContain("PyTorch", table, StringComparison.Ordinal);
        Assert.Null(KernelPart.ProductRate(KernelPart.RecordsOf(context), "Gqn.Native", "bf16"));
    }

    [Fact]
    public void TheMatrixProductComesFirstAndWhatHasOnePrecisionIsMeasuredInThatAlone()
    {
        var classes = KernelPart.Classes(["fp32", "bf16"]).ToList();
        var names = classes.Select(entry => (entry.Name, entry.Precision)).ToList();
        Assert.Equal([("GpuMatrixProduct", "fp32"), ("GpuMatrixProduct", "bf16"), ("GpuLayer", "fp32")], names[..3]);
        Assert.Contains(("GpuStream", "fp32"), names);
        Assert.DoesNotContain(("GpuStream", "bf16"), names);
        Assert.All(names, entry => Assert.Single(BenchmarkCatalog.Select(entry.Name)));
        Assert.True(classes[2].Weight > classes[0].Weight);
    }

    [Fact]
    public void StepsAreRepeatedWithoutGraphsOnCudaAlone()
    {
        Assert.Equal(
            [("tiny", "tf32", true), ("tiny", "fp32", true), ("small", "tf32", true)], StepPart.Wanted(Cuda).Take(3));
        Assert.Equal(
            [("tiny", "tf32", false), ("small", "tf32", false), ("paper", "tf32", false)],
            StepPart.Wanted(Cuda).Skip(6));
        Assert.All(StepPart.Wanted(OpenCl), step => Assert.True(step.Graphs));
    }

    [Fact]
    public void NotesOfProgramsBecomeFailuresAndOmissions()
    {
        using var folder = new TemporaryFolder();
        var context = Context(folder, Cuda);
        context.Records.Add(Step("small", "fp32", 0.1));
        Assert.False(context.TakeNotes("Kernels", 0));
        context.Records.Add(Note(NoteRecord.LeftOut));
        Assert.False(context.TakeNotes("Kernels", 1));
        context.Records.Add(Note(NoteRecord.Failed));
        Assert.True(context.TakeNotes("Kernels", 2));
        Assert.Equal(["Kernels, Gpu.A: it's so."], context.Failures);
        Assert.Equal(["Kernels, Gpu.A: it's so."], context.LeftOut);

        static JsonObject Note(string kind) => JsonNode.Parse(
            new NoteRecord { Kind = kind, What = "Gpu.A", Reason = "it's so" }.ToJson())!.AsObject();
    }

    [Fact]
    public void LayersStandBesideThePeersOfTheSameNameAndPrecision()
    {
        using var folder = new TemporaryFolder();
        var context = Context(folder, Cuda);
        var ours = new OperationRecord
        {
            Class = "GpuLayer",
            Method = "Forward",
            Parameters = "5x5",
            Precision = "tf32",
            Seconds = 2,
            Flops = 6e9,
        };
        context.Records.AddRange(
        [
            Json(ours), Json(ours with { Precision = "fp32", Seconds = 4 }),
            Json(ours with { Engine = "PyTorch 2", Seconds = 1 }),
        ]);
        Assert.Matches(@"\| 5x5 +\| Forward \| tf32 +\| +3.00 \| +6.00 \| +0.500 \|", PyTorchPart.Layers(context));
    }

    [Fact]
    public void EveryPartThatCannotRunSaysWhy()
    {
        using var folder = new TemporaryFolder();
        var survey = new DeviceSurvey([OpenCl], ["There is no CUDA device."]);
        var context = new ReportContext(folder.Path, new Programs(folder["nowhere"]), OpenCl, survey);
        string path = folder["report.md"];
        new DeviceReport(context, path, TimeProvider.System).Run(
            [new DevicePart(), new TestPart(), new PyTorchPart(folder["peer.py"])], TimeSpan.FromSeconds(20));
        Assert.Equal(3, context.LeftOut.Count);
        Assert.Empty(context.Failures);
        string report = File.ReadAllText(path);
        Assert.Contains("# Gqn.Native on opencl:0: A GPU", report, StringComparison.Ordinal);
        Assert.Contains("opencl:0 is not a CUDA device", report, StringComparison.Ordinal);
        Assert.Contains($"{Programs.Tests} is not beside", report, StringComparison.Ordinal);
        Assert.Contains("There is no CUDA device.", report, StringComparison.Ordinal);
        Assert.Matches(@"\| opencl:0 \| A GPU ", report);
    }

    [Fact]
    public void LongStepsCountAloneAndShortOnesInRounds()
    {
        int steps = 0, waits = 0;
        var timing = StepTiming.Measure(() =>
        {
            steps++;
            Thread.Sleep(20);
        }, () => waits++, 0.005);
        Assert.Equal((2, 2, 1, 1), (steps, waits, timing.Steps, timing.Rounds));
        Assert.InRange(timing.Median, 0.015, 10);
        (steps, waits) = (0, 0);
        timing = StepTiming.Measure(() => steps++, () =>
        {
            waits++;
            Thread.Sleep(1);
        }, 0.1);
        Assert.Equal(steps - 4, timing.Steps);
        Assert.Equal(waits - 4, timing.Rounds);
        Assert.True(timing.Min <= timing.Median);
    }

    [Fact]
    public void StepPrintsWhatItMeasured()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = BenchmarkCommands.Run(
            ["step", "--device", "cpu", "--preset", "tiny", "--batch", "2", "--contexts", "2", "--seconds", "0.05"],
            output, error);
        Assert.Equal((BenchmarkCommands.Success, string.Empty), (code, error.ToString()));
        var step = JsonSerializer.Deserialize<StepRecord>(output.ToString(), StepRecord.JsonOptions)!;
        var plan = ModelPlan.Create(StepCommand.Configure("tiny", 2, 2), 1);
        Assert.Equal((plan.Parameters, 2, 2, "fp32"), (step.Parameters, step.Batch, step.Contexts, step.Precision));
        Assert.InRange(step.MinSeconds, 1e-6, step.MedianSeconds);
        Assert.InRange(step.Loss!.Value, 1, 1e6);
    }

    [Theory]
    [InlineData("step --device cpu --contexts 9", "--contexts 9 must be from 1 to 5")]
    [InlineData("step --device cpu --seconds 0", "--seconds 0 must be a number above 0")]
    [InlineData("step --device cpu --preset giant", "no preset 'giant'")]
    [InlineData("step --device cpu --precision bf16", "tensor cores")]
    [InlineData("time Nothing*", "No benchmark matches 'Nothing*'")]
    [InlineData("report out --only speed", "no part 'speed'")]
    [InlineData("report out --minutes -1", "--minutes -1 must be a number above 0")]
    public void WhatIsWrongIsRefusedInOneSentence(string words, string fragment)
    {
        using var error = new StringWriter();
        Assert.Equal(BenchmarkCommands.BadInput, BenchmarkCommands.Run(words.Split(' '), TextWriter.Null, error));
        Assert.Contains(fragment, error.ToString(), StringComparison.Ordinal);
        Assert.Single(error.ToString().TrimEnd().Split('\n'));
    }

    private static ReportContext Context(TemporaryFolder folder, DeviceRecord device) =>
        new(folder.Path, new Programs(folder.Path), device, new DeviceSurvey([device], []));

    private static JsonObject Step(
        string preset, string precision, double seconds, string variant = "graph", double? launches = null) =>
        JsonNode.Parse(new StepRecord
        {
            Device = "cuda:0",
            Preset = preset,
            Batch = StepPart.Batch,
            Contexts = StepCommand.UsualContexts,
            Precision = precision,
            Variant = variant,
            MedianSeconds = seconds,
            MinSeconds = seconds,
            Steps = 10,
            Rounds = 2,
            Launches = launches,
            Bytes = 1 << 20,
            Parameters = preset == "paper" ? 100 : 10,
        }.ToJson())!.AsObject();

    private static JsonObject Json(OperationRecord record) => JsonNode.Parse(record.ToJson())!.AsObject();
}
