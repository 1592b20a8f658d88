using Gqn.Native.Engine.Io;
using Gqn.Native.Imaging;

namespace Gqn.Native.Experiments;

/// <summary>The files of an experiment: NAME.json with the numbers, NAME.png and NAME.svg with pictures and charts,
/// further ones as NAME-tour.png.</summary>
public static class ExperimentFiles
{
    /// <summary>Creates the folder if it is missing.</summary>
    /// <exception cref="IOException">It cannot be created.</exception>
    public static void CreateFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"Cannot make the folder '{folder}': {exception.Message}", exception);
        }
    }

    /// <summary>Writes all files, the numbers last: where they are, so is the rest.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="report">The result and its pictures.</param>
    /// <returns>The paths of the files.</returns>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static IReadOnlyList<string> Write(string folder, ExperimentReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var paths = new List<string>();
        foreach (var (what, picture) in report.Pictures)
            Png.Write(Add(what, "png"), picture);
        foreach (var (what, chart) in report.Charts)
            AtomicFile.WriteText(Add(what, "svg"), chart);
        AtomicFile.WriteText(Add(string.Empty, "json"), report.Result.ToJson() + "\n");
        return paths;

        string Add(string what, string extension)
        {
            string suffix = what.Length == 0 ? string.Empty : $"-{what}";
            paths.Add(Path.Combine(folder, $"{report.Result.Experiment}{suffix}.{extension}"));
            return paths[^1];
        }
    }
}
