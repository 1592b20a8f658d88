using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>The layout of one of the seven data sets released with the paper (deepmind/gqn-datasets).</summary>
/// <remarks>A scene is one record; a released file holds from 20 to about 5000 of them.</remarks>
/// <param name="Name">The name of the data set and of its folder.</param>
/// <param name="Environment">The name of the <see cref="SceneEnvironment"/> that renders such scenes.</param>
/// <param name="ImageSize">Height and width of the released frames, in pixels; custom sets may differ.</param>
/// <param name="Views">The number of frames, and of cameras, of each scene.</param>
/// <param name="TrainFiles">The number of files of the released training set; custom sets may differ.</param>
/// <param name="TestFiles">The number of files of the released test set.</param>
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

    /// <summary>The layout of this name; null for a custom data set.</summary>
    /// <param name="name">The name of a data set, or of the environment that renders it.</param>
    public static GqnDatasetInfo? Find(string name) =>
        All.FirstOrDefault(info => info.Name == name || info.Environment == name);

    /// <summary>The folder name of a data set: the released name if there is one, else the name itself.</summary>
    public static string NameOf(string name) => Find(name)?.Name ?? name;

    /// <summary>The folder name of a split: "train" or "test".</summary>
    public static string FolderOf(SceneSplit split) => split == SceneSplit.Train ? "train" : "test";

    /// <summary>The name of a file.</summary>
    /// <param name="number">1 to <paramref name="count"/>.</param>
    /// <param name="count">The number of files in the set.</param>
    /// <returns>A name such as 0001-of-2160.tfrecord, with both numbers padded to the same number of digits.</returns>
    public static string FileName(int number, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, count);
        string last = count.ToString(System.Globalization.CultureInfo.InvariantCulture);
        string first = number.ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(last.Length, '0');
        return $"{first}-of-{last}.tfrecord";
    }
}
