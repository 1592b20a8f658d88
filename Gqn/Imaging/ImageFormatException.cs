namespace Gqn.Native.Imaging;

/// <summary>The bytes of a picture are damaged, or of a kind that is not read.</summary>
public sealed class ImageFormatException : IOException
{
    /// <summary>An error whose message says what is wrong, without a final full stop.</summary>
    public ImageFormatException(string problem) : base(problem)
    {
    }

    /// <summary>An error with the one underneath.</summary>
    public ImageFormatException(string problem, Exception inner) : base(problem, inner)
    {
    }
}
