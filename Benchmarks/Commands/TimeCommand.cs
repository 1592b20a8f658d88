using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using BenchmarkDotNet.Running;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Benchmarks.Steps;
using Gqn.Native.Model;

namespace Gqn.Native.Benchmarks.Commands;

/// <summary><c>time FILTER</c>: the benchmarks of a device in a given time, a line of JSON each.</summary>
/// <remarks>
/// For machines that are lent for minutes: BenchmarkDotNet takes seconds per benchmark and shows figures at the end.
/// </remarks>
internal static class TimeCommand
{
    /// <summary>Names the device to the benchmarks of GPUs.</summary>
    public const string DeviceVariable = "GQN_BENCHMARK_DEVICE";

    /// <summary>Names the precision to the benchmarks of GPUs.</summary>
    public const string PrecisionVariable = "GQN_BENCHMARK_PRECISION";

    private const double SecondsPerBenchmark = 0.2;
    private const int LeastSamples = 3;

    public static Command Create()
    {
        var filter = new Argument<string>("FILTER")
        {
            Description = "Class, method or Class.Method, with * and ?; baselines are left out",
        };
        var device = MeasureOptions.Device("opencl:0");
        var precision = MeasureOptions.Precision();
        var seconds = MeasureOptions.Seconds(60, "When to stop; what was not measured by then is said");
        var command = new Command("time", "Time benchmarks without BenchmarkDotNet; prints lines of JSON.")
        {
            filter, device, precision, seconds,
        };
        command.SetAction(parsed =>
        {
            Environment.SetEnvironmentVariable(DeviceVariable, parsed.GetValue(device));
            Environment.SetEnvironmentVariable(PrecisionVariable, parsed.GetValue(precision));
            return Run(
                parsed.GetValue(filter)!, parsed.GetValue(precision) ?? "default",
                MeasureOptions.Positive("--seconds", parsed.GetValue(seconds)), parsed.InvocationConfiguration);
        });
        return command;
    }

    private static int Run(string filter, string precision, double seconds, InvocationConfiguration console)
    {
        long began = Stopwatch.GetTimestamp();
        var groups = Cases(filter);
        if (groups.Count == 0)
            throw new OptionException($"No benchmark matches '{filter}'; list shows those there are.");
        int left = 0;
        foreach (var group in groups)
        {
            if (Stopwatch.GetElapsedTime(began).TotalSeconds > seconds)
            {
                left += group.Count();
                continue;
            }

            var type = group.First().Descriptor.Type;
            object instance = Activator.CreateInstance(type)!;
            foreach (var parameter in group.First().Parameters.Items)
                type.GetProperty(parameter.Name)!.SetValue(instance, parameter.Value);
            group.First().Descriptor.GlobalSetupMethod?.Invoke(instance, null);
            try
            {
                foreach (var benchmark in group)
                {
                    if (Stopwatch.GetElapsedTime(began).TotalSeconds > seconds)
                        left++;
                    else
                        console.Output.WriteLine(Measure(benchmark, instance, precision).ToJson());
                }
            }
            finally
            {
                group.First().Descriptor.GlobalCleanupMethod?.Invoke(instance, null);
            }
        }

        if (left > 0)
            console.Output.WriteLine($"{left} benchmarks were left out: {seconds:F0} s had passed.");
        return BenchmarkCommands.Success;
    }

    // Benchmarks of one class and the same parameters share memory and compiled kernels.
    private static List<IGrouping<string, BenchmarkCase>> Cases(string filter) =>
    [
        .. from benchmarks in BenchmarkCatalog.Select(filter)
           from benchmark in BenchmarkConverter.TypeToBenchmarks(benchmarks.Type).BenchmarksCases
           let method = benchmark.Descriptor.WorkloadMethod.Name
           where method != benchmarks.Baseline && benchmarks.Methods.Contains(method)
           group benchmark by $"{benchmarks.Type.Name} {benchmark.Parameters.DisplayInfo}",
    ];

    private static OperationRecord Measure(BenchmarkCase benchmark, object instance, string precision)
    {
        var call = benchmark.Descriptor.WorkloadMethod.CreateDelegate<Action>(instance);
        int perCall = benchmark.Descriptor.OperationsPerInvoke;
        // Compiles; the second fills caches.
        call();
        call();
        var samples = new List<double>();
        long began = Stopwatch.GetTimestamp();
        do
        {
            long start = Stopwatch.GetTimestamp();
            call();
            samples.Add(Stopwatch.GetElapsedTime(start).TotalSeconds / perCall);
        }
        while (Stopwatch.GetElapsedTime(began).TotalSeconds < SecondsPerBenchmark || samples.Count < LeastSamples);

        samples.Sort();
        var work = DeclaredWork.Of(benchmark);
        return new OperationRecord
        {
            Class = BenchmarkCatalog.ShortNameOf(benchmark.Descriptor.Type),
            Method = benchmark.Descriptor.WorkloadMethod.Name,
            Parameters = string.Join(
                ", ",
                benchmark.Parameters.Items.Select(item => Convert.ToString(item.Value, CultureInfo.InvariantCulture))),
            Precision = precision,
            Seconds = StepTiming.MedianOf(samples),
            Flops = work.Flops,
            Bytes = work.Bytes,
        };
    }
}
