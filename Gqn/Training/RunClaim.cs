namespace Gqn.Native.Training;

/// <summary>Marks a folder as being written by this process: an exclusive lock of a file in it.</summary>
/// <remarks>The lock belongs to the open file, so it ends with the process, however that ends; the file itself stays
/// and means nothing. Reading the folder needs no claim.</remarks>
internal sealed class RunClaim : IDisposable
{
    /// <summary>The name of the locked file.</summary>
    public const string FileName = ".lock";

    // EWOULDBLOCK on Linux and on BSD, and Windows' sharing violation.
    private const int LinuxWouldBlock = 11, BsdWouldBlock = 35, SharingViolation = 32;

    private readonly string _folder;
    private readonly bool _made;
    private readonly FileStream _lock;

    private RunClaim(string folder, bool made, FileStream opened) => (_folder, _made, _lock) = (folder, made, opened);

    /// <summary>Whether the folder holds nothing but the claim.</summary>
    public bool IsEmpty => HoldsNothing(_folder);

    /// <summary>Whether a folder is absent or holds nothing, as far as claims go.</summary>
    public static bool HoldsNothing(string folder) => !Directory.Exists(folder)
        ? !File.Exists(folder)
        : Directory.EnumerateFileSystemEntries(folder).All(path => Path.GetFileName(path) == FileName);

    /// <summary>Claims a folder, which is created if it is missing.</summary>
    /// <returns>The claim; null if another process, or another claim in this one, has it.</returns>
    /// <exception cref="IOException">The folder cannot be created or written.</exception>
    public static RunClaim? TryTake(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            while (true)
            {
                bool made = !Directory.Exists(folder);
                Directory.CreateDirectory(folder);
                var opened = new FileStream(
                    path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
                // The last owner may have removed the file after it was opened here: that lock excludes nobody.
                if (File.Exists(path))
                    return new RunClaim(folder, made, opened);
                opened.Dispose();
            }
        }
        catch (IOException error)
            when ((error.HResult & 0xFFFF) is LinuxWouldBlock or BsdWouldBlock or SharingViolation)
        {
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            string problem = File.Exists(folder) ? "there is a file of that name." : error.Message;
            string verb = Directory.Exists(folder) ? "write" : "make";
            throw new IOException($"Cannot {verb} the run folder '{folder}': {problem}", error);
        }
    }

    /// <summary>Ends the claim; a folder that it made and that has stayed empty is removed.</summary>
    public void Dispose()
    {
        try
        {
            if (_made && IsEmpty)
            {
                File.Delete(Path.Combine(_folder, FileName));
                Directory.Delete(_folder);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another process is quicker to fill the folder, or it was removed: nothing is left to do.
        }
        finally
        {
            _lock.Dispose();
        }
    }
}
