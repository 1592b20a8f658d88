using System.Text.Json.Serialization;

namespace Gqn.Native.Experiments;

/// <summary>What an experiment says of the article's claim.</summary>
public enum Verdict
{
    /// <summary>All findings hold.</summary>
    [JsonStringEnumMemberName("reproduced")]
    Reproduced,

    /// <summary>The model can do what the experiment presupposes, but a finding does not hold.</summary>
    [JsonStringEnumMemberName("not reproduced")]
    NotReproduced,

    /// <summary>The model cannot do what the experiment presupposes, so that the other findings say nothing.</summary>
    [JsonStringEnumMemberName("too weak a model")]
    TooWeakAModel,
}
