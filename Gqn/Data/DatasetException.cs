using System.Globalization;

namespace Gqn.Native.Data;

/// <summary>A data set cannot be opened, is damaged, or does not hold what was asked of it.</summary>
public sealed class DatasetException : IOException
{
    /// <summary>An error whose message is one sentence: the file, the place in it, what is wrong, what to do.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="offset">The byte of the file where it is wrong; null where it is wrong as a whole.</param>
    /// <param name="problem">What is wrong, without a final full stop.</param>
    /// <param name="inner">The error underneath, if any.</param>
    public DatasetException(string path, long? offset, string problem, Exception? inner = null)
        : base(Sentence(path, offset, problem), inner)
    {
        Path = path;
        Offset = offset;
    }

    /// <summary>The file or folder that is wrong.</summary>
    public string Path { get; }

    /// <summary>The byte of the file where it is wrong; null where it is wrong as a whole.</summary>
    public long? Offset { get; }

    private static string Sentence(string path, long? offset, string problem)
    {
        string place = offset is { } at ? string.Create(CultureInfo.InvariantCulture, $", byte {at}") : string.Empty;
        return $"Data '{path}'{place}: {problem}.";
    }
}
