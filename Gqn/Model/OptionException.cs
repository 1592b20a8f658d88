namespace Gqn.Native.Model;

/// <summary>An option with an impossible value; the message is one sentence for the user that names it.</summary>
public sealed class OptionException : ArgumentException
{
    /// <summary>An exception without a message.</summary>
    public OptionException()
    {
    }

    /// <summary>An exception whose message names the option.</summary>
    public OptionException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with a message and a cause.</summary>
    public OptionException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
