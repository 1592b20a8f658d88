using Gqn.Native.Engine.Io;
using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>Writes one split of a data set in the layout of the released ones. Several threads may write files of one
/// set.</summary>
/// <remarks>A file appears under its name only when it is whole, so whatever stops the writing leaves whole files, and
/// the same call later makes the others.</remarks>
public sealed class GqnDatasetWriter
{
    /// <summary>Scenes of a file where nobody asks for another number.</summary>
    public const int UsualScenesPerFile = 1000;

    /// <summary>Prepares a set of files; makes their folder, and writes nothing yet.</summary>
    /// <param name="folder">The folder that holds, or shall hold, the folder of the data set.</param>
    /// <param name="name">The data set's name, or that of an environment, which stands for the released name.</param>
    /// <param name="split">Which of its sets.</param>
    /// <param name="scenes">How many scenes there will be.</param>
    /// <param name="scenesPerFile">How many of them are in a file; the last has what is left.</param>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public GqnDatasetWriter(
        string folder, string name, SceneSplit split, long scenes, int scenesPerFile = UsualScenesPerFile)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        Layout = new SceneFileLayout(scenes, scenesPerFile);
        Path = System.IO.Path.Combine(folder, GqnDatasetInfo.NameOf(name), GqnDatasetInfo.FolderOf(split));
        try
        {
            Directory.CreateDirectory(Path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"Cannot make the folder '{Path}': {error.Message}", error);
        }
    }

    /// <summary>The folder of the files.</summary>
    public string Path { get; }

    /// <summary>Which scenes are in which file.</summary>
    public SceneFileLayout Layout { get; }

    /// <summary>The name of a file.</summary>
    /// <param name="file">0 up to <see cref="SceneFileLayout.Files"/>.</param>
    public string PathOf(int file) => System.IO.Path.Combine(Path, GqnDatasetInfo.FileName(file + 1, Layout.Files));

    /// <summary>Writes a file.</summary>
    /// <param name="file">0 up to <see cref="SceneFileLayout.Files"/>.</param>
    /// <param name="records">Its scenes; as many as the layout says.</param>
    /// <exception cref="ArgumentException">There is another number of scenes; nothing is written.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void WriteFile(int file, IEnumerable<SceneRecord> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        int expected = Layout.CountScenes(file), written = 0;
        AtomicFile.Write(PathOf(file), stream =>
        {
            var writer = new TfRecordWriter(stream);
            foreach (var record in records)
            {
                writer.Write(record.ToArray());
                written++;
            }

            if (written != expected)
            {
                throw new ArgumentException(
                    $"File {file + 1} of {Layout.Files} has {expected} scenes, not {written}.", nameof(records));
            }
        });
    }

    /// <summary>Renders and writes a file.</summary>
    /// <param name="file">0 up to <see cref="SceneFileLayout.Files"/>.</param>
    /// <param name="environment">What to render; scene k of the set is scene k of the environment.</param>
    /// <param name="split">Which of its sets.</param>
    /// <param name="imageSize">Height and width of the frames, in pixels.</param>
    /// <param name="format">How frames are stored.</param>
    /// <param name="progress">Called after each scene; null for nobody.</param>
    /// <param name="cancellation">Gives the file up; nothing is left of it.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public void RenderFile(
        int file, SceneEnvironment environment, SceneSplit split, int imageSize,
        FrameFormat format = FrameFormat.Jpeg, Action? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(environment);
        WriteFile(file, Enumerable.Range(0, Layout.CountScenes(file)).Select(record =>
        {
            cancellation.ThrowIfCancellationRequested();
            var scene = SceneRecord.Render(
                environment, split, Layout.SceneOf(file, record), imageSize, format);
            progress?.Invoke();
            return scene;
        }));
    }
}
