using System.Text.Json;
using System.Text.Json.Serialization;
using Gqn.Native.Imaging;
using Gqn.Native.Model;

namespace Gqn.Native.Training;

/// <summary>The metrics of a model's predictions of held-out views from a given number of contexts.</summary>
/// <param name="Contexts">M, context views per scene.</param>
/// <param name="Prediction">One prior sample per query against the truth: a prediction, made without seeing it.</param>
/// <param name="MeanOfSamples">The mean of several prior samples per query against the truth: the error without the
/// samples' spread.</param>
/// <param name="SampleVariance">The spread: the variance of the samples, each clipped to [0, 1], about their mean
/// (divided by K − 1), averaged over pixels and channels.</param>
/// <param name="Hidden">Predictions at the pixels that show what no context shows; null if there are none, or if the
/// scenes are unknown.</param>
/// <param name="Visible">The same at pixels that show what some context shows; pixels of the sky are neither.</param>
/// <param name="HiddenToVisibleVariance">The samples' variance at hidden pixels divided by that at visible ones: large
/// if a model knows what it has not seen; null if either is missing or samples do not vary.</param>
/// <param name="Reconstruction">Mean images of posterior samples, which have seen the truth: not a prediction. Null and
/// not written, like KL and excess, for a model without its inference network.</param>
/// <param name="NearestView">Baseline: the context nearest to the query's camera, taken as the prediction.</param>
/// <param name="Kl">KL(posterior ‖ prior) per image, nats.</param>
/// <param name="Excess">−ELBO above its floor D·ln(σ√2π), nats per image.</param>
public sealed record ContextEvaluation(
    int Contexts, ImageQuality Prediction, ImageQuality MeanOfSamples, double SampleVariance, PixelEvaluation? Hidden,
    PixelEvaluation? Visible, double? HiddenToVisibleVariance,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ImageQuality? Reconstruction,
    ImageQuality NearestView,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Kl,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Excess);

/// <summary>The content of eval.json.</summary>
/// <param name="Scenes">Name of the environment or data set.</param>
/// <param name="Step">The number of updates of the evaluated weights.</param>
/// <param name="Count">The number of held-out scenes, with one query each.</param>
/// <param name="Sigma">σ at which Excess is measured; fixed, so that runs are comparable.</param>
/// <param name="Samples">K, the number of prior samples per query.</param>
/// <param name="MeanImage">Baseline: the mean of training images, taken as every prediction.</param>
/// <param name="Contexts">One entry per number of contexts.</param>
public sealed record EvaluationReport(
    string Scenes, long Step, int Count, double Sigma, int Samples, ImageQuality MeanImage,
    IReadOnlyList<ContextEvaluation> Contexts)
{
    /// <summary>JSON has no infinity and no NaN, which equal pictures and broken weights give; they are written as the
    /// strings "Infinity", "-Infinity" and "NaN".</summary>
    private static readonly JsonSerializerOptions NumbersAndNames = new(RunConfiguration.JsonOptions)
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Which of the model's weights were evaluated.</summary>
    public WeightKind Weights { get; init; }

    /// <summary>Parses the output of <see cref="ToJson"/>.</summary>
    /// <param name="json">The JSON text.</param>
    /// <param name="source">The source of the text, for messages.</param>
    /// <exception cref="OptionException">The text is not an evaluation.</exception>
    public static EvaluationReport Parse(string json, string source)
    {
        try
        {
            return JsonSerializer.Deserialize<EvaluationReport>(json, NumbersAndNames) is
            { Scenes: not null, Contexts: not null } report && !report.Contexts.Contains(null!)
                ? report
                : throw new OptionException($"{source}: not a whole evaluation.");
        }
        catch (JsonException exception)
        {
            throw new OptionException($"{source}: not a valid evaluation.", exception);
        }
    }

    /// <summary>The report for a model without its inference network.</summary>
    public EvaluationReport WithoutInference() => this with
    {
        Contexts = [.. Contexts.Select(entry => entry with { Reconstruction = null, Kl = null, Excess = null })],
    };

    /// <summary>The report as JSON; numbers that are not finite are the strings "Infinity", "-Infinity" and
    /// "NaN".</summary>
    public string ToJson() => JsonSerializer.Serialize(this, NumbersAndNames);
}
