using System.Globalization;
using Gqn.Native.Data;
using Gqn.Native.Engine.Io;
using Gqn.Native.Model;

namespace Gqn.Native.Training;

/// <summary>The metadata of a weights file.</summary>
/// <param name="Configuration">The configuration of the run that trained the weights.</param>
/// <param name="Step">The number of updates of the weights.</param>
/// <param name="Weights">Whether the weights are those of that step or their moving average.</param>
/// <param name="CanInfer">False if the inference network was left out: the model can only predict.</param>
/// <param name="Training">A sentence on how the weights were trained.</param>
/// <param name="Figures">The evaluation on held-out scenes; null if there is none.</param>
public sealed record WeightsDescription(
    RunConfiguration Configuration, long Step, WeightKind Weights, bool CanInfer, string Training,
    EvaluationReport? Figures)
{
    /// <summary>Creates the description of a run's model.</summary>
    /// <param name="model">The trained model.</param>
    /// <param name="figures">The evaluation of the model; null if there is none.</param>
    public static WeightsDescription Of(TrainedModel model, EvaluationReport? figures)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new WeightsDescription(
            model.Configuration, model.Step, model.Weights, model.Network.CanInfer, Sentence(model), figures);
    }

    private static string Sentence(TrainedModel model)
    {
        var (configuration, training) = (model.Configuration, model.Configuration.Training);
        int size = configuration.Model.ImageSize;
        string average = model.Weights == WeightKind.Raw
            ? string.Empty
            : string.Create(CultureInfo.InvariantCulture, $"; averaged with a decay of {training.AverageDecay}");
        string contexts = (training.MaxContexts > 1 ? "1 to " : string.Empty)
            + Quantity.Of(training.MaxContexts, "context");
        return $"Trained on {training.SceneName}, {size}x{size} pixels, for {Quantity.Of(model.Step, "step")} of "
            + $"{Quantity.Of(training.Batch, "scene")} with {contexts} (preset {configuration.Preset}, seed "
            + $"{training.Seed}){average}.";
    }
}

/// <summary>
/// Files with a trained model, but nothing that only training needs: weights in half precision (F16, rounded to
/// nearest, ties to even) or single precision, with the layout and names of a <see cref="Checkpoint"/>.
/// </summary>
/// <remarks>
/// Metadata: "format" gqn-native-weights, "configuration" (config.json), "step", "weights" (raw or average),
/// "inference" (present or absent), "training" (a sentence), and, if known, "figures" (eval.json).
/// </remarks>
public static class WeightsFile
{
    /// <summary>The extension of weights files.</summary>
    public const string Extension = ".safetensors";

    private const string Format = "gqn-native-weights", Present = "present", Absent = "absent";

    /// <summary>Writes a network's weights, to a temporary name that is then renamed.</summary>
    /// <exception cref="SafetensorsException">A weight is too large for half precision.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <param name="path">The file to write.</param>
    /// <param name="network">The network with the weights.</param>
    /// <param name="description">The metadata.</param>
    /// <param name="half">Half precision; single precision if false.</param>
    public static void Save(
        string path, GenerativeQueryNetwork network, WeightsDescription description, bool half = true)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(description);
        var writer = new SafetensorsWriter();
        writer.AddMetadata("format", Format);
        writer.AddMetadata("configuration", description.Configuration.ToJson());
        writer.AddMetadata("step", description.Step.ToString(CultureInfo.InvariantCulture));
        writer.AddMetadata("weights", Word(description.Weights));
        writer.AddMetadata("inference", network.CanInfer ? Present : Absent);
        writer.AddMetadata("training", description.Training);
        if (description.Figures is { } figures)
            writer.AddMetadata("figures", (network.CanInfer ? figures : figures.WithoutInference()).ToJson());
        ParameterTensors.Add(writer, network.Parameters, network.Parameters.Values, string.Empty, half ? "F16" : "F32");
        writer.Save(path);
    }

    /// <summary>Reads the metadata of a file.</summary>
    /// <exception cref="SafetensorsException">The file is missing, damaged or not a weights file.</exception>
    /// <exception cref="OptionException">The configuration or the evaluation in the file is invalid.</exception>
    public static WeightsDescription Describe(string path)
    {
        using var reader = Open(path);
        return new WeightsDescription(
            RunConfiguration.Parse(ParameterTensors.Metadata(reader, "configuration"), path),
            ParameterTensors.Number(reader, "step"),
            OneOf(reader, "weights", Word(WeightKind.Raw), Word(WeightKind.Average))
                ? WeightKind.Raw
                : WeightKind.Average,
            OneOf(reader, "inference", Present, Absent), ParameterTensors.Metadata(reader, "training"),
            reader.Metadata.TryGetValue("figures", out string? json) ? EvaluationReport.Parse(json, path) : null);
    }

    /// <summary>Loads the weights of a file into a network with the same options.</summary>
    /// <exception cref="SafetensorsException">It is missing, damaged, or lacks a tensor of the network.</exception>
    public static void Load(string path, GenerativeQueryNetwork network)
    {
        ArgumentNullException.ThrowIfNull(network);
        using var reader = Open(path);
        ParameterTensors.Require(reader, network.Parameters, string.Empty);
        ParameterTensors.Read(reader, network.Parameters, network.Parameters.Values, string.Empty);
    }

    /// <summary>Loads the tensors of a file into a network of any options in which they have the same names and
    /// shapes; the inference network keeps its values if the file has none.</summary>
    /// <exception cref="SafetensorsException">It is missing or damaged, or a tensor is missing or has another
    /// shape.</exception>
    internal static void LoadTensors(string path, GenerativeQueryNetwork network)
    {
        using var reader = Open(path);
        bool canInfer = OneOf(reader, "inference", Present, Absent);
        var wanted = network.Parameters.Parameters
            .Where(parameter => canInfer || reader.Contains(parameter.Name) || !GenerativeQueryNetwork.IsOfInference(parameter.Name)).ToList();
        ParameterTensors.Require(reader, wanted, string.Empty);
        ParameterTensors.Read(reader, network.Parameters, wanted, network.Parameters.Values, string.Empty);
    }

    private static SafetensorsReader Open(string path)
    {
        var reader = Safetensors.Open(path);
        if (reader.Metadata.TryGetValue("format", out string? format) && format == Format)
            return reader;
        reader.Dispose();
        throw new SafetensorsException(
            path, "it is not a file of weights as 'gqn export' writes it; of a run, name the folder");
    }

    private static string Word(WeightKind kind) => kind == WeightKind.Raw ? "raw" : "average";

    /// <summary>Whether a metadata entry is the first of two words; false for the second.</summary>
    private static bool OneOf(SafetensorsReader reader, string key, string first, string second)
    {
        string word = ParameterTensors.Metadata(reader, key);
        return word == first || (word == second
            ? false
            : throw new SafetensorsException(reader.Path, $"its metadata '{key}' is neither {first} nor {second}"));
    }
}
