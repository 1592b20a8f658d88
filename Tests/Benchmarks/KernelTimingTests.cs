using System.Text.Json;
using Gqn.Native.Benchmarks;
using Gqn.Native.Benchmarks.Commands;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Benchmarks.Steps;
using Xunit;

namespace Gqn.Native.Tests.Benchmarks;

/// <summary>How single operations of a device are timed, and on which numbers.</summary>
public sealed class KernelTimingTests
{
    [Fact]
    public void InputsAreRandomAndTheSameInEveryRun()
    {
        const int Length = 300_001;
        var random = RandomInputs.CreateStream();
        float[] first = RandomInputs.Create(random, Length), second = RandomInputs.Create(random, Length);
        Assert.Equal(first, RandomInputs.Create(RandomInputs.CreateStream(), Length));
        Assert.Equal(first[..1000], RandomInputs.Create(RandomInputs.CreateStream(), 1000));
        Assert.All(first, value => Assert.InRange(value, -RandomInputs.Bound, RandomInputs.Bound));
        Assert.DoesNotContain(first, value => float.IsSubnormal(value));
        // Independent numbers have products with a mean of zero, within a few standard deviations.
        double variance = RandomInputs.Bound * RandomInputs.Bound / 3, deviation = variance / Math.Sqrt(Length);
        for (int lag = 1; lag <= 1000; lag++)
            Assert.InRange(Correlation(first, first.AsSpan(lag)), -6 * deviation, 6 * deviation);
        Assert.InRange(Correlation(first, second), -6 * deviation, 6 * deviation);
        Assert.InRange(Correlation(first, first), 0.97 * variance, 1.03 * variance);
        Assert.True(first.Distinct().Count() > 0.9 * Length);
    }

    [Fact]
    public void AMethodQueuesItsOperationAndWaitsOnce()
    {
        using var benchmarks = new CountedBenchmarks();
        benchmarks.Operation();
        Assert.Equal((GpuBenchmarks.UsualCalls, 1), (benchmarks.Operations, benchmarks.Waits));
        benchmarks.CallsPerWait = 100;
        benchmarks.Operation();
        Assert.Equal((GpuBenchmarks.UsualCalls + 100, 2), (benchmarks.Operations, benchmarks.Waits));
    }

    [Fact]
    public void TheTimeOfAWaitIsNotCounted()
    {
        // Calls that take no time, and a wait of a millisecond or a few.
        var timing = CallTiming.Measure(_ => Thread.Sleep(1));
        Assert.InRange(timing.CallsPerWait, 100, CallTiming.MostCalls);
        Assert.InRange(timing.Median, 0, 2e-4);
        Assert.InRange(timing.Samples, 3, 1000);
    }

    [Fact]
    public void LongCallsAreWaitedForOneByOne()
    {
        int calls = 0;
        var timing = CallTiming.Measure(count =>
        {
            calls += count;
            Thread.Sleep(count * 25);
        });
        Assert.Equal(1, timing.CallsPerWait);
        Assert.InRange(timing.Median, 0.02, 10);
        calls = 0;
        timing = CallTiming.Measure(count =>
        {
            calls += count;
            Thread.Sleep(1001);
        });
        // The first compiles, the second counts.
        Assert.Equal((2, 1, 1), (calls, timing.CallsPerWait, timing.Samples));
    }

    [Fact]
    public void RecordsSayHowManyCallsShareAWait()
    {
        using var output = new StringWriter();
        int code = BenchmarkCommands.Run(
            ["time", "GpuLayer.Forward", "--device", "cpu", "--seconds", "5"], output, TextWriter.Null);
        Assert.Equal(BenchmarkCommands.Success, code);
        var record = JsonSerializer.Deserialize<OperationRecord>(
            output.ToString().Split('\n')[0], StepRecord.JsonOptions)!;
        Assert.Equal(("GpuLayer", "Forward"), (record.Class, record.Method));
        Assert.InRange(record.CallsPerWait!.Value, 1, CallTiming.MostCalls);
        Assert.InRange(record.Samples!.Value, 1, 10_000);
        Assert.InRange(record.Seconds, 1e-7, 60);
    }

    [Fact]
    public void BenchmarksThatFailAreNamedAndDoNotEndTheRun()
    {
        using var output = new StringWriter();
        int code = BenchmarkCommands.Run(
            ["time", "GpuMatrixProduct", "--device", "opencl:99"], output, TextWriter.Null);
        string[] lines = output.ToString().TrimEnd().Split('\n');
        Assert.Equal((BenchmarkCommands.Failed, GpuMatrixProductBenchmarks.Sizes.Count()), (code, lines.Length));
        var note = JsonSerializer.Deserialize<NoteRecord>(lines[0], StepRecord.JsonOptions)!;
        Assert.Equal((NoteRecord.Failed, "GpuMatrixProduct.Product 1024x1024x1024"), (note.Kind, note.What));
        Assert.Matches("There is no (OpenCL device|device 'opencl:99')", note.Reason);
    }

    // Mean of the products of two sequences, up to the end of the shorter one.
    private static double Correlation(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        int count = Math.Min(a.Length, b.Length);
        for (int i = 0; i < count; i++)
            sum += (double)a[i] * b[i];
        return sum / count;
    }

    private sealed class CountedBenchmarks : GpuBenchmarks
    {
        public int Operations { get; private set; }

        public int Waits { get; private set; }

        public void Operation() => Queue(() => Operations++);

        public override Work WorkOf(string method) => default;

        public override void Dispose()
        {
        }

        protected override void Wait() => Waits++;
    }
}
