namespace Gqn.Native.Experiments;

/// <summary>A number on which the verdict of an experiment depends, and where its whole interval must lie.</summary>
/// <param name="Quantity">What was measured, a noun phrase.</param>
/// <param name="Measured">The number and its interval.</param>
/// <param name="Above">The interval must lie above this; null for no such bound.</param>
/// <param name="Below">The interval must lie below this; null for no such bound.</param>
public sealed record Finding(string Quantity, Estimate Measured, double? Above = null, double? Below = null)
{
    /// <summary>The unit of the number; null if it has none.</summary>
    public string? Unit { get; init; }

    /// <summary>True for what a model must be able to do before the experiment says anything of it.</summary>
    public bool IsPrerequisite { get; init; }

    /// <summary>Whether the whole interval lies where it must; false if it is undefined.</summary>
    public bool Holds =>
        (Above is not { } least || Measured.Low > least) && (Below is not { } most || Measured.High < most);

    /// <summary>Whether a part of the interval lies where all of it must: more scenes may decide.</summary>
    internal bool IsUndecided => !Holds && (Above is not { } least || Measured.High > least)
        && (Below is not { } most || Measured.Low < most);

    /// <summary>Where the interval must lie, in words.</summary>
    internal string Wanted => (Above, Below) switch
    {
        ({ } least, { } most) => $"between {Estimate.Text(least)} and {Estimate.Text(most)}",
        ({ } least, null) => $"above {Estimate.Text(least)}",
        (null, { } most) => $"below {Estimate.Text(most)}",
        _ => "any",
    };
}
