namespace Gqn.Native.Training;

/// <summary>The kinds of weights of a trained model.</summary>
public enum WeightKind
{
    /// <summary>The weights after the last update.</summary>
    Raw,

    /// <summary>The moving average of the weights over the updates.</summary>
    Average,
}
