namespace Gqn.Native.Engine;

/// <summary>One term x ∗ w of a sum of convolutions and, for the backward pass, the requested gradients.</summary>
/// <remarks>
/// Backward computes dx = betaX·dx + the gradient with respect to x, and dw likewise, term by term and dx before dw:
/// several terms may write to the same gradient. The forward pass reads only x and w.
/// </remarks>
/// <param name="X">
/// (N, C, H, W), or a constant map (N, C, 1, 1), which stands for a larger map of equal pixels. Constant maps need
/// stride 1. Backward needs x only for dw.
/// </param>
/// <param name="W">(K, C, kernel, kernel). Backward needs w only for dx.</param>
/// <param name="Dx">Same shape as x; absent if not needed.</param>
/// <param name="BetaX">0 to overwrite dx, 1 to accumulate.</param>
/// <param name="Dw">Same shape as w; absent if not needed.</param>
/// <param name="BetaW">0 to overwrite dw, 1 to accumulate.</param>
public readonly record struct Conv2dTerm(
    Tensor X, Tensor W, Tensor Dx = default, float BetaX = 0f, Tensor Dw = default, float BetaW = 0f);
