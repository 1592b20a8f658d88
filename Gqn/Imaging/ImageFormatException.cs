namespace Gqn.Native.Imaging;

/// <summary>The bytes of an image are damaged, or of an unsupported format.</summary>
public sealed class ImageFormatException : IOException
{
    /// <summary>Creates an error whose message states the problem, without a final full stop.</summary>
    public ImageFormatException(string problem) : base(problem)
    {
    }

    /// <summary>Creates an error with its cause.</summary>
    public ImageFormatException(string problem, Exception inner) : base(problem, inner)
    {
    }
}
