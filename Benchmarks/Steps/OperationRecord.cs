using System.Text.Json;

namespace Gqn.Native.Benchmarks.Steps;

/// <summary>The duration of one operation: one line of JSON, also written by peers in other languages.</summary>
internal sealed record OperationRecord
{
    /// <summary>The kind of this line.</summary>
    public const string KindName = "operation";

    /// <summary>The kind of this line.</summary>
    public string Kind { get; init; } = KindName;

    /// <summary>The engine that ran it, with a version if there is one.</summary>
    public string Engine { get; init; } = "Gqn.Native";

    /// <summary>The class of benchmarks, without its ending.</summary>
    public required string Class { get; init; }

    /// <summary>The benchmark.</summary>
    public required string Method { get; init; }

    /// <summary>Shapes and other parameters.</summary>
    public required string Parameters { get; init; }

    /// <summary>The requested precision of the operands; "default" for the device's.</summary>
    public required string Precision { get; init; }

    /// <summary>Median over the samples of the seconds per call.</summary>
    public required double Seconds { get; init; }

    /// <summary>Calls between two waits for the device, so many that the wait takes no noticeable share; on processors,
    /// between two readings of the clock.</summary>
    public int? CallsPerWait { get; init; }

    /// <summary>Waits of which the median was taken.</summary>
    public int? Samples { get; init; }

    /// <summary>Operations of the definition per call.</summary>
    public double Flops { get; init; }

    /// <summary>Bytes read and written per call, every operand once.</summary>
    public double Bytes { get; init; }

    /// <summary>The line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, StepRecord.JsonOptions);
}
