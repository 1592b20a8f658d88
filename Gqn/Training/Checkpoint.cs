using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gqn.Native.Engine;
using Gqn.Native.Engine.Io;
using Gqn.Native.Model;

namespace Gqn.Native.Training;

/// <summary>The state of a run, besides its weights and moments.</summary>
/// <param name="Step">The number of updates made.</param>
/// <param name="NoisePosition">Position in the random stream of the latent noise.</param>
public readonly record struct TrainingState(long Step, uint NoisePosition);

/// <summary>
/// Reads and writes checkpoints: safetensors files with the weights, their average, optimiser moments and all other
/// state of a run.
/// </summary>
/// <remarks>
/// Weights have the names of their parameters and the layout of Python frameworks: (outputs, inputs, height, width).
/// Moments are named "adam.first/(name)" and "adam.second/(name)", averaged weights "average/(name)".
/// </remarks>
public static class Checkpoint
{
    private const string Format = "gqn-native-checkpoint";
    private const string FirstMoment = "adam.first/", SecondMoment = "adam.second/", Average = "average/";
    private const string AverageUpdates = "averageUpdates";

    /// <summary>Writes a checkpoint, to a temporary name that is then renamed.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="configuration">The configuration of the run.</param>
    /// <param name="network">The network with the weights.</param>
    /// <param name="adam">The optimiser of the weights.</param>
    /// <param name="state">The other state of the run.</param>
    /// <param name="average">The average of the weights; null if the run keeps none.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(
        string path, RunConfiguration configuration, GenerativeQueryNetwork network, Adam adam, TrainingState state,
        WeightAverage? average = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(adam);
        var writer = new SafetensorsWriter();
        writer.AddMetadata("format", Format);
        writer.AddMetadata("configuration", configuration.ToJson());
        writer.AddMetadata("step", state.Step.ToString(CultureInfo.InvariantCulture));
        writer.AddMetadata("adamSteps", adam.StepCount.ToString(CultureInfo.InvariantCulture));
        writer.AddMetadata("noisePosition", state.NoisePosition.ToString(CultureInfo.InvariantCulture));
        var store = network.Parameters;
        ParameterTensors.Add(writer, store, store.Values, string.Empty);
        ParameterTensors.Add(writer, store, adam.FirstMoments, FirstMoment);
        ParameterTensors.Add(writer, store, adam.SecondMoments, SecondMoment);
        if (average is not null)
        {
            writer.AddMetadata(AverageUpdates, average.UpdateCount.ToString(CultureInfo.InvariantCulture));
            ParameterTensors.Add(writer, store, average.Values, Average);
        }

