using System.Globalization;

namespace Gqn.Native.Data;

/// <summary>How scenes 0, 1, 2, ... of a set are distributed over files with an equal number of scenes each.</summary>
public sealed class SceneFileLayout
{
    /// <summary>Creates a layout.</summary>
    /// <param name="scenes">The number of scenes, at least 1.</param>
    /// <param name="scenesPerFile">The number of scenes in each file, at least 1; the last has the rest.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is not positive, or there are too many files.</exception>
    public SceneFileLayout(long scenes, int scenesPerFile)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(scenes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(scenesPerFile, 1);
        long files = ((scenes - 1) / scenesPerFile) + 1;
        if (files > 999_999_999)
        {
            throw new ArgumentOutOfRangeException(nameof(scenes), string.Create(
                CultureInfo.InvariantCulture, $"{scenes} scenes in files of {scenesPerFile} are too many files."));
        }

        (Scenes, ScenesPerFile, Files) = (scenes, scenesPerFile, (int)files);
    }

    /// <summary>The number of scenes.</summary>
    public long Scenes { get; }

    /// <summary>The number of scenes in each file but the last.</summary>
    public int ScenesPerFile { get; }

    /// <summary>The number of files.</summary>
    public int Files { get; }

    /// <summary>The number of scenes in a file.</summary>
    public int CountScenes(int file) => (int)Math.Min(ScenesPerFile, Scenes - ((long)file * ScenesPerFile));

    /// <summary>The number of a scene in the set.</summary>
    public ulong SceneOf(int file, int record) => (ulong)(((long)file * ScenesPerFile) + record);
}
