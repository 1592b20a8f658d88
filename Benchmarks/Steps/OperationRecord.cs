using System.Text.Json;

namespace Gqn.Native.Benchmarks.Steps;

/// <summary>How long one operation took: one line of JSON, which peers in other languages write as well.</summary>
internal sealed record OperationRecord
{
    /// <summary>What kind of line it is.</summary>
    public const string KindName = "operation";

    /// <summary>What kind of line it is.</summary>
    public string Kind { get; init; } = KindName;

    /// <summary>Whose operation it is, with a version where there is one.</summary>
    public string Engine { get; init; } = "Gqn.Native";

    /// <summary>The class of benchmarks, without its ending.</summary>
    public required string Class { get; init; }

    /// <summary>The benchmark.</summary>
    public required string Method { get; init; }

    /// <summary>Shapes and other parameters.</summary>
    public required string Parameters { get; init; }

    /// <summary>Precision of the operands that was asked for; "default" for the device's.</summary>
    public required string Precision { get; init; }

    /// <summary>Median of the seconds per call.</summary>
    public required double Seconds { get; init; }

    /// <summary>Operations of the definition per call.</summary>
    public double Flops { get; init; }

    /// <summary>Bytes read and written per call, every operand once.</summary>
    public double Bytes { get; init; }

    /// <summary>The line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, StepRecord.JsonOptions);
}
