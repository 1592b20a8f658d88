using System.Runtime.InteropServices;
using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Scenes;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary>Turns the exception that ended a command into a one-sentence message and an exit code.</summary>
internal static class Failure
{
    /// <summary>The environment variable that adds the stack trace when set to 1.</summary>
    public const string DebugVariable = "GQN_DEBUG";

    /// <summary>Writes "error: ..." and returns the exit code.</summary>
    public static int Report(Exception exception, TextWriter error)
    {
        (int code, string sentence) = exception switch
        {
            OperationCanceledException => (CommandLine.Interrupted, "Interrupted before it was done."),
            OptionException or UnknownSceneException or FactorException or ShapeException or TrainingException
                or IOException or InvalidDataException or UnauthorizedAccessException or ExternalException
                or InsufficientMemoryException =>
                (CommandLine.BadInput, exception.Message),
            OutOfMemoryException =>
                (CommandLine.BadInput, "There is not enough memory; a smaller model, batch or count needs less."),
            // Overflow is checked in size computations only.
            OverflowException =>
                (CommandLine.BadInput, "These sizes are too large to compute with; try a smaller model or batch."),
            _ => (
                CommandLine.UnexpectedFailure,
                $"Unexpected {exception.GetType().Name}: {exception.Message} "
                + $"Set {DebugVariable}=1 to see where it came from."),
        };
        error.WriteLine($"error: {sentence.ReplaceLineEndings(" ")}");
        if (Environment.GetEnvironmentVariable(DebugVariable) == "1")
            error.WriteLine(exception);
        return code;
    }
}
