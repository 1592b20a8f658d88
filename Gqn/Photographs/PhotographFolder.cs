using Gqn.Native.Data;

namespace Gqn.Native.Photographs;

/// <summary>The photographs of one scene, as its file of poses lists them.</summary>
/// <param name="Name">The name of the scene's folder.</param>
/// <param name="PosesFile">The file of poses.</param>
/// <param name="Photographs">The pictures with their cameras, in the order of that file.</param>
internal sealed record PhotographedScene(string Name, string PosesFile, IReadOnlyList<Photograph> Photographs);

/// <summary>Finds scenes: a folder with a file of poses, or sub-folders each with one of their own.</summary>
internal static class PhotographFolder
{
    private const string Forms =
        "transforms.json as NeRF and instant-ngp have it ({\"camera_angle_x\": 0.7, \"frames\": [{\"file_path\": "
        + "\"images/1.jpg\", \"transform_matrix\": [[1, 0, 0, 0], ...]}]}), or poses.csv (lines such as "
        + "images/1.jpg,0.5,-2,1.6,1.57,-0.1 for file,x,y,z,yaw,pitch); --poses names another file";

    /// <summary>Reads all poses of all scenes, and the headers of the pictures.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="poses">The name of the files of poses; null for the usual ones.</param>
    /// <param name="conventions">What those files leave open.</param>
    /// <param name="leftOut">Receives the names of sub-folders without poses.</param>
    /// <exception cref="DatasetException">There are no poses, a file of them is invalid, or a picture is missing or
    /// unreadable.</exception>
    public static IReadOnlyList<PhotographedScene> Read(
        string folder, string? poses, PoseConventions conventions, ICollection<string> leftOut)
    {
        if (!Directory.Exists(folder))
        {
            throw new DatasetException(
                folder, null, File.Exists(folder)
                    ? "it is a file; name the folder of the pictures"
                    : "there is no such folder");
        }

        if (FindPoses(folder, poses) is { } own)
            return [ReadScene(folder, own, conventions)];
        var scenes = new List<PhotographedScene>();
        foreach (string below in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal))
        {
            if (FindPoses(below, poses) is { } found)
                scenes.Add(ReadScene(below, found, conventions));
            else
                leftOut.Add(Path.GetFileName(below));
        }

        if (scenes.Count > 0)
            return scenes;
        throw new DatasetException(
            folder, null, poses is null
                ? $"neither it nor a folder in it has a file of poses: {Forms}"
                : $"neither it nor a folder in it has the file of poses '{poses}'");
    }

    private static string? FindPoses(string folder, string? name)
    {
        if (name is not null)
        {
            string named = Path.Combine(folder, name);
            return File.Exists(named) ? named : null;
        }

        string json = Path.Combine(folder, TransformsFile.UsualName);
        string table = Path.Combine(folder, PosesTable.UsualName);
        if (File.Exists(json) && File.Exists(table))
        {
            throw new DatasetException(
                folder, null, $"there are both {TransformsFile.UsualName} and {PosesTable.UsualName}; choose one with "
                + "--poses");
        }

        return File.Exists(json) ? json : File.Exists(table) ? table : null;
    }

    private static PhotographedScene ReadScene(string folder, string path, PoseConventions conventions)
    {
        var pictures = path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase)
            ? PosesTable.Read(path, conventions)
            : TransformsFile.Read(path, conventions);
        string[] paths = FindPictures(folder, path, pictures);
        var headers = new PictureHeader[paths.Length];
        EachPicture.Do(paths.Length, i => headers[i] = PictureFile.ReadHeader(paths[i]), CancellationToken.None);
        bool upright = PosesAreOfUprightPictures(pictures, headers);
        Photograph[] photographs =
        [
            .. pictures.Select((picture, i) => new Photograph(
                paths[i], picture, upright ? headers[i] : headers[i] with { Orientation = JpegSegments.Upright },
                headers[i].Orientation)),
        ];
        return new PhotographedScene(Path.GetFileName(Path.GetFullPath(folder)), path, photographs);
    }

    private static string[] FindPictures(string folder, string path, IReadOnlyList<PosedPicture> pictures)
    {
        string[] paths = [.. pictures.Select(picture => FindPicture(folder, picture.File))];
        string[] missing = [.. paths.Where(picture => !File.Exists(picture))];
        if (missing.Length > 0)
        {
            throw new DatasetException(
                path, null, $"{missing.Length} of its {paths.Length} pictures are missing, the first is "
                + $"'{missing[0]}'; file names are relative to the folder of the poses");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        return Array.Find(paths, picture => !seen.Add(picture)) is { } twice
            ? throw new DatasetException(path, null, $"the picture '{twice}' is listed twice; remove one of its poses")
            : paths;
    }

    private static string FindPicture(string folder, string file)
    {
        string path = Path.GetFullPath(Path.Combine(folder, file.Replace('\\', '/')));
        if (File.Exists(path))
            return path;
        // The first data sets of NeRF name pictures without their extension.
        return PictureFile.Extensions
            .SelectMany(extension => new[] { path + extension, path + extension.ToUpperInvariant() })
            .FirstOrDefault(File.Exists) ?? path;
    }

    /// <summary>Whether poses are those of the pictures as they are shown, after EXIF turned them, or as they are
    /// stored.</summary>
    /// <remarks>COLMAP and those who use it ignore EXIF; programs that show or render pictures do not. Either way
    /// the picture of a camera held on its side is upright once EXIF turned it, so that the stored picture's camera
    /// has a roll of about that quarter turn and the shown picture's has not. The pictures decide together, those of a
    /// lens whose proportions fit only one way with more weight.</remarks>
    private static bool PosesAreOfUprightPictures(
        IReadOnlyList<PosedPicture> pictures, PictureHeader[] headers)
    {
        const double Certain = 1000;
        double forUpright = 0;
        for (int i = 0; i < headers.Length; i++)
        {
            if (TurnOf(headers[i].Orientation) is not { } turn || pictures[i].Axes is null)
                continue;
            double roll = pictures[i].Pose.Roll;
            forUpright += Math.Cos(roll) - Math.Cos(roll - turn);
            if (headers[i].SwapsSides)
            {
                bool stored = pictures[i].Lens.Fits(headers[i].Width, headers[i].Height);
                bool shown = pictures[i].Lens.Fits(headers[i].Height, headers[i].Width);
                forUpright += stored == shown ? 0 : shown ? Certain : -Certain;
            }
        }

        return forUpright >= 0;
    }

    /// <summary>The roll of the camera of a stored picture that is upright once EXIF turned it, in radians; null if it
    /// is stored upright or mirrored.</summary>
    internal static double? TurnOf(int orientation) => orientation switch
    {
        3 => Math.PI,
        6 => -Math.PI / 2,
        8 => Math.PI / 2,
        _ => null,
    };
}
