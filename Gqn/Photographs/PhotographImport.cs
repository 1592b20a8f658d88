using System.Buffers;
using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Text;
using Gqn.Native.Data;
using Gqn.Native.Engine.Io;
using Gqn.Native.Imaging;
using Gqn.Native.Model;
using Gqn.Native.Scenes;

namespace Gqn.Native.Photographs;

/// <summary>Makes a data set of photographs whose cameras are known.</summary>
/// <remarks>
/// All views have one field of view, the widest that each of the pictures contains as a level square about its
/// principal point: wider pictures are cropped. The data set appears under its name when it is complete.
/// </remarks>
internal sealed class PhotographImport
{
    /// <summary>The file in the data set's folder that says which photograph became which view.</summary>
    public const string SourcesName = "pictures.csv";

    private const string Temporary = ".tmp";

    private static readonly SearchValues<char> Forbidden = SearchValues.Create("/\\:*?\"<>|");

    private readonly ImportOptions _options;
    private readonly double _tangent;
    private readonly List<string> _leftOut = [];

    /// <summary>Reads the poses and the headers of all pictures, and plans the records; writes nothing.</summary>
    /// <param name="folder">The folder of the photographs.</param>
    /// <param name="output">The folder of data sets to write to; need not exist.</param>
    /// <param name="name">The name of the data set.</param>
    /// <param name="options">How photographs become a data set.</param>
    /// <exception cref="DatasetException">Poses or pictures are missing or invalid, or the data set exists.</exception>
    /// <exception cref="OptionException">An option does not suit these photographs.</exception>
    public PhotographImport(string folder, string output, string name, ImportOptions options)
    {
        (_options, Output, Name, Path) = (options, output, name, System.IO.Path.Combine(output, name));
        RequireName(name);
        RequireNew();
        var scenes = PhotographFolder.Read(folder, options.Poses, options.Conventions, _leftOut);
        Plan = RecordPlan.Create(
            [.. scenes.Select(scene => scene.Name)], [.. scenes.Select(scene => scene.Photographs.Count)],
            options.Division);
        if (Records.FirstOrDefault(record => record.Views.Count > SceneRecord.MaxViews) is { Views: not null } large)
        {
            throw new OptionException(
                $"{scenes[large.Scene].Name} would make a record of {large.Views.Count} views, and one has at most "
                + $"{SceneRecord.MaxViews}: give --views.");
        }

        _tangent = scenes.SelectMany(scene => scene.Photographs).Min(photograph => photograph.Tangent);
        FieldOfViewDegrees = (float)(2 * Math.Atan(_tangent) * (180 / Math.PI));
        Scenes = [.. scenes.Select(scene => new ImportedScene(scene, FieldOfViewDegrees, options))];
        RequireUsed(scenes);
    }

    /// <summary>The folder of data sets.</summary>
    public string Output { get; }

    /// <summary>The name of the data set.</summary>
    public string Name { get; }

    /// <summary>The folder of the data set.</summary>
    public string Path { get; }

    /// <summary>The field of view of all views, in degrees.</summary>
    public float FieldOfViewDegrees { get; }

    /// <summary>The scenes.</summary>
    public IReadOnlyList<ImportedScene> Scenes { get; }

    /// <summary>Which photographs become which records.</summary>
    public RecordPlan Plan { get; }

    /// <summary>The number of views to write.</summary>
    public int Views => Records.Sum(record => record.Views.Count);

    /// <summary>What may not be as the user thinks, a sentence each.</summary>
    public IEnumerable<string> Warnings => ImportWarnings.Of(this, _options, _leftOut, _tangent);

    /// <summary>All records, those for training first.</summary>
    public IEnumerable<PlannedRecord> Records => Plan.Train.Concat(Plan.Test);

    /// <summary>Reads the pictures and writes the data set.</summary>
    /// <param name="progress">Receives, on this thread, the number of views made since its last call.</param>
    /// <param name="cancellation">Requests a stop; nothing is left of the data set.</param>
    /// <returns>The box that contains the scenes, as estimated from the cameras of the training set.</returns>
    /// <exception cref="DatasetException">A picture is damaged, or cannot be read.</exception>
    /// <exception cref="IOException">The data set cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The import was stopped.</exception>
    public SceneBounds Write(Action<long> progress, CancellationToken cancellation)
    {
        // A data set is recognised by its folders train and test, which stand one level deeper until it is complete.
        string temporary = Path + Temporary, whole = System.IO.Path.Combine(temporary, Name);
        ClearTemporary(temporary);
        try
        {
            foreach (var (split, records) in new[] { (SceneSplit.Train, Plan.Train), (SceneSplit.Test, Plan.Test) })
            {
                var writer = new GqnDatasetWriter(temporary, Name, split, records.Count);
                for (int file = 0; file < writer.Layout.Files; file++)
                {
                    int first = (int)writer.Layout.SceneOf(file, 0), count = writer.Layout.CountScenes(file);
                    WriteFile(writer, file, records.Skip(first).Take(count), progress, cancellation);
                }
            }

            AtomicFile.WriteText(System.IO.Path.Combine(whole, SourcesName), Sources());
            RequireNew();
            if (Directory.Exists(Path))
                Directory.Delete(Path);
            Directory.Move(whole, Path);
        }
        finally
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
        }

