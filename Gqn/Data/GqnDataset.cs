using System.Collections.Concurrent;
using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>One split of a data set in the layout of the released ones: TFRecord files called 001-of-900.tfrecord in a
/// folder DIR/NAME/train or DIR/train. Safe for use by several threads.</summary>
/// <remarks>
/// Other names that tell a file's number and the count will do (<see cref="SceneFileNames"/>), and so do files that are
/// compressed with gzip.
/// Files hold any number of scenes, and some files may be absent, so a part of a released set is usable. The scenes of
/// a file are counted on first use, by reading the lengths of its records.
/// </remarks>
public sealed class GqnDataset
{
    private readonly ConcurrentDictionary<int, int> _counts = new();
    private readonly Lazy<int> _views;

    private readonly HeldOutShare? _part;
    private readonly int[] _numbers;

    private GqnDataset(string name, SceneSplit split, string path, HeldOutShare? part)
    {
        (Name, Split, Path, _part) = (name, split, path, part);
        (var files, DeclaredFiles) = SceneFileNames.Find(path);
        Files = [.. files.Select(file => file.Path)];
        _numbers = [.. files.Select(file => file.Number)];
        Info = GqnDatasetInfo.Find(name);
        _views = new Lazy<int>(FindViews, LazyThreadSafetyMode.PublicationOnly);
    }

    /// <summary>The data set's name.</summary>
    public string Name { get; }

    /// <summary>The released layout of that name; null for a custom data set.</summary>
    public GqnDatasetInfo? Info { get; }

    /// <summary>The split of the data set.</summary>
    public SceneSplit Split { get; }

    /// <summary>The folder of the files.</summary>
    public string Path { get; }

    /// <summary>The paths of the existing files, in the order of their numbers.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>The number of files according to their names; more than in <see cref="Files"/> if some are
    /// absent.</summary>
    public int DeclaredFiles { get; }

    /// <summary>The number of views of each scene: that of the released layout or, in a custom set, of the first
    /// scene.</summary>
    /// <exception cref="DatasetException">The set has no scene, or the first is damaged.</exception>
    public int ViewsPerScene => _views.Value;

    /// <summary>Opens one split of a data set.</summary>
    /// <param name="folder">The folder of the data set, or its parent.</param>
    /// <param name="name">The name of the data set or of the environment that renders it; null if the folder holds only
    /// one.</param>
    /// <param name="split">The split to open.</param>
    /// <exception cref="DatasetException">The data set is missing, or there are several to choose from.</exception>
    public static GqnDataset Open(string folder, string? name, SceneSplit split)
    {
        string path = Locate(folder, name, out string found);
        return new GqnDataset(found, split, FolderOf(path, found, split), null);
    }

    /// <summary>Opens a part of the training scenes of a data set: a share that is held out, or the others.</summary>
    /// <param name="folder">As for <see cref="Open"/>.</param>
    /// <param name="name">As for <see cref="Open"/>.</param>
    /// <param name="part">Which scenes to open.</param>
    /// <exception cref="DatasetException">The data set is missing or damaged, or has no scene of this part.</exception>
    internal static GqnDataset OpenPart(string folder, string? name, HeldOutShare part)
    {
        string path = Locate(folder, name, out string found);
        var dataset = new GqnDataset(
            found, SceneSplit.Train, FolderOf(path, found, SceneSplit.Train), part);
        if (Enumerable.Range(0, dataset.Files.Count).Any(file => dataset.CountScenes(file) > 0))
            return dataset;
        long scenes = dataset.CountAll();
        string problem = part.IsHeldOut
            ? $"holding out {part.Share} of its {Quantity.Of(scenes, "scene")} holds out none; choose a larger share "
                + "(--holdout) or add scenes"
            : $"holding out {part.Share} of its {Quantity.Of(scenes, "scene")} leaves none to learn from; choose a "
                + "smaller share (--holdout) or add scenes";
        throw new DatasetException(
            dataset.Path, null, scenes == 0 ? "there is no scene in any of the files" : problem);
    }

    /// <summary>Whether a data set has a folder for a split.</summary>
    /// <param name="folder">As for <see cref="Open"/>.</param>
    /// <param name="name">As for <see cref="Open"/>.</param>
    /// <param name="split">The split to look for.</param>
    /// <exception cref="DatasetException">The data set is missing, or there are several to choose from.</exception>
    internal static bool Has(string folder, string? name, SceneSplit split) => Directory.Exists(
        System.IO.Path.Combine(Locate(folder, name, out _), GqnDatasetInfo.FolderOf(split)));

