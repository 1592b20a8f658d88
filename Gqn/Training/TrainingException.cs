namespace Gqn.Native.Training;

/// <summary>
/// Training cannot continue: the loss or a gradient is not finite. The parameters of the previous step are intact.
/// </summary>
public sealed class TrainingException : Exception
{
    /// <summary>Creates an exception with the default message.</summary>
    public TrainingException()
    {
    }

    /// <summary>Creates an exception whose message names the step and the tensor.</summary>
    public TrainingException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with a message and a cause.</summary>
    public TrainingException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
