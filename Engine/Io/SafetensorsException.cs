namespace Gqn.Native.Engine.Io;

/// <summary>
/// A safetensors file cannot be opened, breaks the format, is damaged, or lacks what was requested.
/// </summary>
public sealed class SafetensorsException : IOException
{
    /// <summary>An error whose message is one sentence: the file, then what is wrong with it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="problem">What is wrong, without a final full stop.</param>
    /// <param name="inner">The underlying error, if any.</param>
    public SafetensorsException(string path, string problem, Exception? inner = null)
        : base($"Safetensors file '{path}': {problem}.", inner)
    {
    }
}
