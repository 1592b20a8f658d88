namespace Gqn.Native.Engine;

/// <summary>
/// A function applied to the output of a convolution in the same pass. Backward needs only its output.
/// </summary>
public enum Activation
{
    /// <summary>y = x</summary>
    None,

    /// <summary>y = max(x, 0)</summary>
    Relu,

    /// <summary>y = 1 / (1 + e⁻ˣ)</summary>
    Sigmoid,

    /// <summary>y = tanh x</summary>
    Tanh,
}
