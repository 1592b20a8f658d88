using System.Globalization;
using System.Text.RegularExpressions;

namespace Gqn.Native.Data;

/// <summary>The names of the files of a data set, which tell each file's number and how many there are.</summary>
/// <remarks>The number and the count, as in 3-of-9, stand anywhere before .tfrecord or .tfrecords, or at the end of the
/// name; .gz may follow. If there are several, the last one counts. Numbers are from 0 or from 1.</remarks>
internal static partial class SceneFileNames
{
    /// <summary>How many names an error lists.</summary>
    private const int Listed = 3;

    /// <summary>Finds the files in a folder.</summary>
    /// <param name="folder">The folder of one split.</param>
    /// <returns>The numbers and paths of the files in the order of their numbers, and the number of files that there
    /// should be according to their names.</returns>
    /// <exception cref="DatasetException">There is no such file, or the names contradict each other.</exception>
    public static (IReadOnlyList<(int Number, string Path)> Files, int Declared) Find(string folder)
    {
        var files = new SortedDictionary<int, string>();
        int declared = 0;
        foreach (string file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            if (!TryParse(Path.GetFileName(file), out int number, out int count))
                continue;
            if (number > count || count == 0)
                throw new DatasetException(file, null, $"there is no file {number} of {count}");
            if (declared != 0 && declared != count)
            {
                throw new DatasetException(
                    folder, null, $"some files are of {declared} and some of {count}: these are two data sets in one "
                    + "folder; move one of them away");
            }

            declared = count;
            if (!files.TryAdd(number, file))
            {
                throw new DatasetException(
                    file, null, $"file {number} of {count} is there twice, as {Path.GetFileName(files[number])}, too; "
                    + "move one of them away");
            }
        }

        if (declared == 0)
            throw NoFile(folder);
        if (files.TryGetValue(0, out string? first) && files.TryGetValue(declared, out string? last))
        {
            throw new DatasetException(
                last, null, $"files are numbered from 0, as in {Path.GetFileName(first)}, or from 1, as in this name; "
                + "move one of them away");
        }

        return ([.. files.Select(file => (file.Key, file.Value))], declared);
    }

    private static bool TryParse(string name, out int number, out int count)
    {
        var match = Pattern().Match(name);
        (number, count) = match.Success
            ? (int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture),
                int.Parse(match.Groups["count"].ValueSpan, CultureInfo.InvariantCulture))
            : (0, 0);
        return match.Success;
    }

    private static DatasetException NoFile(string folder)
    {
        string[] names =
        [
            .. Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path)!)
                .Order(StringComparer.Ordinal),
        ];
        string there = names.Length switch
        {
            0 => "the folder is empty",
            <= Listed => $"there is only {string.Join(", ", names)}",
            _ => $"there are {string.Join(", ", names[..Listed])} and {names.Length - Listed} more",
        };
        return new DatasetException(
            folder, null, "there is no file whose name tells its number and the count, such as 1-of-9.tfrecord or "
            + $"train-00000-of-00009.tfrecord.gz; {there}");
    }

    [GeneratedRegex(
        @"^.*(?<!\d)(?<number>\d{1,9})-of-(?<count>\d{1,9})(?!\d)(.*\.tfrecords?)?(\.gz)?$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex Pattern();
}
