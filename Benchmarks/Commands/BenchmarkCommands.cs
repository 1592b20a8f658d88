using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;
using Gqn.Native.Model;
using Gqn.Native.Training;

namespace Gqn.Native.Benchmarks.Commands;

/// <summary>The program's command line: <c>list</c>, <c>run FILTER</c>, <c>check</c>, or a verb for devices.</summary>
internal static class BenchmarkCommands
{
    /// <summary>Exit code: success, and every guard holds.</summary>
    public const int Success = 0;

    /// <summary>Exit code: a benchmark failed or a guard does not hold.</summary>
    public const int Failed = 1;

    /// <summary>Exit code: the input is wrong.</summary>
    public const int BadInput = 2;

    private const string Description = """
        Times the hot kernels and guards their speed.

        Examples, each after "dotnet run -c Release --project Benchmarks --":
          list                                  what there is to measure
          run 'Conv2d*'                         a class; names may leave out "Benchmarks"
          run LstmCell.Backward                 one method, and the baseline of its class
          run '*' --profile standard            everything, more carefully; hours
          run Gemm -- --iterationCount 5        what follows -- goes to BenchmarkDotNet
          check                                 fails where a kernel has become slower than its committed figures
          check --noisy                         the same for machines that do other things as well
          check --update                        commits to the speed of now
          time 'Gpu*' --device cuda:0           the kernels of a device within a minute, as lines of JSON
          step --device cuda:0 --preset paper   seconds per training step
          report out --device cuda:0            tests, kernels and steps of a device: out/report.md
        """;

    /// <summary>Runs one command.</summary>
    /// <param name="args">The words after the program's name.</param>
    /// <param name="output">Receives results; BenchmarkDotNet writes to the console itself.</param>
    /// <param name="error">Receives one sentence on what is wrong with the input.</param>
    /// <returns>The exit code.</returns>
    public static int Run(string[] args, TextWriter output, TextWriter error)
    {
        try
        {
            var parsed = Root().Parse(args.Length == 0 ? ["--help"] : args);
            if (parsed.Action is ParseErrorAction)
                throw new OptionException(SyntaxError(parsed));
            return parsed.Invoke(
                new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false });
        }
        catch (Exception exception) when (
            exception is OptionException or InvalidDataException or IOException or UnauthorizedAccessException
                or ExternalException or InsufficientMemoryException or TrainingException)
        {
            error.WriteLine($"error: {exception.Message.ReplaceLineEndings(" ")}");
            return BadInput;
        }
    }

    private static Command Root()
    {
        var root = new Command("benchmarks", Description)
        {
            ListCommand.Create(), RunCommand.Create(), CheckCommand.Create(), TimeCommand.Create(),
            StepCommand.Create(), ProbeCommand.Create(), ReportCommand.Create(),
        };
        root.Options.Add(new HelpOption { Description = "Show the usage." });
        return root;
    }

    private static string SyntaxError(ParseResult parsed)
    {
        string verbs = string.Join(", ", Root().Subcommands.Select(command => command.Name));
        return parsed.CommandResult.Command.Subcommands.Count > 0 && parsed.UnmatchedTokens is [{ } word, ..]
            ? $"There is no verb '{word}'; there are {verbs}, and --help shows examples."
            : $"{parsed.Errors[0].Message.TrimEnd('.')}; --help shows the usage.";
    }
}