        return new RecordedScenes(GqnDataset.Open(Path, null, SceneSplit.Train)).FindBounds().Bounds;
    }

    private void WriteFile(
        GqnDatasetWriter writer, int file, IEnumerable<PlannedRecord> records, Action<long> progress,
        CancellationToken cancellation)
    {
        try
        {
            writer.WriteFile(file, records.Select(record =>
            {
                var made = Make(record, cancellation);
                progress(made.Views);
                return made;
            }));
        }
        catch (IOException error) when (error.InnerException is DatasetException fault)
        {
            // It is the picture that cannot be read, not the file that cannot be written.
            ExceptionDispatchInfo.Throw(fault);
        }
    }

    private SceneRecord Make(PlannedRecord record, CancellationToken cancellation)
    {
        var scene = Scenes[record.Scene];
        var frames = new ReadOnlyMemory<byte>[record.Views.Count];
        float[] cameras = new float[frames.Length * SceneRecord.CameraLength];
        EachPicture.Do(
            frames.Length,
            view =>
            {
                var photograph = scene.Photographs[record.Views[view]];
                var image = photograph.View(_tangent, _options.ImageSize, _options.Background);
                frames[view] = _options.Frames == FrameFormat.Png
                    ? Png.Encode(image)
                    : Jpeg.Encode(image, SceneRecord.JpegQuality);
                var camera = scene.Cameras[record.Views[view]];
                ReadOnlySpan<float> numbers = [camera.X, camera.Y, camera.Z, camera.Yaw, camera.Pitch];
                numbers.CopyTo(cameras.AsSpan(view * SceneRecord.CameraLength));
            },
            cancellation);
        return new SceneRecord(frames, cameras) { FieldOfViewDegrees = FieldOfViewDegrees };
    }

    /// <summary>A table of all views: where they are in the data set, and where they come from.</summary>
    private string Sources()
    {
        var text = new StringBuilder("split,record,view,scene,file,x,y,z,yaw,pitch\n");
        foreach (var (split, records) in new[] { (SceneSplit.Train, Plan.Train), (SceneSplit.Test, Plan.Test) })
        {
            for (int record = 0; record < records.Count; record++)
            {
                var scene = Scenes[records[record].Scene];
                for (int view = 0; view < records[record].Views.Count; view++)
                {
                    int photograph = records[record].Views[view];
                    var camera = scene.Cameras[photograph];
                    text.Append(CultureInfo.InvariantCulture, $"{GqnDatasetInfo.FolderOf(split)},{record},{view},")
                        .Append(CultureInfo.InvariantCulture, $"{Quoted(scene.Name)},")
                        .Append(CultureInfo.InvariantCulture, $"{Quoted(scene.Photographs[photograph].File)},")
                        .Append(CultureInfo.InvariantCulture, $"{camera.X},{camera.Y},{camera.Z},")
                        .Append(CultureInfo.InvariantCulture, $"{camera.Yaw},{camera.Pitch}\n");
                }
            }
        }

        return text.ToString();
    }

    private static string Quoted(string cell) => cell.AsSpan().IndexOfAny(",\"\r\n") < 0
        ? cell
        : $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static void RequireName(string name)
    {
        if (name is "." or ".." or "train" or "test" || name.AsSpan().ContainsAny(Forbidden))
        {
            throw new OptionException(
                $"--name {name}: write a name that a folder may have, other than train and test.");
        }

        if (GqnDatasetInfo.Find(name) is not null)
        {
            throw new OptionException(
                $"--name {name}: this is one of the released data sets, whose layout is fixed; choose another --name.");
        }
    }

    private void RequireNew()
    {
        if (File.Exists(Path))
            throw new DatasetException(Path, null, "it is a file; choose another --out or --name");
        if (Directory.Exists(System.IO.Path.Combine(Output, GqnDatasetInfo.FolderOf(SceneSplit.Train))))
            throw new DatasetException(Output, null, "it is itself a data set; choose another --out");
        if (Directory.Exists(Path) && Directory.EnumerateFileSystemEntries(Path).Any())
        {
            throw new DatasetException(
                Path, null, "it holds something already, and nothing is mixed with it; choose another --out or --name, "
                + "or remove it");
        }
    }

    /// <summary>Removes what a killed import left.</summary>
    private void ClearTemporary(string temporary)
    {
        if (!Directory.Exists(temporary))
            return;
        string? other = Directory.EnumerateFileSystemEntries(temporary)
            .FirstOrDefault(entry => System.IO.Path.GetFileName(entry) != Name);
        if (other is not null)
        {
            throw new DatasetException(
                temporary, null, "this temporary folder holds something else, such as "
                + $"{System.IO.Path.GetFileName(other)}; remove it, or choose another --name");
        }

        Directory.Delete(temporary, recursive: true);
    }

    /// <summary>Refuses options that concern no file of poses, rather than ignoring them.</summary>
    private void RequireUsed(IReadOnlyList<PhotographedScene> scenes)
    {
        var photographs = scenes.SelectMany(scene => scene.Photographs).ToArray();
        var conventions = _options.Conventions;
        if (conventions.FieldOfView is not null
            && !Array.Exists(photographs, photograph => photograph.TakesFieldOfView))
        {
            throw new OptionException(
                "--fov is for poses without a focal length; these have one (fl_x or camera_angle_x): leave --fov out.");
        }

        if (conventions.Up is not null && !Array.Exists(photographs, photograph => photograph.Up is not null))
            throw new OptionException("--up is for matrices; in a table of poses, z is up and yaw is about it.");
        if (conventions.Degrees && Array.TrueForAll(photographs, photograph => photograph.Up is not null))
            throw new OptionException("--degrees is for tables of poses; matrices have no angles.");
    }
}
