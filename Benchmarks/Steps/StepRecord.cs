using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gqn.Native.Benchmarks.Steps;

/// <summary>The duration of training steps: one line of JSON, also written by peers in other languages.</summary>
internal sealed record StepRecord
{
    /// <summary>The kind of this line.</summary>
    public const string KindName = "step";

    /// <summary>The format of records: one line, without unknown values.</summary>
    public static JsonSerializerOptions JsonOptions { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // For files and pipes, where an apostrophe needs no escape.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The kind of this line.</summary>
    public string Kind { get; init; } = KindName;

    /// <summary>The engine that ran them, with a version if there is one.</summary>
    public string Engine { get; init; } = "Gqn.Native";

    /// <summary>Name and title of the device.</summary>
    public required string Device { get; init; }

    /// <summary>Preset of the model.</summary>
    public required string Preset { get; init; }

    /// <summary>B, scenes per step.</summary>
    public required int Batch { get; init; }

    /// <summary>M, context views of each scene.</summary>
    public required int Contexts { get; init; }

    /// <summary>The precision in which convolutions and matrix products ran.</summary>
    public required string Precision { get; init; }

    /// <summary>How the steps were run: "graph", "launches", "eager", "compiled".</summary>
    public required string Variant { get; init; }

    /// <summary>Median over the rounds of the seconds per step.</summary>
    public required double MedianSeconds { get; init; }

    /// <summary>Least over the rounds of the seconds per step.</summary>
    public required double MinSeconds { get; init; }

    /// <summary>Steps that were timed.</summary>
    public required int Steps { get; init; }

    /// <summary>Rounds of timing; within a round nothing waits for the device.</summary>
    public required int Rounds { get; init; }

    /// <summary>Seconds of everything before: setting up, compiling, the first steps.</summary>
    public double? WarmUpSeconds { get; init; }

    /// <summary>Kernels per step.</summary>
    public double? Launches { get; init; }

    /// <summary>Device memory in bytes.</summary>
    public long? Bytes { get; init; }

    /// <summary>Number of trained parameters.</summary>
    public long? Parameters { get; init; }

    /// <summary>Why kernels were launched one by one; null if a step was one graph.</summary>
    public string? GraphRefusal { get; init; }

    /// <summary>Graphs captured since the device was opened, its trial among them; absent without a GPU.</summary>
    public long? GraphCaptures { get; init; }

    /// <summary>Graphs instantiated; other captures updated one of these.</summary>
    public long? GraphInstantiations { get; init; }

    /// <summary>Launches of graphs: as many as steps, but for the first of each form, if each is one graph.</summary>
    public long? GraphLaunches { get; init; }

    /// <summary>−ELBO in nats per image after the last step.</summary>
    public double? Loss { get; init; }

    /// <summary>The line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonOptions);
}
