using Gqn.Native.Engine.Devices;
using Gqn.Native.Engine.Io;
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

    /// <summary>The trained model of a run.</summary>
    public static TrainedModel OpenModel(string run, Device device) =>
        Open(new RunDirectory(run), () => TrainedModel.Load(run, device));
}
