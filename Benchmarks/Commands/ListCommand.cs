using System.CommandLine;

namespace Gqn.Native.Benchmarks.Commands;

/// <summary><c>list</c>: the benchmarks that can be run.</summary>
internal static class ListCommand
{
    public static Command Create()
    {
        var command = new Command("list", "Show every class of benchmarks, what it measures, and its methods.");
        command.SetAction(parsed =>
        {
            var output = parsed.InvocationConfiguration.Output;
            foreach (var benchmarks in BenchmarkCatalog.Classes)
            {
                var methods = benchmarks.Methods.Select(
                    method => method == benchmarks.Baseline ? $"{method} (baseline)" : method);
                output.WriteLine($"{benchmarks.Type.Name,-25} {benchmarks.Description}");
                output.WriteLine($"{string.Empty,-25}   {string.Join(", ", methods)}");
            }
        });
        return command;
    }
}
