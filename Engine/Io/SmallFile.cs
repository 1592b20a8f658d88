using System.Text;

namespace Gqn.Native.Engine.Io;

/// <summary>Reads files that should be short texts, whatever else is found under their name.</summary>
public static class SmallFile
{
    /// <summary>The usual limit, 1 MiB: far more than any text that this program writes.</summary>
    public const int UsualLimit = 1 << 20;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a whole text file. Links are followed.</summary>
    /// <remarks>Takes no more memory than the limit, never waits for a pipe or a device, and its messages show nothing
    /// of the content.</remarks>
    /// <param name="path">The file to read.</param>
    /// <param name="maxBytes">The largest length that is read, in bytes; at least 1.</param>
    /// <returns>The text, without a byte order mark; it has at least one character.</returns>
    /// <exception cref="FileNotFoundException">There is no such file, or it is a link to one that is not
    /// there.</exception>
    /// <exception cref="IOException">It is a folder, a device, empty, too long, no UTF-8 text, or may not be read. The
    /// message is a sentence that names the file.</exception>
    public static string ReadText(string path, int maxBytes = UsualLimit)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 1);
        try
        {
            return Decode(path, ReadBytes(path, maxBytes));
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException and not FileProblem)
        {
            throw error switch
            {
                FileNotFoundException or DirectoryNotFoundException => Missing(path, error),
                UnauthorizedAccessException => new FileProblem(path, "it may not be read", error),
                _ => new FileProblem(path, error.Message.TrimEnd('.'), error),
            };
        }
    }

    private static byte[] ReadBytes(string path, int maxBytes)
    {
        if (Directory.Exists(path))
            throw new FileProblem(path, "it is a folder, not a file");
        // The target's length; a link has one of its own.
        var file = new FileInfo(path);
        if (file.Exists && file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target)
            file = target;
        if (AtomicFile.IsDevice(file.FullName))
            throw new FileProblem(path, "it is a device, not a file");
        // Pipes and devices have no length either: to open one might wait for ever.
        if (file.Length == 0)
            throw new FileProblem(path, "it is empty, or no regular file");
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (stream.Length > maxBytes)
            throw TooLong(path, maxBytes);
        byte[] bytes = new byte[(int)stream.Length + 1];
        int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return length < bytes.Length ? bytes[..length] : throw new FileProblem(path, "it changes while it is read");
    }

    private static string Decode(string path, byte[] bytes)
    {
        if (bytes.AsSpan().Contains((byte)0))
            throw new FileProblem(path, "it is no text: it has bytes of value 0");
        try
        {
            var text = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble)
                ? bytes.AsSpan(Encoding.UTF8.Preamble.Length)
                : bytes;
            return Strict.GetString(text);
        }
        catch (DecoderFallbackException error)
        {
            throw new FileProblem(path, "it is no text in UTF-8", error);
        }
    }

    private static FileProblem TooLong(string path, int maxBytes) => new(
        path, $"it has more than the {(maxBytes >= 1 << 20 ? $"{maxBytes >> 20} MiB" : $"{maxBytes} bytes")} that such "
        + "a file may have");

    private static FileNotFoundException Missing(string path, Exception error) => new(
        new FileInfo(path).LinkTarget is null
            ? $"Cannot read '{path}': there is no such file."
            : $"Cannot read '{path}': it is a link to a file that is not there.", path, error);

    /// <summary>A problem that has its sentence already.</summary>
    private sealed class FileProblem(string path, string problem, Exception? inner = null)
        : IOException($"Cannot read '{path}': {problem}.", inner);
}
