using System.Globalization;
using Gqn.Native.Engine.Io;
using Gqn.Native.Model;

namespace Gqn.Native.Training;

/// <summary>The folder and the files of one run.</summary>
/// <remarks>
/// config.json, metrics.jsonl, eval.json, samples/step-*.png, checkpoints/step-*.safetensors and checkpoints/latest,
/// which contains the name of the newest checkpoint and is written after it; also TensorBoard event files.
/// </remarks>
/// <param name="path">The folder of the run.</param>
public sealed class RunDirectory(string path)
{
    private const string LatestName = "latest";
    private const int MaxNameLength = 4096;

    private RunClaim? _claim;
    private int _claims;

    /// <summary>The folder of the run.</summary>
    public string Path { get; } = path;

    /// <summary>The path of config.json.</summary>
    public string ConfigurationPath => System.IO.Path.Combine(Path, "config.json");

    /// <summary>The path of metrics.jsonl.</summary>
    public string MetricsPath => System.IO.Path.Combine(Path, "metrics.jsonl");

    /// <summary>The path of eval.json.</summary>
    public string EvaluationPath => System.IO.Path.Combine(Path, "eval.json");

    /// <summary>The path of the sheet of held-out predictions that ends a run.</summary>
    public string PredictionsPath => System.IO.Path.Combine(Path, "predictions.png");

    private string CheckpointFolder => System.IO.Path.Combine(Path, "checkpoints");

    private string LatestPath => System.IO.Path.Combine(CheckpointFolder, LatestName);

    /// <summary>Claims the first free folder of a sequence: no other process gets the same one.</summary>
    /// <param name="name">The path of each folder, numbered from 1.</param>
    /// <returns>The folder; its claim ends with the next of <see cref="Claim"/>.</returns>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    internal static RunDirectory ClaimFirst(Func<int, string> name)
    {
        for (int n = 1; ; n++)
        {
            string path = name(n);
            if (!RunClaim.HoldsNothing(path) || RunClaim.TryTake(path) is not { } claim)
                continue;
            // Its last owner may have filled it between the two.
            if (claim.IsEmpty)
                return new RunDirectory(path) { _claim = claim };
            claim.Dispose();
        }
    }

    /// <summary>Marks the folder as being written, until the result is disposed; it is created if missing. Several
    /// claims of one object last until the last of them ends.</summary>
    /// <exception cref="OptionException">Another process is writing it.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public IDisposable Claim()
    {
        _claim ??= RunClaim.TryTake(Path) ?? throw new OptionException(
            $"{Path} is being trained by another process; wait until it ends, or stop it: with Ctrl-C it saves its state.");
        _claims++;
        return new ClaimEnd(this);
    }

    /// <summary>Rejects a folder that holds no run.</summary>
    /// <exception cref="OptionException">There is no run in the folder.</exception>
    public void RequireRun()
    {
        if (!File.Exists(ConfigurationPath))
            throw new OptionException($"{Path} is not a run: there is no config.json in it.");
    }

    /// <summary>Rejects a folder that already holds a run.</summary>
    /// <exception cref="OptionException">The folder holds a run.</exception>
    public void RequireNew()
    {
        if (File.Exists(ConfigurationPath))
        {
            throw new OptionException(
                $"{Path} holds a run already; continue it with --resume {Shell.Quote(Path)}, or name another folder with --out.");
        }
    }

    /// <summary>Creates the folders of a new run and writes its configuration.</summary>
    /// <param name="configuration">The configuration, written to config.json.</param>
    /// <exception cref="OptionException">The folder holds a run already.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public void Create(RunConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        RequireNew();
        CreateFolders();
        WriteConfiguration(configuration);
    }

    /// <summary>Writes config.json, replacing an existing one.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void WriteConfiguration(RunConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        AtomicFile.WriteText(ConfigurationPath, configuration.ToJson() + "\n");
    }

    /// <summary>Creates the folders that are missing.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public void CreateFolders()
    {
        if (File.Exists(Path))
            throw new IOException($"Cannot make the run folder '{Path}': there is a file of that name.");
        try
        {
            Directory.CreateDirectory(CheckpointFolder);
            Directory.CreateDirectory(System.IO.Path.Combine(Path, "samples"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"Cannot make the run folder '{Path}': {exception.Message}", exception);
        }
    }

    /// <summary>Reads config.json.</summary>
    /// <exception cref="OptionException">The file is missing or invalid.</exception>
    public RunConfiguration ReadConfiguration()
    {
        RequireRun();
        return RunConfiguration.Parse(SmallFile.ReadText(ConfigurationPath), ConfigurationPath);
    }

    /// <summary>The path of samples/step-NNN.png.</summary>
    public string SamplePath(long step) => System.IO.Path.Combine(Path, "samples", Name(step, "png"));

    /// <summary>The path of checkpoints/step-NNN.safetensors.</summary>
    public string CheckpointPath(long step) => System.IO.Path.Combine(CheckpointFolder, Name(step, "safetensors"));

    /// <summary>The path of the newest checkpoint; null if there is none yet.</summary>
    /// <exception cref="OptionException">"latest" names a file that does not exist.</exception>
    public string? LatestCheckpoint()
    {
        if (!File.Exists(LatestPath))
            return null;
        string name = ReadLatest();
        string checkpoint = System.IO.Path.Combine(CheckpointFolder, name);
        if (name.Length == 0 || name != System.IO.Path.GetFileName(name) || !File.Exists(checkpoint))
        {
            throw new OptionException(
                $"{LatestPath} names the checkpoint '{name}', which is not there.{OtherCheckpoints(name)}");
        }

        return checkpoint;
    }

    private string ReadLatest()
    {
        try
        {
            return SmallFile.ReadText(LatestPath, MaxNameLength).Trim();
        }
        catch (IOException error)
        {
            throw new OptionException(error.Message + OtherCheckpoints(string.Empty), error);
        }
    }

    /// <summary>
    /// A sentence that names the checkpoints besides an unusable one; empty if there are none.
    /// </summary>
    public string OtherCheckpoints(string unusable)
    {
        var others = Checkpoints().Select(System.IO.Path.GetFileName)
            .Where(name => name != System.IO.Path.GetFileName(unusable)).ToList();
        return others.Count == 0
            ? string.Empty
            : $" To go on from another one, write its name into {LatestPath}: {string.Join(", ", others)}.";
    }

    /// <summary>
    /// Points "latest" at a checkpoint that is complete on disk, then removes all but the newest
    /// <paramref name="keep"/>.
    /// </summary>
    public void Commit(string checkpoint, int keep)
    {
        AtomicFile.WriteText(LatestPath, System.IO.Path.GetFileName(checkpoint) + "\n");
        foreach (string old in Checkpoints().SkipLast(keep))
        {
            if (old != checkpoint)
                File.Delete(old);
        }
    }

    /// <summary>The paths of the checkpoints that the run kept, the oldest first.</summary>
    internal IEnumerable<string> Checkpoints() => Directory.Exists(CheckpointFolder)
        ? Directory.EnumerateFiles(CheckpointFolder, "step-*.safetensors").Order(StringComparer.Ordinal)
        : [];

    private static string Name(long step, string extension) =>
        string.Create(CultureInfo.InvariantCulture, $"step-{step:D8}.{extension}");

    private sealed class ClaimEnd(RunDirectory directory) : IDisposable
    {
        private RunDirectory? _directory = directory;

        public void Dispose()
        {
            if (_directory is not null && --_directory._claims == 0)
            {
                _directory._claim?.Dispose();
                _directory._claim = null;
            }

            _directory = null;
        }
    }
}
