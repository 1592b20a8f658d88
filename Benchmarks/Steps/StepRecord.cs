using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gqn.Native.Benchmarks.Steps;

/// <summary>How long training steps took: one line of JSON, which peers in other languages write as well.</summary>
internal sealed record StepRecord
{
    /// <summary>What kind of line it is.</summary>
    public const string KindName = "step";

    /// <summary>How records are written: one line, without what is not known.</summary>
    public static JsonSerializerOptions JsonOptions { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // For files and pipes, where an apostrophe is one.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>What kind of line it is.</summary>
    public string Kind { get; init; } = KindName;

    /// <summary>Whose steps they are, with a version where there is one.</summary>
    public string Engine { get; init; } = "Gqn.Native";

    /// <summary>Name and title of the device.</summary>
    public required string Device { get; init; }

    /// <summary>Preset of the model.</summary>
    public required string Preset { get; init; }

    /// <summary>B, scenes per step.</summary>
    public required int Batch { get; init; }

    /// <summary>M, context views of each scene.</summary>
    public required int Contexts { get; init; }

    /// <summary>Precision of the operands of convolutions and matrix products that ran.</summary>
    public required string Precision { get; init; }

    /// <summary>How the steps were run: "graph", "launches", "eager", "compiled".</summary>
    public required string Variant { get; init; }

    /// <summary>Median over the rounds of the seconds per step.</summary>
    public required double MedianSeconds { get; init; }

    /// <summary>Least over the rounds of the seconds per step.</summary>
    public required double MinSeconds { get; init; }

    /// <summary>Steps that were timed.</summary>
    public required int Steps { get; init; }

    /// <summary>Rounds that they were timed in; within a round nothing waits for the device.</summary>
    public required int Rounds { get; init; }

    /// <summary>Seconds of what came before: setting up, compiling, the first steps.</summary>
    public double? WarmUpSeconds { get; init; }

    /// <summary>Kernels per step.</summary>
    public double? Launches { get; init; }

    /// <summary>Device memory in bytes.</summary>
    public long? Bytes { get; init; }

    /// <summary>Trained numbers.</summary>
    public long? Parameters { get; init; }

    /// <summary>Why kernels were launched one by one; null where a step was one graph.</summary>
    public string? GraphRefusal { get; init; }

    /// <summary>−ELBO in nats per image after the last step.</summary>
    public double? Loss { get; init; }

    /// <summary>The line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonOptions);
}
