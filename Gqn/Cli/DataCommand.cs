using System.CommandLine;
using Gqn.Native.Data;
using Gqn.Native.Scenes;

namespace Gqn.Native.Cli;

/// <summary><c>gqn data</c>: scenes as files, and to look at.</summary>
internal static class DataCommand
{
    public static Command Create(Terminal terminal) =>
        new("data", "Make, list, show and check data sets of scenes.")
        {
            DataMakeCommand.Create(terminal),
            DataInfoCommand.Create(terminal),
            DataShowCommand.Create(terminal),
            DataCheckCommand.Create(terminal),
        };

    /// <summary>The folder that data sets are in.</summary>
    public static Argument<string> Folder() => new("DIR")
    {
        Description = "A folder of data sets (DIR/NAME/train/1-of-9.tfrecord), or that of one of them",
    };

    /// <summary>All splits of all data sets of a folder.</summary>
    /// <param name="folder">A folder of data sets, or that of one of them.</param>
    /// <exception cref="DatasetException">There is no data set, or one without files.</exception>
    public static IEnumerable<GqnDataset> Datasets(string folder)
    {
        // A folder with several is the one case in which nobody need say which.
        IEnumerable<string?> names = Directory.Exists(folder) ? GqnDataset.Below(folder) : [];
        foreach (string? name in names.DefaultIfEmpty(null))
        {
            string path = GqnDataset.Locate(folder, name, out _);
            foreach (var split in Enum.GetValues<SceneSplit>())
            {
                if (Directory.Exists(Path.Combine(path, GqnDatasetInfo.FolderOf(split))))
                    yield return GqnDataset.Open(folder, name, split);
            }
        }
    }
}
