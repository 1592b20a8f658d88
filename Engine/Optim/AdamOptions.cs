namespace Gqn.Native.Engine;

/// <summary>Constants of the Adam optimiser.</summary>
public sealed record AdamOptions
{
    /// <summary>β₁, decay of the first moment.</summary>
    public float Beta1 { get; init; } = 0.9f;

    /// <summary>β₂, decay of the second moment.</summary>
    public float Beta2 { get; init; } = 0.999f;

    /// <summary>ε, added to the root of the second moment.</summary>
    public float Epsilon { get; init; } = 1e-8f;

    /// <summary>λ of decoupled weight decay; 0 for none.</summary>
    public float WeightDecay { get; init; }

    /// <summary>Gradients with a larger global norm are scaled down to it; 0 for no limit.</summary>
    public float ClipNorm { get; init; }
}
