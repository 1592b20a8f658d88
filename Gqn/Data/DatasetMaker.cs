using Gqn.Native.Engine.Io;
using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>Renders a set of scenes, on all processors, into files in the layout of the released data sets.</summary>
/// <remarks>
/// Files appear complete or not at all, even if the process is killed, and their bytes are a function of the
/// <see cref="DatasetContents"/> alone. An interrupted run resumes where it stopped: existing files are kept.
/// </remarks>
public sealed class DatasetMaker
{
    /// <summary>The extension that <see cref="AtomicFile"/> gives to an incomplete file.</summary>
    private const string Temporary = ".tmp";

    /// <summary>The number of scenes rendered at a time; a stop waits for at most these.</summary>
    private const int Chunk = 16;

    private readonly SceneEnvironment _environment;
    private readonly GqnDatasetWriter _writer;

    /// <summary>Prepares the folder of one split: creates it, or verifies that it holds these contents, in whole or in
    /// part.</summary>
    /// <param name="folder">The folder of data sets; the files go to folder/data set/split.</param>
    /// <param name="contents">What to render.</param>
    /// <exception cref="UnknownSceneException">There is no environment of that name.</exception>
    /// <exception cref="DatasetException">The folder holds other files.</exception>
    /// <exception cref="IOException">The folder cannot be created.</exception>
    public DatasetMaker(string folder, DatasetContents contents)
    {
        ArgumentNullException.ThrowIfNull(contents);
        Scene.ThrowIfUnsupported(contents.ImageSize);
        _environment = Environments.Create(contents.Environment);
        Contents = contents;
        _writer = new GqnDatasetWriter(
            folder, contents.Environment, contents.Split, contents.Scenes, contents.ScenesPerFile);
        Prepare();
    }

    /// <summary>What is rendered.</summary>
    public DatasetContents Contents { get; }

    /// <summary>The folder of the files.</summary>
    public string Path => _writer.Path;

    /// <summary>The number of files in the complete set.</summary>
    public int Files => _writer.Layout.Files;

    /// <summary>The number of scenes in files that are already complete.</summary>
    public long ScenesThere => Enumerable.Range(0, Files)
        .Where(file => File.Exists(_writer.PathOf(file))).Sum(file => (long)_writer.Layout.CountScenes(file));

    /// <summary>The size of the files that are already complete, in bytes.</summary>
    public long BytesThere => Enumerable.Range(0, Files)
        .Select(file => new FileInfo(_writer.PathOf(file))).Where(file => file.Exists).Sum(file => file.Length);

    /// <summary>Renders and writes the missing files.</summary>
    /// <param name="progress">Receives, on this thread, the number of scenes rendered since its last call.</param>
    /// <param name="cancellation">Requests a stop; the file being written is discarded.</param>
    /// <exception cref="OperationCanceledException">Rendering was stopped.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public void Make(Action<int> progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(progress);
        for (int file = 0; file < Files; file++)
        {
            if (!File.Exists(_writer.PathOf(file)))
                _writer.WriteFile(file, Render(file, progress, cancellation));
        }
    }

    private IEnumerable<SceneRecord> Render(int file, Action<int> progress, CancellationToken cancellation)
    {
        var records = new SceneRecord[Chunk];
        var parallel = new ParallelOptions { CancellationToken = cancellation };
        int count = _writer.Layout.CountScenes(file);
        for (int done = 0; done < count; done += Chunk)
        {
            int first = done, some = Math.Min(Chunk, count - done);
            // A scene takes milliseconds; the overhead of a parallel iteration is negligible beside it.
            Parallel.For(0, some, parallel, i => records[i] = SceneRecord.Render(
                _environment, Contents.Split, _writer.Layout.SceneOf(file, first + i), Contents.ImageSize,
                Contents.Frames));
            for (int i = 0; i < some; i++)
                yield return records[i];
            progress(some);
        }
    }

    /// <summary>Verifies the contents of an existing folder, or writes those of a new one.</summary>
    private void Prepare()
    {
        string path = System.IO.Path.Combine(Path, DatasetContents.FileName);
        if (System.IO.Path.Exists(path) || new FileInfo(path).LinkTarget is not null)
        {
            if (DatasetContents.Parse(SmallFile.ReadText(path), path).DifferenceFrom(Contents) is { } difference)
            {
                throw new DatasetException(
                    Path, null, $"it holds other scenes: its {difference}; make these in another folder, or remove it");
            }

            return;
        }
        // Incomplete files of a killed process do not count.
        string? other = Directory.EnumerateFileSystemEntries(Path)
            .FirstOrDefault(entry => !entry.EndsWith(Temporary, StringComparison.Ordinal));
        if (other is not null)
        {
            throw new DatasetException(
                Path, null, $"it holds files that were not made here, such as {System.IO.Path.GetFileName(other)}; "
                + "make these scenes in another folder, or remove it");
        }

        AtomicFile.WriteText(path, Contents.ToJson() + "\n");
    }
}
