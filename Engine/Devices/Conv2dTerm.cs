namespace Gqn.Native.Engine;

/// <summary>One term x ∗ w of a sum of convolutions and, for the backward pass, the gradients that are wanted.</summary>
/// <remarks>
/// Backward does dx = betaX·dx + the gradient with respect to x, and dw likewise, term by term and dx before dw: several
/// terms may write to the same gradient. The forward pass reads x and w alone.
/// </remarks>
/// <param name="X">
/// (N, C, H, W), or a constant map: (N, C, 1, 1), the same in every pixel of a larger map. Constant maps need stride 1.
/// Backward needs it only for dw.
/// </param>
/// <param name="W">(K, C, kernel, kernel). Backward needs it only for dx.</param>
/// <param name="Dx">As large as x; absent where not wanted.</param>
/// <param name="BetaX">0 or 1.</param>
/// <param name="Dw">As large as w; absent where not wanted.</param>
/// <param name="BetaW">0 or 1.</param>
public readonly record struct Conv2dTerm(
    Tensor X, Tensor W, Tensor Dx = default, float BetaX = 0f, Tensor Dw = default, float BetaW = 0f);
