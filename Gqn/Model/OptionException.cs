namespace Gqn.Native.Model;

/// <summary>An option has an invalid value; the message is one sentence for the user that names it.</summary>
public sealed class OptionException : ArgumentException
{
    /// <summary>Creates an exception with the default message.</summary>
    public OptionException()
    {
    }

    /// <summary>Creates an exception whose message names the option.</summary>
    public OptionException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with a message and a cause.</summary>
    public OptionException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
