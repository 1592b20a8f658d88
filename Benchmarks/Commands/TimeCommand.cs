using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Running;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Benchmarks.Steps;
using Gqn.Native.Model;

namespace Gqn.Native.Benchmarks.Commands;

/// <summary><c>time FILTER</c>: the benchmarks of a device within a given time, a line of JSON each.</summary>
/// <remarks>
/// For machines that are lent for minutes: BenchmarkDotNet takes seconds per benchmark and shows figures at the end.
/// Short operations are called many times between two waits for the device; the record says how often.
/// The benchmarks with the least work come first, so that even a slow device yields figures. A failed one does not take
/// the others with it: they open the device anew.
/// </remarks>
internal static class TimeCommand
{
    public static Command Create()
    {
        var filter = new Argument<string>("FILTER")
        {
            Description = "Class, method or Class.Method, with * and ?; baselines are left out",
        };
        var device = MeasureOptions.Device("opencl:0");
        var precision = MeasureOptions.Precision();
        var seconds = MeasureOptions.Seconds(60, "Time for all; what does not fit into it is not begun, and said");
        var command = new Command("time", "Time benchmarks without BenchmarkDotNet; prints lines of JSON.")
        {
            filter, device, precision, seconds,
        };
        command.SetAction(parsed =>
        {
            Environment.SetEnvironmentVariable(MeasureOptions.DeviceVariable, parsed.GetValue(device));
            Environment.SetEnvironmentVariable(MeasureOptions.PrecisionVariable, parsed.GetValue(precision));
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
        var left = new List<string>();
        bool failed = false;
        OperationRecord? last = null;
        foreach (var group in groups)
        {
            object? instance = null;
            foreach (var benchmark in group)
            {
                if (SecondsNeeded(benchmark, last) > seconds - Stopwatch.GetElapsedTime(began).TotalSeconds)
                {
                    left.Add(NameOf(benchmark));
                    continue;
                }

                try
                {
                    instance ??= Prepare(benchmark);
                    last = Measure(benchmark, instance, precision);
                    console.Output.WriteLine(last.ToJson());
                }
                catch (Exception exception)
                {
                    failed = true;
                    var cause = exception is TargetInvocationException { InnerException: { } inner } ? inner : exception;
                    console.Output.WriteLine(Note(NoteRecord.Failed, NameOf(benchmark), cause.Message));
                    CleanUp(benchmark, instance);
                    instance = null;
                }
            }

            CleanUp(group.First(), instance);
        }

        if (left.Count > 0)
        {
            string what = left.Count == 1 ? left[0] : $"{left.Count} benchmarks from {left[0]} on";
            console.Output.WriteLine(Note(NoteRecord.LeftOut, what, $"{seconds:F0} s are too short for it."));
        }

        return failed ? BenchmarkCommands.Failed : BenchmarkCommands.Success;
    }

    /// <summary>Estimated at the rate of the previous one, which had less work; two calls at least.</summary>
    internal static double SecondsNeeded(BenchmarkCase benchmark, OperationRecord? last) => last is { Flops: > 0 }
        ? 2 * CallsOf(benchmark) * DeclaredWork.Of(benchmark).Flops * last.Seconds / last.Flops
        : 0;

    private static string Note(string kind, string what, string reason) =>
        new NoteRecord { Kind = kind, What = what, Reason = reason }.ToJson();

    private static object Prepare(BenchmarkCase benchmark)
    {
        var type = benchmark.Descriptor.Type;
        object instance = Activator.CreateInstance(type)!;
        foreach (var parameter in benchmark.Parameters.Items)
            type.GetProperty(parameter.Name)!.SetValue(instance, parameter.Value);
        benchmark.Descriptor.GlobalSetupMethod?.Invoke(instance, null);
        return instance;
    }

    // A failed device may also refuse to be closed, which adds nothing to what is known.
    private static void CleanUp(BenchmarkCase benchmark, object? instance)
    {
        if (instance is null)
            return;
        try
        {
            benchmark.Descriptor.GlobalCleanupMethod?.Invoke(instance, null);
        }
        catch (TargetInvocationException exception) when (exception.InnerException is ExternalException)
        {
        }
    }

    // Benchmarks of one class with the same parameters share memory and compiled kernels.
    private static List<IGrouping<string, BenchmarkCase>> Cases(string filter) =>
    [
        .. from benchmarks in BenchmarkCatalog.Select(filter)
           from benchmark in BenchmarkConverter.TypeToBenchmarks(benchmarks.Type).BenchmarksCases
           let method = benchmark.Descriptor.WorkloadMethod.Name
           where method != benchmarks.Baseline && benchmarks.Methods.Contains(method)
           group benchmark by $"{benchmarks.Type.Name} {benchmark.Parameters.DisplayInfo}" into cases
           orderby DeclaredWork.Of(cases.First()).Flops
           select cases,
    ];

    private static string NameOf(BenchmarkCase benchmark) =>
        $"{BenchmarkCatalog.ShortNameOf(benchmark.Descriptor.Type)}.{benchmark.Descriptor.WorkloadMethod.Name} "
        + ParametersOf(benchmark);

    private static string ParametersOf(BenchmarkCase benchmark) => string.Join(
        ", ", benchmark.Parameters.Items.Select(item => Convert.ToString(item.Value, CultureInfo.InvariantCulture)));

    private static OperationRecord Measure(BenchmarkCase benchmark, object instance, string precision)
    {
        var method = benchmark.Descriptor.WorkloadMethod.CreateDelegate<Action>(instance);
        int perCall = CallsOf(benchmark);
        var timing = CallTiming.Measure(calls =>
        {
            // A benchmark of a device queues them itself, and waits once.
            if (instance is GpuBenchmarks queued)
                (queued.CallsPerWait, calls) = (calls, 1);
            for (int i = 0; i < calls; i++)
                method();
        });
        var work = DeclaredWork.Of(benchmark);
        return new OperationRecord
        {
            Class = BenchmarkCatalog.ShortNameOf(benchmark.Descriptor.Type),
            Method = benchmark.Descriptor.WorkloadMethod.Name,
            Parameters = ParametersOf(benchmark),
            Precision = precision,
            Seconds = timing.Median / perCall,
            CallsPerWait = timing.CallsPerWait * perCall,
            Samples = timing.Samples,
            Flops = work.Flops,
            Bytes = work.Bytes,
        };
    }

    // Benchmarks of devices are told how many operations to queue; others have a number of their own.
    private static int CallsOf(BenchmarkCase benchmark) =>
        benchmark.Descriptor.Type.IsAssignableTo(typeof(GpuBenchmarks)) ? 1 : benchmark.Descriptor.OperationsPerInvoke;
}
