using Gqn.Native.Engine;
using Gqn.Native.Engine.Io;
using Gqn.Native.Model;
using Gqn.Native.Training;

namespace Gqn.Native.Cli;

/// <summary>Opens what a run has saved.</summary>
internal static class RunFiles
{
    /// <summary>Opens a run's newest checkpoint; where that is damaged, the error names the others.</summary>
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

    /// <summary>The configuration of a run whose data set is in another folder than when it was trained.</summary>
    /// <param name="configuration">The run's.</param>
    /// <param name="folder">The folder; null for the one of then.</param>
    /// <exception cref="OptionException">The run's scenes were rendered.</exception>
    public static RunConfiguration FindData(RunConfiguration configuration, string? folder)
    {
        if (folder is null)
            return configuration;
        if (configuration.Training.Data is null)
            throw new OptionException("--data is for runs that were trained on a data set; this one's were rendered.");
        return configuration with { Training = configuration.Training with { Data = folder } };
    }

    /// <summary>A trained model.</summary>
    /// <param name="name">A run's folder, a file of weights, or the name of a shipped model.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="weights">Which weights; null for the average where there is one.</param>
    public static TrainedModel OpenModel(string name, Device device, WeightKind? weights)
    {
        var location = ShippedModels.Installed.Locate(name);
        return location.IsRun
            ? Open(new RunDirectory(location.Path), () => TrainedModel.Load(name, device, weights))
            : TrainedModel.Load(name, device, weights);
    }
}
