using System.Text.Json;

namespace Gqn.Native.Benchmarks.Steps;

/// <summary>Something not measured, and why: one line of JSON, also written by peers in other languages.</summary>
internal sealed record NoteRecord
{
    /// <summary>The kind of a line on something that was not tried.</summary>
    public const string LeftOut = "leftOut";

    /// <summary>The kind of a line on a failure.</summary>
    public const string Failed = "failed";

    /// <summary>The kind of a line on absent devices.</summary>
    public const string Absent = "absent";

    /// <summary>The kind of this line.</summary>
    public required string Kind { get; init; }

    /// <summary>The subject.</summary>
    public required string What { get; init; }

    /// <summary>One sentence.</summary>
    public required string Reason { get; init; }

    /// <summary>The line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, StepRecord.JsonOptions);
}
