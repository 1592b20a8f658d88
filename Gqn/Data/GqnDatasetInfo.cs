using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>The layout of one of the seven data sets released with the article (deepmind/gqn-datasets).</summary>
/// <remarks>A scene is a record; its file holds any number of them, 20 to about 5000.</remarks>
/// <param name="Name">The data set's name and folder.</param>
/// <param name="Environment">Which <see cref="SceneEnvironment"/> renders such scenes.</param>
/// <param name="ImageSize">Height and width of the released frames, in pixels; sets of one's own may have
/// others.</param>
/// <param name="Views">Frames and cameras of each scene.</param>
/// <param name="TrainFiles">How many files the released training set has; sets of one's own may have any
/// number.</param>
/// <param name="TestFiles">How many files the released test set has.</param>
public sealed record GqnDatasetInfo(
    string Name, string Environment, int ImageSize, int Views, int TrainFiles, int TestFiles)
{
    /// <summary>The released data sets.</summary>
    public static IReadOnlyList<GqnDatasetInfo> All { get; } =
    [
        new("rooms_ring_camera", "rooms-ring", 64, 10, 2160, 240),
        new("rooms_free_camera_no_object_rotations", "rooms-free", 64, 10, 2160, 240),
        new("rooms_free_camera_with_object_rotations", "rooms-free-rotating", 128, 10, 2034, 226),
        new("jaco", "jaco", 64, 11, 3600, 400),
        new("shepard_metzler_5_parts", "shepard-metzler-5", 64, 15, 900, 100),
        new("shepard_metzler_7_parts", "shepard-metzler-7", 64, 15, 900, 100),
        new("mazes", "mazes", 84, 300, 1080, 120),
    ];

    /// <summary>The layout of this name; null for a data set of one's own.</summary>
    /// <param name="name">The name of a data set, or of the environment that renders it.</param>
    public static GqnDatasetInfo? Find(string name) =>
        All.FirstOrDefault(info => info.Name == name || info.Environment == name);

    /// <summary>The folder of a data set: the released name of an environment, else the name itself.</summary>
    public static string NameOf(string name) => Find(name)?.Name ?? name;

    /// <summary>The folder of a split: "train" or "test".</summary>
    public static string FolderOf(SceneSplit split) => split == SceneSplit.Train ? "train" : "test";

    /// <summary>The name of a file.</summary>
    /// <param name="number">1 to <paramref name="count"/>.</param>
    /// <param name="count">How many files the set has.</param>
    /// <returns>Such as 0001-of-2160.tfrecord: both numbers have as many digits as the larger.</returns>
    public static string FileName(int number, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, count);
        string last = count.ToString(System.Globalization.CultureInfo.InvariantCulture);
        string first = number.ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(last.Length, '0');
        return $"{first}-of-{last}.tfrecord";
    }
}
