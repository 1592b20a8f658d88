namespace Gqn.Native.Engine;

/// <summary>Tensors whose shapes do not fit together; the message names the op and the shapes.</summary>
public sealed class ShapeException : ArgumentException
{
    /// <summary>An exception without a message.</summary>
    public ShapeException()
    {
    }

    /// <summary>An exception with a message that names the op and the shapes.</summary>
    public ShapeException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with a message and a cause.</summary>
    public ShapeException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
