using System.CommandLine;
using Gqn.Native.Data;
using Gqn.Native.Scenes;

namespace Gqn.Native.Cli;

/// <summary><c>gqn data</c>: makes, imports, lists, shows and checks data sets of scenes.</summary>
internal static class DataCommand
{
    public static Command Create(Terminal terminal) =>
        new("data", "Make, import, list, show and check data sets of scenes.")
        {
            DataMakeCommand.Create(terminal),
            DataImportCommand.Create(terminal),
            DataInfoCommand.Create(terminal),
            DataShowCommand.Create(terminal),
            DataCheckCommand.Create(terminal),
        };

    /// <summary>The folder that contains the data sets.</summary>
    public static Argument<string> Folder() => new("DIR")
    {
        Description = "A folder of data sets (DIR/NAME/train/1-of-9.tfrecord), or that of one of them",
    };

    /// <summary>All splits of all data sets in a folder.</summary>
    /// <param name="folder">A folder of data sets, or the folder of a single data set.</param>
    /// <exception cref="DatasetException">There is no data set, or one has no files.</exception>
    public static IEnumerable<GqnDataset> Datasets(string folder) => Splits(folder).Select(open => open());

    /// <summary>Functions that open the splits of all data sets in a folder.</summary>
    /// <param name="folder">A folder of data sets, or the folder of a single data set.</param>
    /// <exception cref="DatasetException">There is no data set.</exception>
    public static IEnumerable<Func<GqnDataset>> Splits(string folder)
    {
        // Unlike the other commands, these need no name when a folder holds several data sets: they take all.
        IEnumerable<string?> names = Directory.Exists(folder) ? GqnDataset.Below(folder) : [];
        foreach (string? name in names.DefaultIfEmpty(null))
        {
            string path = GqnDataset.Locate(folder, name, out _);
            foreach (var split in Enum.GetValues<SceneSplit>())
            {
                if (Directory.Exists(Path.Combine(path, GqnDatasetInfo.FolderOf(split))))
                    yield return () => GqnDataset.Open(folder, name, split);
            }
        }
    }
}