        writer.Save(path);
    }

    /// <summary>Loads the weights and, if given, the state of the optimiser and the average.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="network">A network of the same options.</param>
    /// <param name="adam">The optimiser of a resumed run; null to load only the weights.</param>
    /// <param name="average">The average of a resumed run; it starts at the weights if the checkpoint has none.</param>
    /// <exception cref="SafetensorsException">The file is missing, damaged or not a checkpoint.</exception>
    /// <exception cref="OptionException">
    /// The checkpoint is of another model; the message names the first option that differs.
    /// </exception>
    public static TrainingState Load(
        string path, GenerativeQueryNetwork network, Adam? adam, WeightAverage? average = null)
    {
        using var reader = Open(path, network);
        var state = new TrainingState(
            ParameterTensors.Number(reader, "step"), (uint)ParameterTensors.Number(reader, "noisePosition"));
        int adamSteps = (int)ParameterTensors.Number(reader, "adamSteps");
        long averageUpdates = HasAverage(reader) ? ParameterTensors.Number(reader, AverageUpdates) : 0;
        var store = network.Parameters;
        // Check everything before overwriting anything.
        ParameterTensors.Require(reader, store, string.Empty);
        if (adam is not null)
        {
            ParameterTensors.Require(reader, store, FirstMoment);
            ParameterTensors.Require(reader, store, SecondMoment);
        }

        if (average is not null && HasAverage(reader))
            ParameterTensors.Require(reader, store, Average);
        ParameterTensors.Read(reader, store, store.Values, string.Empty);
        if (adam is not null)
        {
            ParameterTensors.Read(reader, store, adam.FirstMoments, FirstMoment);
            ParameterTensors.Read(reader, store, adam.SecondMoments, SecondMoment);
            adam.StepCount = adamSteps;
        }

        average?.Restart();
        if (average is not null && HasAverage(reader))
        {
            ParameterTensors.Read(reader, store, average.Values, Average);
            average.UpdateCount = averageUpdates;
        }

        return state;
    }

    /// <summary>Loads the weights for using a model.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="network">A network of the same options.</param>
    /// <param name="kind">Which weights to load; null for the average if there is one.</param>
    /// <returns>The number of updates of the weights, and their kind.</returns>
    /// <exception cref="SafetensorsException">The file is missing, damaged or not a checkpoint.</exception>
    /// <exception cref="OptionException">It is of another model, or lacks the requested weights.</exception>
    public static (long Step, WeightKind Kind) LoadWeights(
        string path, GenerativeQueryNetwork network, WeightKind? kind)
    {
        using var reader = Open(path, network);
        long step = ParameterTensors.Number(reader, "step");
        var used = kind ?? (HasAverage(reader) ? WeightKind.Average : WeightKind.Raw);
        if (used == WeightKind.Average && !HasAverage(reader))
        {
            throw new OptionException(
                $"{path} has no averaged weights: the run was trained with training.averageDecay 0. Use the raw ones.");
        }

        string prefix = used == WeightKind.Average ? Average : string.Empty;
        ParameterTensors.Require(reader, network.Parameters, prefix);
        ParameterTensors.Read(reader, network.Parameters, network.Parameters.Values, prefix);
        return (step, used);
    }

    /// <summary>Loads the weights, averaged if possible, into a network of any options whose tensors have the same
    /// names and shapes.</summary>
    /// <exception cref="SafetensorsException">The file is missing, damaged or not a checkpoint, or a tensor is missing
    /// or has another shape.</exception>
    internal static void LoadTensors(string path, GenerativeQueryNetwork network)
    {
        using var reader = OpenCheckpoint(path);
        string prefix = HasAverage(reader) ? Average : string.Empty;
        ParameterTensors.Require(reader, network.Parameters, prefix);
        ParameterTensors.Read(reader, network.Parameters, network.Parameters.Values, prefix);
    }

    /// <summary>Whether a checkpoint has averaged weights beside the raw ones.</summary>
    /// <exception cref="SafetensorsException">The file is missing or damaged.</exception>
    public static bool HasAverage(string path)
    {
        using var reader = Safetensors.Open(path);
        return HasAverage(reader);
    }

    /// <summary>The number of updates that a checkpoint was written after.</summary>
    /// <exception cref="SafetensorsException">The file is missing, damaged or not a checkpoint.</exception>
    internal static long StepOf(string path)
    {
        using var reader = OpenCheckpoint(path);
        return ParameterTensors.Number(reader, "step");
    }

    /// <summary>Rejects a model whose options differ from those of a checkpoint or a run. The number of a volume's places
    /// may differ, as no parameter depends on it: a run may continue with a finer grid.</summary>
    /// <param name="source">The file or folder of the saved model, for the message.</param>
    /// <param name="saved">The options of the saved model.</param>
    /// <param name="wanted">The options of the requested model.</param>
    /// <exception cref="OptionException">The options differ; the message names the first that does.</exception>
    public static void RequireSameModel(string source, ModelOptions saved, ModelOptions wanted)
    {
        saved = saved with
        {
            Volume = saved.Volume with { Width = wanted.Volume.Width, Height = wanted.Volume.Height },
        };
        if (saved == wanted)
            return;
        var there = JsonSerializer.SerializeToNode(saved, RunConfiguration.JsonOptions)!.AsObject();
        var here = JsonSerializer.SerializeToNode(wanted, RunConfiguration.JsonOptions)!.AsObject();
        string key = here.First(option => !JsonNode.DeepEquals(option.Value, there[option.Key])).Key;
        throw new OptionException(
            $"{source} holds another model: its model.{key} is {there[key]}, the one asked for has {here[key]}.");
    }

    private static SafetensorsReader Open(string path, GenerativeQueryNetwork network)
    {
        ArgumentNullException.ThrowIfNull(network);
        var reader = OpenCheckpoint(path);
        try
        {
            var configuration = RunConfiguration.Parse(ParameterTensors.Metadata(reader, "configuration"), path);
            RequireSameModel(path, configuration.Model, network.Options);
            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    private static SafetensorsReader OpenCheckpoint(string path)
    {
        var reader = Safetensors.Open(path);
        if (reader.Metadata.TryGetValue("format", out string? format) && format == Format)
            return reader;
        reader.Dispose();
        throw new SafetensorsException(path, "it is not a checkpoint of a GQN run");
    }

    private static bool HasAverage(SafetensorsReader reader) => reader.Metadata.ContainsKey(AverageUpdates);
}
