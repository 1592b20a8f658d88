using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gqn.Native.Engine.Io;
using Gqn.Native.Engine.Nn;
using Gqn.Native.Engine.Optim;
using Gqn.Native.Engine.Tensors;
using Gqn.Native.Model;

namespace Gqn.Native.Training;

/// <summary>Where a run stands, besides its weights and moments.</summary>
/// <param name="Step">Updates made.</param>
/// <param name="NoisePosition">Position of the stream that the latent noise comes from.</param>
public readonly record struct TrainingState(long Step, uint NoisePosition);

/// <summary>
/// Reads and writes checkpoints: safetensors files with weights, optimiser moments and all state of a run.
/// </summary>
/// <remarks>
/// Weights have their parameter's name and the order that Python frameworks use: (outputs, inputs, height, width).
/// Moments are called "adam.first/(name)" and "adam.second/(name)".
/// </remarks>
public static class Checkpoint
{
    private const string Format = "gqn-native-checkpoint";
    private const string FirstMoment = "adam.first/", SecondMoment = "adam.second/";

    /// <summary>Writes a checkpoint: to a temporary name first, then renamed.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(
        string path, RunConfiguration configuration, GenerativeQueryNetwork network, Adam adam, TrainingState state)
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
        AddArena(writer, store, store.Values, string.Empty);
        AddArena(writer, store, adam.FirstMoments, FirstMoment);
        AddArena(writer, store, adam.SecondMoments, SecondMoment);
        writer.Save(path);
    }

    /// <summary>Loads weights, and the optimiser's state where an optimiser is given.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="network">A network of the same options.</param>
    /// <param name="adam">The optimiser of a run that goes on; null to use the weights only.</param>
    /// <exception cref="SafetensorsException">The file is missing, damaged or not a checkpoint.</exception>
    /// <exception cref="OptionException">
    /// It holds another model; the message names the first option that differs.
    /// </exception>
    public static TrainingState Load(string path, GenerativeQueryNetwork network, Adam? adam)
    {
        ArgumentNullException.ThrowIfNull(network);
        using var reader = Safetensors.Open(path);
        if (!reader.Metadata.TryGetValue("format", out string? format) || format != Format)
            throw new SafetensorsException(path, "it is not a checkpoint of a GQN run");
        var configuration = RunConfiguration.Parse(Metadata(reader, "configuration"), path);
        RequireSameModel(path, configuration.Model, network.Options);
        var state = new TrainingState(Number(reader, "step"), (uint)Number(reader, "noisePosition"));
        int adamSteps = (int)Number(reader, "adamSteps");
        var store = network.Parameters;
        // All is looked at before anything is overwritten.
        foreach (var parameter in store.Parameters)
        {
            RequireShape(reader, parameter, string.Empty);
            if (adam is null)
                continue;
            RequireShape(reader, parameter, FirstMoment);
            RequireShape(reader, parameter, SecondMoment);
        }

        ReadArena(reader, store, store.Values, string.Empty);
        if (adam is not null)
        {
            ReadArena(reader, store, adam.FirstMoments, FirstMoment);
            ReadArena(reader, store, adam.SecondMoments, SecondMoment);
            adam.StepCount = adamSteps;
        }

        return state;
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

    private static void AddArena(SafetensorsWriter writer, ParameterStore store, Tensor arena, string prefix)
    {
        foreach (var parameter in store.Parameters)
        {
            writer.Add(prefix + parameter.Name, "F32", FileShape(parameter), sink =>
            {
                float[] values = new float[parameter.Shape.Count];
                store.Read(arena, parameter, values);
                sink.Write(values);
            });
        }
    }

    private static void ReadArena(SafetensorsReader reader, ParameterStore store, Tensor arena, string prefix)
    {
        foreach (var parameter in store.Parameters)
        {
            float[] values = new float[parameter.Shape.Count];
            reader.Read(prefix + parameter.Name, values);
            store.Write(arena, parameter, values);
        }
    }

    private static void RequireShape(SafetensorsReader reader, Parameter parameter, string prefix)
    {
        string name = prefix + parameter.Name;
        if (!reader.Contains(name))
            throw new SafetensorsException(reader.Path, $"the tensor '{name}' is missing");
        long[] expected = FileShape(parameter);
        var entry = reader[name];
        if (!entry.Shape.SequenceEqual(expected))
        {
            throw new SafetensorsException(
                reader.Path,
                $"the tensor '{name}' has shape ({string.Join(", ", entry.Shape)}), "
                + $"the model's is ({string.Join(", ", expected)})");
        }
    }

    private static long[] FileShape(Parameter parameter)
    {
        var shape = parameter.Shape;
        if (parameter.Layout.IsConvolution || parameter.Layout.ChannelsLast)
            return [shape.N, shape.C, shape.H, shape.W];
        return shape.N == 1 ? [shape.C] : [shape.N, shape.C];
    }

    private static string Metadata(SafetensorsReader reader, string key) =>
        reader.Metadata.TryGetValue(key, out string? value)
            ? value
            : throw new SafetensorsException(reader.Path, $"its metadata lacks '{key}'");

    private static long Number(SafetensorsReader reader, string key) =>
        long.TryParse(Metadata(reader, key), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw new SafetensorsException(reader.Path, $"its metadata '{key}' is not a number");
}
