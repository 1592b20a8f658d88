using BenchmarkDotNet.Running;

namespace Gqn.Native.Benchmarks.Measures;

/// <summary>Asks the class of a benchmark for the work that the benchmark does.</summary>
internal static class DeclaredWork
{
    /// <summary>The work of every benchmark of a class, with all its parameters.</summary>
    public static IReadOnlyList<(string Method, Work Work)> OfAll(BenchmarkClass benchmarks) =>
    [
        .. from benchmark in BenchmarkConverter.TypeToBenchmarks(benchmarks.Type).BenchmarksCases
           select (benchmark.Descriptor.WorkloadMethod.Name, Of(benchmark)),
    ];

    /// <summary>The work of one operation; none if the class does not declare it.</summary>
    public static Work Of(BenchmarkCase benchmark)
    {
        var type = benchmark.Descriptor.Type;
        if (Activator.CreateInstance(type) is not IMeasuredWork measured)
            return default;
        foreach (var parameter in benchmark.Parameters.Items)
            type.GetProperty(parameter.Name)!.SetValue(measured, parameter.Value);
        return measured.WorkOf(benchmark.Descriptor.WorkloadMethod.Name);
    }
}