    /// <summary>Finds the folder of a data set, the parent of the folders train and test.</summary>
    /// <param name="folder">That folder, or its parent.</param>
    /// <param name="name">As for <see cref="Open"/>.</param>
    /// <param name="found">The name of the data set.</param>
    /// <exception cref="DatasetException">The data set is missing, or there are several to choose from.</exception>
    public static string Locate(string folder, string? name, out string found)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder))
            throw new DatasetException(folder, null, "there is no such folder");
        string full = System.IO.Path.GetFullPath(folder);
        if (name is not null)
        {
            found = GqnDatasetInfo.NameOf(name);
            string below = System.IO.Path.Combine(full, found);
            if (HasSplit(below))
                return below;
            if (HasSplit(full))
                return full;
            string known = string.Join(", ", Below(full));
            throw new DatasetException(
                folder, null, known.Length > 0
                    ? $"there is no data set '{found}'; there are {known}"
                    : $"there is no data set '{found}' (expected {found}/train/1-of-9.tfrecord and the like)");
        }

        if (HasSplit(full))
        {
            found = System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(full));
            return full;
        }

        string[] sets = [.. Below(full)];
        if (sets.Length != 1)
        {
            throw new DatasetException(
                folder, null, sets.Length == 0
                    ? "there is no data set (expected NAME/train/1-of-9.tfrecord and the like)"
                    : $"there are several data sets, name one of them: {string.Join(", ", sets)}");
        }

        found = sets[0];
        return System.IO.Path.Combine(full, found);
    }

    /// <summary>The names of the data sets in a folder.</summary>
    /// <param name="folder">The parent folder of data sets.</param>
    public static IReadOnlyList<string> Below(string folder) =>
    [
        .. Directory.EnumerateDirectories(folder).Where(HasSplit)
            .Select(path => System.IO.Path.GetFileName(path)!).Order(StringComparer.Ordinal),
    ];

    /// <summary>The number of scenes in all files.</summary>
    /// <exception cref="DatasetException">A file is damaged or cannot be read.</exception>
    public long CountScenes() => Enumerable.Range(0, Files.Count).Sum(file => (long)CountScenes(file));

    /// <summary>The number of scenes in a file.</summary>
    /// <param name="file">The index of the file in <see cref="Files"/>.</param>
    /// <exception cref="DatasetException">The file is damaged or cannot be read.</exception>
    public int CountScenes(int file) => TryCountScenes(file, out int count) ? count : ReadOffsets(file).Length;

    /// <summary>The number of scenes in a file, if it has been counted already.</summary>
    internal bool TryCountScenes(int file, out int count) => _counts.TryGetValue(file, out count);

    /// <summary>The byte offset of each scene in a file.</summary>
    /// <param name="file">The index of the file in <see cref="Files"/>.</param>
    /// <exception cref="DatasetException">The file is damaged or cannot be read.</exception>
    public long[] ReadOffsets(int file)
    {
        using var records = new TfRecordFile(Files[file]);
        long[] offsets = records.ReadOffsets();
        if (_part is { } part)
            offsets = [.. part.Of(_numbers[file], offsets.Length).Select(record => offsets[record])];
        _counts[file] = offsets.Length;
        return offsets;
    }

    /// <summary>Reads one scene.</summary>
    /// <param name="file">The index of its file in <see cref="Files"/>.</param>
    /// <param name="offset">The byte offset of the scene, from <see cref="ReadOffsets"/>.</param>
    /// <exception cref="DatasetException">The scene is damaged, or has a different number of views.</exception>
    public SceneRecord Read(int file, long offset)
    {
        using var records = new TfRecordFile(Files[file]);
        byte[] buffer = [];
        return Parse(records.Read(offset, ref buffer), records.Path, offset);
    }

    /// <summary>Reads all scenes of a file in order. The frames of a scene are valid only until the next is
    /// read.</summary>
    /// <param name="file">The index of the file in <see cref="Files"/>.</param>
    /// <exception cref="DatasetException">A scene is damaged, or has a different number of views.</exception>
    public IEnumerable<SceneRecord> ReadFile(int file)
    {
        using var records = new TfRecordReader(Files[file]);
        HashSet<long>? some = _part is null ? null : [.. ReadOffsets(file)];
        for (long offset = 0; records.TryRead(out var data); offset = records.Position)
        {
            if (some?.Contains(offset) != false)
                yield return Parse(data, Files[file], offset);
        }
    }

    /// <summary>Parses a scene of this data set, and checks its number of views.</summary>
    internal SceneRecord Parse(ReadOnlyMemory<byte> data, string path, long offset)
    {
        var record = SceneRecord.Parse(data, path, offset);
        RequireViews(record, ViewsPerScene);
        return record;
    }

    /// <summary>Refuses a scene with another number of views than the data set's.</summary>
    /// <param name="record">The scene.</param>
    /// <param name="views">The number of views of each scene of the data set.</param>
    internal void RequireViews(SceneRecord record, int views)
    {
        if (record.Views == views)
            return;
        throw new DatasetException(
            record.Source.Path, record.Source.Offset,
            $"the scene has {Quantity.Of(record.Views, "frame")}, but scenes of {Name} have {views}"
            + (Info is null ? " (as its first has)" : string.Empty));
    }

    private int FindViews()
    {
        if (Info is not null)
            return Info.Views;
        foreach (string file in Files)
        {
            using var records = new TfRecordReader(file);
            if (records.TryRead(out var data))
                return SceneRecord.Parse(data, file).Views;
        }

        throw new DatasetException(Path, null, $"the data set {Name} has no scene");
    }

    /// <summary>The number of scenes in all files, whatever part of them is open.</summary>
    private long CountAll() => Files.Sum(path =>
    {
        using var records = new TfRecordFile(path);
        return (long)records.ReadOffsets().Length;
    });

    private static string FolderOf(string path, string name, SceneSplit split)
    {
        string folder = System.IO.Path.Combine(path, GqnDatasetInfo.FolderOf(split));
        return Directory.Exists(folder)
            ? folder
            : throw new DatasetException(
                path, null, $"the data set {name} has no folder '{GqnDatasetInfo.FolderOf(split)}'");
    }

    private static bool HasSplit(string path) =>
        Directory.Exists(System.IO.Path.Combine(path, GqnDatasetInfo.FolderOf(SceneSplit.Train)))
        || Directory.Exists(System.IO.Path.Combine(path, GqnDatasetInfo.FolderOf(SceneSplit.Test)));
}
