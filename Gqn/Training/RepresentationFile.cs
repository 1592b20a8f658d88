using System.Globalization;
using System.Text;
using Gqn.Native.Engine.Io;
using Gqn.Native.Model;
using Gqn.Native.Scenes;

namespace Gqn.Native.Training;

/// <summary>Files of representations for other programs: .npy, .safetensors and .csv.</summary>
/// <remarks>
/// Rows are in the order of the scenes and, if each view has a row, of the views. A .npy file holds one array, rows ×
/// the shape of r. A .safetensors file holds it as <c>r</c>, beside <c>scene</c> (the scene's number), <c>view</c> (if
/// each view has a row) and <c>cameras</c> (x, y, z, yaw, pitch, field of view; rows × views × 6, or rows × 6). A .csv
/// file has a header, the scene's number, the view if each has a row, and the numbers of r, last dimension fastest.
/// Files are written as batches arrive, to a temporary name that is then renamed.
/// </remarks>
public static class RepresentationFile
{
    /// <summary>The numbers of a camera.</summary>
    private const int CameraNumbers = 6;

    /// <summary>The extensions of the files that can be written.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".npy", ".safetensors", ".csv"];

    /// <summary>Checks that a file of this name can be written.</summary>
    /// <exception cref="OptionException">The extension is not one of <see cref="Extensions"/>.</exception>
    public static void RequireKnown(string path)
    {
        if (!Extensions.Contains(Path.GetExtension(path).ToLowerInvariant()))
            throw new OptionException($"{path}: the file's name must end in {string.Join(" or ", Extensions)}.");
    }

    /// <summary>Computes representations and writes them.</summary>
    /// <param name="path">The file to create or replace; its extension determines the format.</param>
    /// <param name="rows">The representations.</param>
    /// <param name="metadata">What they are of, for .safetensors files.</param>
    /// <param name="advance">Receives the number of scenes of each batch that was written.</param>
    /// <param name="cancellation">Requests a stop; the file is then not written.</param>
    /// <exception cref="OptionException">The extension is not one of <see cref="Extensions"/>.</exception>
    /// <exception cref="IOException">The file cannot be written, or a scene cannot be read.</exception>
    /// <exception cref="OperationCanceledException">A stop was requested.</exception>
    public static void Save(
        string path, SceneRepresentations rows, IReadOnlyDictionary<string, string> metadata, Action<long> advance,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(advance);
        RequireKnown(path);
        var batches = Counted(rows.Batches(cancellation), advance);
        switch (Path.GetExtension(path).ToLowerInvariant())
        {
            case ".npy":
                SaveNpy(path, rows, batches);
                break;
            case ".csv":
                AtomicFile.Write(path, stream => WriteCsv(stream, rows, batches));
                break;
            default:
                SaveSafetensors(path, rows, batches, metadata);
                break;
        }
    }

    private static IEnumerable<RepresentationRows> Counted(
        IEnumerable<RepresentationRows> batches, Action<long> advance)
    {
        foreach (var batch in batches)
        {
            yield return batch;
            advance(batch.Scenes);
        }
    }

    private static long[] Shape(SceneRepresentations rows) => [rows.Rows, .. rows.RowShape];

    private static void SaveNpy(string path, SceneRepresentations rows, IEnumerable<RepresentationRows> batches) =>
        NpyWriter.Save(path, Shape(rows), sink =>
        {
            foreach (var batch in batches)
                sink.Write(batch.Values.Span);
        });

    private static void SaveSafetensors(
        string path, SceneRepresentations rows, IEnumerable<RepresentationRows> batches,
        IReadOnlyDictionary<string, string> metadata)
    {
        var writer = new SafetensorsWriter();
        foreach (var (key, value) in metadata)
            writer.AddMetadata(key, value);
        int views = rows.EachView ? rows.Contexts : 1;
        // Integers come first in the file, then tensors in this order: the cameras are known once r is written.
        AddNumbers("scene", row => rows.First + (row / views));
        if (rows.EachView)
            AddNumbers("view", row => row % views);
        var cameras = new List<float>();
        writer.Add("r", "F32", Shape(rows), sink =>
        {
            foreach (var batch in batches)
            {
                sink.Write(batch.Values.Span);
                foreach (var camera in batch.Cameras)
                    AddTo(cameras, camera);
            }
        });
        writer.Add(
            "cameras", "F32", rows.EachView ? [rows.Rows, CameraNumbers] : [rows.Rows, rows.Contexts, CameraNumbers],
            sink => sink.Write(cameras.ToArray()));
        writer.Save(path);

        void AddNumbers(string name, Func<long, long> numberOf) => writer.Add(name, "I64", [rows.Rows], sink =>
        {
            for (long row = 0; row < rows.Rows; row++)
                sink.Write([numberOf(row)]);
        });
    }

    private static void AddTo(List<float> numbers, in Camera camera) => numbers.AddRange(
        [camera.X, camera.Y, camera.Z, camera.Yaw, camera.Pitch, camera.FieldOfViewDegrees]);

    private static void WriteCsv(Stream stream, SceneRepresentations rows, IEnumerable<RepresentationRows> batches)
    {
        using var text = new StreamWriter(stream, new UTF8Encoding(false), 1 << 16, leaveOpen: true);
        text.NewLine = "\n";
        text.Write(rows.EachView ? "scene,view" : "scene");
        int columns = rows.Columns, views = rows.EachView ? rows.Contexts : 1;
        for (int column = 0; column < columns; column++)
            text.Write(string.Create(CultureInfo.InvariantCulture, $",r{column}"));
        text.WriteLine();
        foreach (var batch in batches)
        {
            for (int row = 0; row < batch.Scenes * views; row++)
            {
                text.Write((batch.First + (row / views)).ToString(CultureInfo.InvariantCulture));
                if (rows.EachView)
                    text.Write(string.Create(CultureInfo.InvariantCulture, $",{row % views}"));
                foreach (float value in batch.Values.Span.Slice(row * columns, columns))
                {
                    text.Write(',');
                    text.Write(value.ToString(CultureInfo.InvariantCulture));
                }

                text.WriteLine();
            }
        }
    }
}
