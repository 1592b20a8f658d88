using System.Text.Json;
using System.Text.Json.Serialization;
using Gqn.Native.Data;
using Gqn.Native.Training;

namespace Gqn.Native.Experiments;

/// <summary>The model that was measured, and the scenes.</summary>
/// <param name="Name">The run's folder, the file of weights or the shipped model, as it was named.</param>
/// <param name="Step">The number of updates of its weights.</param>
/// <param name="Weights">Whether the weights are raw or averaged.</param>
/// <param name="Scenes">The name of the environment or data set.</param>
/// <param name="ImageSize">Height and width of the images, in pixels.</param>
public sealed record MeasuredModel(string Name, long Step, WeightKind Weights, string Scenes, int ImageSize);

/// <summary>One line of an experiment's table.</summary>
/// <param name="Condition">What the model was given: "3 contexts".</param>
/// <param name="Measure">What was measured, with its unit: "MAE of 255".</param>
/// <param name="Model">The model's number.</param>
/// <param name="Baselines">The numbers of answers that need no model, by their names; empty if there are none.</param>
public sealed record ResultRow(
    string Condition, string Measure, Estimate Model, IReadOnlyDictionary<string, Estimate> Baselines)
{
    /// <summary>A line without baselines.</summary>
    internal ResultRow(string condition, string measure, Estimate model)
        : this(condition, measure, model, new Dictionary<string, Estimate>())
    {
    }
}

/// <summary>The content of NAME.json: everything that an experiment measured, and its verdict.</summary>
/// <param name="Experiment">The name of the experiment.</param>
/// <param name="Figure">The figure or section of the article.</param>
/// <param name="Claim">The article's claim in our words.</param>
/// <param name="Subject">The model and its scenes.</param>
/// <param name="Count">The number of scenes.</param>
/// <param name="Seed">Determines scenes, noise and intervals.</param>
/// <param name="Rows">The table.</param>
/// <param name="Findings">The numbers on which the verdict depends.</param>
/// <param name="Notes">Sentences on what could not be measured, or was measured in another way.</param>
public sealed record ExperimentResult(
    string Experiment, string Figure, string Claim, MeasuredModel Subject, int Count, ulong Seed,
    IReadOnlyList<ResultRow> Rows, IReadOnlyList<Finding> Findings, IReadOnlyList<string> Notes)
{
    /// <summary>As in eval.json, numbers that are not finite are strings.</summary>
    private static readonly JsonSerializerOptions Options = new(RunConfiguration.JsonOptions)
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        IgnoreReadOnlyProperties = false,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>What the findings say of the claim.</summary>
    public Verdict Verdict => Findings.FirstOrDefault(finding => !finding.Holds) is null
        ? Verdict.Reproduced
        : Findings.Any(finding => finding is { IsPrerequisite: true, Holds: false })
            ? Verdict.TooWeakAModel
            : Verdict.NotReproduced;

    /// <summary>The verdict in a sentence, with the first finding that does not hold.</summary>
    public string Conclusion
    {
        get
        {
            if (Verdict == Verdict.Reproduced)
                return $"Reproduced: {Claim}.";
            bool weak = Verdict == Verdict.TooWeakAModel;
            Finding[] failed = [.. Findings.Where(finding => !finding.Holds && finding.IsPrerequisite == weak)];
            var first = failed[0];
            string others = failed.Length > 1
                ? $"; {Quantity.Of(failed.Length - 1, "more finding")} {(failed.Length == 2 ? "does" : "do")} not hold"
                : string.Empty;
            string undecided = first.IsUndecided ? "; the interval is too wide to tell, more scenes may" : string.Empty;
            string unit = first.Unit is { } name ? $" {name}" : string.Empty;
            return $"{(weak ? "Too weak a model" : "Not reproduced")}: {first.Quantity} is {first.Measured}{unit} "
                + $"({first.Measured.IntervalText()}), not {first.Wanted}{undecided}{others}.";
        }
    }

    /// <summary>The result as JSON; numbers that are not finite are the strings "Infinity", "-Infinity" and
    /// "NaN".</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);
}
