using Gqn.Native.Engine;
using Gqn.Native.Engine.Io;
using Gqn.Native.Model;

namespace Gqn.Native.Training;

/// <summary>The trained weights with which a new run starts (<see cref="TrainingOptions.From"/>).</summary>
internal static class InitialWeights
{
    /// <summary>The configuration of the run that trained the weights.</summary>
    /// <param name="name">A run's folder, a weights file, or the name of a shipped model.</param>
    /// <param name="found">The full path of the folder or file, or the name of the shipped model.</param>
    /// <exception cref="OptionException">There is nothing of that name, or it has no weights yet.</exception>
    /// <exception cref="IOException">The file is damaged.</exception>
    public static RunConfiguration Describe(string name, out string found)
    {
        var location = ShippedModels.Installed.Locate(name);
        found = Path.Exists(name) ? Path.GetFullPath(name) : name;
        if (!location.IsRun)
            return WeightsFile.Describe(location.Path).Configuration;
        var run = new RunDirectory(location.Path);
        var configuration = run.ReadConfiguration();
        _ = CheckpointOf(run);
        return configuration;
    }

    /// <summary>Loads the weights into a network, tensor by tensor, by name and shape. What a file without an inference
    /// network lacks keeps its initial values.</summary>
    /// <param name="name">As for <see cref="Describe"/>; the average is taken if there is one.</param>
    /// <param name="network">The network of the new run.</param>
    /// <exception cref="OptionException">There is nothing of that name, or it has no weights yet.</exception>
    /// <exception cref="SafetensorsException">A tensor is missing or has another shape.</exception>
    public static void Load(string name, GenerativeQueryNetwork network)
    {
        var location = ShippedModels.Installed.Locate(name);
        if (location.IsRun)
            Checkpoint.LoadTensors(CheckpointOf(new RunDirectory(location.Path)), network);
        else
            WeightsFile.LoadTensors(location.Path, network);
    }

    /// <summary>Checks, before a run's folder is made, that its network can start with the weights that it
    /// names.</summary>
    /// <exception cref="OptionException">There is nothing of that name, or it has no weights yet.</exception>
    /// <exception cref="SafetensorsException">A tensor is missing or has another shape.</exception>
    public static void RequireFit(RunConfiguration configuration)
    {
        if (configuration.Training.From is not { } name)
            return;
        using var device = new PlanningDevice(threads: 1);
        using var network = new GenerativeQueryNetwork(configuration.Model, device, configuration.Training.Seed);
        Load(name, network);
    }

    private static string CheckpointOf(RunDirectory run) => run.LatestCheckpoint()
        ?? throw new OptionException($"{run.Path} has no checkpoint yet, so there are no weights to start from.");
}
