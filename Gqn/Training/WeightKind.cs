namespace Gqn.Native.Training;

/// <summary>Which of its weights a trained model uses.</summary>
public enum WeightKind
{
    /// <summary>Those that the last update left.</summary>
    Raw,

    /// <summary>Their moving average over the updates.</summary>
    Average,
}
