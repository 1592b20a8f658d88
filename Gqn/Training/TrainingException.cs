namespace Gqn.Native.Training;

/// <summary>
/// Training cannot go on: the loss or a gradient is not finite. The parameters of the step before are intact.
/// </summary>
public sealed class TrainingException : Exception
{
    /// <summary>An exception without a message.</summary>
    public TrainingException()
    {
    }

    /// <summary>An exception whose message names the step and the tensor.</summary>
    public TrainingException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with a message and a cause.</summary>
    public TrainingException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
