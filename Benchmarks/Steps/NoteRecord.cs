using System.Text.Json;

namespace Gqn.Native.Benchmarks.Steps;

/// <summary>Something that was not measured and why: one line of JSON, which peers in other languages write as well.</summary>
internal sealed record NoteRecord
{
    /// <summary>The kind of a line on what was not tried.</summary>
    public const string LeftOut = "leftOut";

    /// <summary>The kind of a line on what went wrong.</summary>
    public const string Failed = "failed";

    /// <summary>The kind of a line on devices that there are not.</summary>
    public const string Absent = "absent";

    /// <summary>What kind of line it is.</summary>
    public required string Kind { get; init; }

    /// <summary>What it is about.</summary>
    public required string What { get; init; }

    /// <summary>One sentence.</summary>
    public required string Reason { get; init; }

    /// <summary>The line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, StepRecord.JsonOptions);
}
