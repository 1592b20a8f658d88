using System.Text;

namespace Gqn.Native.Engine.Io;

/// <summary>
/// Writes a file so that its name always refers to either the whole old content or the whole new content.
/// </summary>
public static class AtomicFile
{
    /// <summary>
    /// Writes to <c>path + ".tmp"</c>, flushes that file to the disk and renames it over <paramref name="path"/>.
    /// </summary>
    /// <remarks>
    /// Whatever fails, the target keeps its content and the temporary file is removed. A temporary file left by a
    /// killed process is overwritten by the next write, so none pile up. Two writers of one path exclude each other.
    /// </remarks>
    /// <param name="path">The file to create or replace; its folder must exist.</param>
    /// <param name="write">Writes the content to the given stream, which can seek.</param>
    /// <exception cref="IOException">
    /// The file cannot be written: no such folder, no permission, a full disk, or the path names a folder.
    /// </exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        if (Directory.Exists(path))
            throw new IOException($"Cannot write '{path}': it is a folder.");
        if (IsDevice(path))
            throw new IOException($"Cannot write '{path}': it is a device, which renaming would replace by a file.");
        // A link stays a link; its target is replaced.
        if (File.Exists(path) && File.ResolveLinkTarget(path, returnFinalTarget: true) is { } target)
            path = target.FullName;

        string temporary = path + ".tmp";
        bool opened = false;
        try
        {
            using (FileStream stream = new(
                temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.None, bufferSize: 1 << 16))
            {
                opened = true;
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception error)
        {
            // A temporary file that could not be opened belongs to another writer.
            if (opened)
                Remove(temporary);
            // An error about the content already names its file.
            if (error is UnauthorizedAccessException or (IOException and not SafetensorsException))
                throw new IOException($"Cannot write '{path}': {error.Message}", error);
            throw;
        }
    }

    /// <summary>Writes a text as UTF-8, like <see cref="Write"/>.</summary>
    /// <param name="path">The file to create or replace; its folder must exist.</param>
    /// <param name="text">The whole content.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void WriteText(string path, string text) =>
        Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>True for paths of devices: files are written beside their name and renamed over it, which would
    /// replace a device by a file.</summary>
    public static bool IsDevice(string path) => Path.GetDirectoryName(Path.GetFullPath(path)) == "/dev";

    /// <summary>The failure that led here is the one to report, so a second one is ignored.</summary>
    private static void Remove(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (IOException)
        {
        }
        catch (UnauthorizedAccessException)
        {
        }
    }
}
