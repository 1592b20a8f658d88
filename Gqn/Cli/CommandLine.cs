using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Gqn.Native.Model;
using Gqn.Native.Scenes;

namespace Gqn.Native.Cli;

/// <summary>The program's command line: <c>gqn VERB ...</c>.</summary>
internal static class CommandLine
{
    /// <summary>Exit code: the command succeeded.</summary>
    public const int Success = 0;

    /// <summary>Exit code: an unexpected failure.</summary>
    public const int UnexpectedFailure = 1;

    /// <summary>Exit code: the command's input, or the machine, makes it impossible to run.</summary>
    public const int BadInput = 2;

    /// <summary>Exit code: the user interrupted the command; shells report SIGINT with this value.</summary>
    public const int Interrupted = 130;

    /// <summary>Runs one command.</summary>
    /// <param name="args">The arguments after the program's name.</param>
    /// <param name="output">Receives the results.</param>
    /// <param name="error">Receives the one-sentence error message.</param>
    /// <param name="cancellation">Requests a stop; training saves its state first.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(
        string[] args, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        try
        {
            var parsed = Root(new Terminal(output, TimeProvider.System)).Parse(args.Length == 0 ? ["--help"] : args);
            if (parsed.Action is ParseErrorAction)
                throw new OptionException(SyntaxError(parsed));
            var invocation = new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                // The default handler kills the process two seconds after Ctrl-C, perhaps while it writes a checkpoint.
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(invocation, cancellation);
        }
        catch (Exception exception)
        {
            return Failure.Report(exception, error);
        }
    }

    private static Command Root(Terminal terminal)
    {
        var root = new Command(
            "gqn",
            "A Generative Query Network: sees a scene in a few pictures and draws it from new viewpoints.")
        {
            TrainCommand.Create(terminal),
            EvalCommand.Create(terminal),
            RenderCommand.Create(terminal),
            ExperimentCommand.Create(terminal),
            RepresentCommand.Create(terminal),
            InfoCommand.Create(terminal),
            ExportCommand.Create(terminal),
            ModelsCommand.Create(terminal),
            DataCommand.Create(terminal),
            DevicesCommand.Create(terminal),
        };
        root.Options.Add(new HelpOption { Description = "Show the usage and all options with their defaults." });
        root.Options.Add(new VersionOption { Description = "Show the version." });
        return root;
    }

    private static string SyntaxError(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        bool verb = command.Subcommands.Count > 0;
        string usage = $"'{Path(parsed.CommandResult)} --help' {(verb ? "lists the verbs" : "shows the usage")}.";
        // The value after a misspelled option is unmatched as well, so the first unmatched token is the cause.
        if (parsed.UnmatchedTokens is [{ } word, ..])
        {
            bool option = word.StartsWith('-');
            IEnumerable<Symbol> known = option ? command.Options : command.Subcommands;
            var nearest = known
                .Select(symbol => (symbol.Name, Edits: Spelling.Distance(symbol.Name, word)))
                .Where(candidate => candidate.Edits <= Math.Max(2, word.Length / 2))
                .OrderBy(candidate => candidate.Edits).FirstOrDefault();
            string suggestion = nearest.Name is { } name ? $"; did you mean '{name}'?" : ".";
            string kind = option ? "option" : verb ? "verb" : "argument";
            return $"There is no {kind} '{word}'{suggestion} {usage}";
        }

        string message = parsed.Errors[0].Message;
        return message.EndsWith('.') ? $"{message} {usage}" : $"{message}. {usage}";
    }

    /// <summary>The full name of a command: "gqn", "gqn train", "gqn data show".</summary>
    private static string Path(CommandResult command) => command.Parent is CommandResult parent
        ? $"{Path(parent)} {command.Command.Name}"
        : "gqn";
}
