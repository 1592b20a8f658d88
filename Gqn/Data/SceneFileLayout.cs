using System.Globalization;

namespace Gqn.Native.Data;

/// <summary>How scenes 0, 1, 2, ... of a set are spread over files of equal numbers of scenes.</summary>
public sealed class SceneFileLayout
{
    /// <summary>A layout.</summary>
    /// <param name="scenes">How many scenes there are, at least 1.</param>
    /// <param name="scenesPerFile">How many of them are in a file, at least 1; the last has what is left.</param>
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

    /// <summary>How many scenes there are.</summary>
    public long Scenes { get; }

    /// <summary>How many scenes are in each file but the last.</summary>
    public int ScenesPerFile { get; }

    /// <summary>How many files there are.</summary>
    public int Files { get; }

    /// <summary>How many scenes a file has.</summary>
    public int CountScenes(int file) => (int)Math.Min(ScenesPerFile, Scenes - ((long)file * ScenesPerFile));

    /// <summary>The number of a scene in the set.</summary>
    public ulong SceneOf(int file, int record) => (ulong)(((long)file * ScenesPerFile) + record);
}
