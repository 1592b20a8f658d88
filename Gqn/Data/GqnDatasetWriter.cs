using Gqn.Native.Engine.Io;
using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>Writes one split of a data set in the layout of the released ones. Several threads may write different
/// files of a set.</summary>
/// <remarks>A file appears under its name only when it is complete, so an interruption leaves complete files, and
/// repeating the call adds the others.</remarks>
public sealed class GqnDatasetWriter
{
    /// <summary>The default number of scenes in a file.</summary>
    public const int UsualScenesPerFile = 1000;

    /// <summary>Prepares a set of files: creates their folder, but writes nothing yet.</summary>
    /// <param name="folder">The parent folder of the data set's folder; need not exist yet.</param>
    /// <param name="name">The name of the data set, or of an environment, which stands for the released name.</param>
    /// <param name="split">The split to write.</param>
    /// <param name="scenes">The number of scenes in the set.</param>
    /// <param name="scenesPerFile">The number of scenes in each file; the last has the rest.</param>
    /// <exception cref="IOException">The folder cannot be created.</exception>
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

    /// <summary>The distribution of the scenes over the files.</summary>
    public SceneFileLayout Layout { get; }

    /// <summary>The path of a file.</summary>
    /// <param name="file">The file's index, below <see cref="SceneFileLayout.Files"/>.</param>
    public string PathOf(int file) => System.IO.Path.Combine(Path, GqnDatasetInfo.FileName(file + 1, Layout.Files));

    /// <summary>Writes a file.</summary>
    /// <param name="file">The file's index, below <see cref="SceneFileLayout.Files"/>.</param>
    /// <param name="records">The scenes of the file, as many as the layout states.</param>
    /// <exception cref="ArgumentException">The number of scenes is different; nothing is written.</exception>
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
    /// <param name="file">The file's index, below <see cref="SceneFileLayout.Files"/>.</param>
    /// <param name="environment">The environment to render; scene k of the set is scene k of the environment.</param>
    /// <param name="split">The split to write.</param>
    /// <param name="imageSize">Height and width of the frames, in pixels.</param>
    /// <param name="format">The image format of the stored frames.</param>
    /// <param name="progress">Called after each scene; null if not needed.</param>
    /// <param name="cancellation">Cancels the writing; nothing is left of the file.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="OperationCanceledException">Writing was cancelled.</exception>
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
