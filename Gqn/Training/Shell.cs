namespace Gqn.Native.Training;

/// <summary>Words of commands in messages, which are meant to be copied.</summary>
public static class Shell
{
    /// <summary>A path as one word: in quotes if a shell would read it otherwise.</summary>
    public static string Quote(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        // A command would take it for an option.
        if (path.StartsWith('-'))
            path = $".{Path.DirectorySeparatorChar}{path}";
        if (path.Length > 0 && path.All(IsPlain))
            return path;
        return OperatingSystem.IsWindows() ? $"\"{path}\"" : $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }

    private static bool IsPlain(char character) => char.IsLetterOrDigit(character)
        || "/._-+=:,@%".Contains(character, StringComparison.Ordinal)
        || (character == '\\' && OperatingSystem.IsWindows());
}
