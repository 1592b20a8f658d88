using Gqn.Native.Engine;
using Gqn.Native.Engine.Io;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary>Opens the files of a run.</summary>
internal static class RunFiles
{
    /// <summary>Opens a run's newest checkpoint; if it is damaged, the error names the others.</summary>
    /// <exception cref="IOException">The checkpoint is damaged.</exception>
    public static T Open<T>(RunDirectory directory, Func<T> open)
    {
        try
        {
            return open();
        }
        catch (SafetensorsException exception)
        {
            string others = directory.OtherCheckpoints(directory.LatestCheckpoint() ?? string.Empty);
            throw new IOException(exception.Message + others, exception);
        }
    }

    /// <summary>Says so if another program wrote a file of this one again, and left it whole.</summary>
    public static void WarnOfRewritten(Terminal terminal, string? path)
    {
        if (path is null)
            return;
        using var reader = Safetensors.Open(path);
        if (reader.IsRewritten)
            terminal.WriteField("warning", $"{path} was written again by another program; its content is whole");
    }

    /// <summary>Opens a trained model.</summary>
    /// <param name="terminal">Receives a warning if another program wrote the file.</param>
    /// <param name="name">A run's folder, a file of weights, or the name of a shipped model.</param>
    /// <param name="device">The device to compute on.</param>
    /// <param name="weights">Which weights to load; null for the average if there is one.</param>
    public static TrainedModel OpenModel(Terminal terminal, string name, Device device, WeightKind? weights)
    {
        var location = ShippedModels.Installed.Locate(name);
        var run = location.IsRun ? new RunDirectory(location.Path) : null;
        var model = run is not null
            ? Open(run, () => TrainedModel.Load(name, device, weights))
            : TrainedModel.Load(name, device, weights);
        WarnOfRewritten(terminal, run is null ? location.Path : run.LatestCheckpoint());
        return model;
    }
}
