using Gqn.Native.Engine.Io;
using Gqn.Native.Scenes;

namespace Gqn.Native.Data;

/// <summary>Renders a set of scenes, by all processors, into files laid out as the released data sets are.</summary>
/// <remarks>
/// Files appear whole or not at all, whatever ends the process, and their bytes are a function of the
/// <see cref="DatasetContents"/> alone. Making goes on where it stopped: files that are there are left as they are.
/// </remarks>
public sealed class DatasetMaker
{
    /// <summary>What <see cref="AtomicFile"/> calls a file that is not whole yet.</summary>
    private const string Temporary = ".tmp";

    /// <summary>Scenes that are rendered at a time; a stop waits for no more than these.</summary>
    private const int Chunk = 16;

    private readonly SceneEnvironment _environment;
    private readonly GqnDatasetWriter _writer;

    /// <summary>Prepares the folder of one split: makes it, or finds that it holds these contents or a part of
    /// them.</summary>
    /// <param name="folder">The folder of data sets; the files go to folder/data set/split.</param>
    /// <param name="contents">What to make.</param>
    /// <exception cref="UnknownSceneException">No environment is called so.</exception>
    /// <exception cref="DatasetException">There are other files in that folder.</exception>
    /// <exception cref="IOException">The folder cannot be made.</exception>
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

    /// <summary>What is made.</summary>
    public DatasetContents Contents { get; }

    /// <summary>The folder of the files.</summary>
    public string Path => _writer.Path;

    /// <summary>How many files there will be.</summary>
    public int Files => _writer.Layout.Files;

    /// <summary>How many of the scenes are in files.</summary>
    public long ScenesThere => Enumerable.Range(0, Files)
        .Where(file => File.Exists(_writer.PathOf(file))).Sum(file => (long)_writer.Layout.CountScenes(file));

    /// <summary>The bytes of the files that are there.</summary>
    public long BytesThere => Enumerable.Range(0, Files)
        .Select(file => new FileInfo(_writer.PathOf(file))).Where(file => file.Exists).Sum(file => file.Length);

    /// <summary>Makes the files that are not there.</summary>
    /// <param name="progress">Hears, on this thread, how many scenes were rendered since it heard last.</param>
    /// <param name="cancellation">Asks to stop; the file in the making is given up.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
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
            // A scene takes milliseconds, beside which what starting an iteration costs is nothing.
            Parallel.For(0, some, parallel, i => records[i] = SceneRecord.Render(
                _environment, Contents.Split, _writer.Layout.SceneOf(file, first + i), Contents.ImageSize,
                Contents.Frames));
            for (int i = 0; i < some; i++)
                yield return records[i];
            progress(some);
        }
    }

    /// <summary>Finds what was begun, or begins.</summary>
    private void Prepare()
    {
        string path = System.IO.Path.Combine(Path, DatasetContents.FileName);
        if (File.Exists(path))
        {
            if (DatasetContents.Parse(File.ReadAllText(path), path).DifferenceFrom(Contents) is { } difference)
            {
                throw new DatasetException(
                    Path, null, $"it holds other scenes: its {difference}; make these in another folder, or remove it");
            }

            return;
        }
        // What a killed process had not finished does not count.
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
