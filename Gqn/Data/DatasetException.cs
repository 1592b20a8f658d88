using System.Globalization;

namespace Gqn.Native.Data;

/// <summary>A data set cannot be opened, is damaged, or does not contain what was requested.</summary>
public sealed class DatasetException : IOException
{
    /// <summary>Creates an error with a one-sentence message: file, position in it, problem, what to do.</summary>
    /// <param name="path">The faulty file or folder.</param>
    /// <param name="offset">The byte offset of the fault; null if it concerns the file or folder as a whole.</param>
    /// <param name="problem">What is wrong, without a final full stop.</param>
    /// <param name="inner">The underlying error, if any.</param>
    public DatasetException(string path, long? offset, string problem, Exception? inner = null)
        : base(Sentence(path, offset, problem), inner)
    {
        Path = path;
        Offset = offset;
        Problem = problem;
    }

    /// <summary>The same error with a remark.</summary>
    internal DatasetException(DatasetException error, string remark)
        : this(error.Path, error.Offset, $"{error.Problem}; {remark}", error)
    {
    }

    /// <summary>The faulty file or folder.</summary>
    public string Path { get; }

    /// <summary>The byte offset of the fault; null if it concerns the file or folder as a whole.</summary>
    public long? Offset { get; }

    /// <summary>What is wrong, without file, byte and final full stop.</summary>
    public string Problem { get; }

    private static string Sentence(string path, long? offset, string problem)
    {
        string place = offset is { } at ? string.Create(CultureInfo.InvariantCulture, $", byte {at}") : string.Empty;
        return $"Data '{path}'{place}: {problem}.";
    }
}
