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

    /// <summary>Opens a trained model.</summary>
    /// <param name="name">A run's folder, a file of weights, or the name of a shipped model.</param>
    /// <param name="device">The device to compute on.</param>
    /// <param name="weights">Which weights to load; null for the average if there is one.</param>
    public static TrainedModel OpenModel(string name, Device device, WeightKind? weights)
    {
        var location = ShippedModels.Installed.Locate(name);
        return location.IsRun
            ? Open(new RunDirectory(location.Path), () => TrainedModel.Load(name, device, weights))
            : TrainedModel.Load(name, device, weights);
    }
}
