using System.Text.Json;
using Gqn.Native.Imaging;

namespace Gqn.Native.Training;

/// <summary>How well a model predicts held-out views from some number of contexts.</summary>
/// <param name="Contexts">M, context views per scene.</param>
/// <param name="Prediction">Mean images of prior samples against the truth: what the model predicts without seeing
/// it.</param>
/// <param name="Reconstruction">Mean images of posterior samples, which have seen the truth: not a prediction.</param>
/// <param name="NearestView">Baseline: the context whose camera is nearest to the query's, shown as the answer.</param>
/// <param name="Kl">KL(posterior ‖ prior) per image, nats.</param>
/// <param name="Excess">−ELBO above its floor D·ln(σ√2π), nats per image.</param>
public sealed record ContextEvaluation(
    int Contexts, ImageQuality Prediction, ImageQuality Reconstruction, ImageQuality NearestView, double Kl,
    double Excess);

/// <summary>The content of eval.json.</summary>
/// <param name="Scenes">Name of the scenes.</param>
/// <param name="Step">Updates that the evaluated weights have had.</param>
/// <param name="Count">Held-out scenes, with one query each.</param>
/// <param name="Sigma">σ at which Excess is measured; fixed, so that runs compare.</param>
/// <param name="MeanImage">Baseline: the mean of training images, shown as every answer.</param>
/// <param name="Contexts">One entry per number of contexts.</param>
public sealed record EvaluationReport(
    string Scenes, long Step, int Count, double Sigma, ImageQuality MeanImage,
    IReadOnlyList<ContextEvaluation> Contexts)
{
    /// <summary>Which of the model's weights were evaluated.</summary>
    public WeightKind Weights { get; init; }

    /// <summary>The report as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RunConfiguration.JsonOptions);
}
