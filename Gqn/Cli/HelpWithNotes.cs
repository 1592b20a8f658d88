using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Gqn.Native.Cli;

/// <summary>A command's help, followed by notes after its options.</summary>
/// <param name="help">The action that writes the options.</param>
/// <param name="notes">The lines to write after the options.</param>
internal sealed class HelpWithNotes(HelpAction help, IEnumerable<string> notes) : SynchronousCommandLineAction
{
    /// <inheritdoc />
    public override bool ClearsParseErrors => true;

    /// <summary>The option --help of a command with notes.</summary>
    /// <param name="description">The description of the option in the help itself.</param>
    /// <param name="notes">The lines to write after the options.</param>
    public static HelpOption Option(string description, IEnumerable<string> notes)
    {
        var option = new HelpOption { Description = description };
        option.Action = new HelpWithNotes((HelpAction)option.Action!, notes);
        return option;
    }

    /// <inheritdoc />
    public override int Invoke(ParseResult parseResult)
    {
        help.Invoke(parseResult);
        foreach (string line in notes)
            parseResult.InvocationConfiguration.Output.WriteLine(line);
        return CommandLine.Success;
    }
}
