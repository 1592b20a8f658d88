using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gqn.Native.Engine;
using Gqn.Native.Engine.Io;
using Gqn.Native.Model;

namespace Gqn.Native.Training;

/// <summary>Where a run stands, besides its weights and moments.</summary>
/// <param name="Step">Updates made.</param>
/// <param name="NoisePosition">Position of the stream that the latent noise comes from.</param>
public readonly record struct TrainingState(long Step, uint NoisePosition);

/// <summary>
/// Reads and writes checkpoints: safetensors files with weights, their average, optimiser moments and all state of a
/// run.
/// </summary>
/// <remarks>
/// Weights have their parameter's name and the order that Python frameworks use: (outputs, inputs, height, width).
/// Moments are called "adam.first/(name)" and "adam.second/(name)", averaged weights "average/(name)".
/// </remarks>
public static class Checkpoint
{
    private const string Format = "gqn-native-checkpoint";
    private const string FirstMoment = "adam.first/", SecondMoment = "adam.second/", Average = "average/";
    private const string AverageUpdates = "averageUpdates";

    /// <summary>Writes a checkpoint: to a temporary name first, then renamed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="configuration">Of the run.</param>
    /// <param name="network">Its weights.</param>
    /// <param name="adam">Their optimiser.</param>
    /// <param name="state">Where the run stands.</param>
    /// <param name="average">Their average; null where the run keeps none.</param>
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

    /// <summary>Loads weights, and the optimiser's state where an optimiser is given.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="network">A network of the same options.</param>
    /// <param name="adam">The optimiser of a run that goes on; null to use the weights only.</param>
    /// <param name="average">The average of a run that goes on; it starts at the weights where the checkpoint has
    /// none.</param>
    /// <exception cref="SafetensorsException">The file is missing, damaged or not a checkpoint.</exception>
    /// <exception cref="OptionException">
    /// It holds another model; the message names the first option that differs.
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
        // All is looked at before anything is overwritten.
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

    /// <summary>Loads the weights to use a model with.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="network">A network of the same options.</param>
    /// <param name="kind">Which weights; null for the average where there is one.</param>
    /// <returns>The updates that they have had, and which they are.</returns>
    /// <exception cref="SafetensorsException">The file is missing, damaged or not a checkpoint.</exception>
    /// <exception cref="OptionException">It holds another model, or not the weights asked for.</exception>
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

    /// <summary>Whether a checkpoint has averaged weights beside the raw ones.</summary>
    /// <exception cref="SafetensorsException">The file is missing or damaged.</exception>
    public static bool HasAverage(string path)
    {
        using var reader = Safetensors.Open(path);
        return HasAverage(reader);
    }

    /// <summary>Refuses a model whose options differ from those of a checkpoint or a run.</summary>
    /// <param name="source">What holds the first model, for the message.</param>
    /// <param name="saved">Its options.</param>
    /// <param name="wanted">The other model's options.</param>
    /// <exception cref="OptionException">They differ; the message names the first option that does.</exception>
    public static void RequireSameModel(string source, ModelOptions saved, ModelOptions wanted)
    {
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
        var reader = Safetensors.Open(path);
        try
        {
            if (!reader.Metadata.TryGetValue("format", out string? format) || format != Format)
                throw new SafetensorsException(path, "it is not a checkpoint of a GQN run");
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

    private static bool HasAverage(SafetensorsReader reader) => reader.Metadata.ContainsKey(AverageUpdates);
}
