namespace Gqn.Native.Engine;

/// <summary>One term x ∗ w of a sum of convolutions.</summary>
/// <param name="X">
/// (N, C, H, W), or a constant map: (N, C, 1, 1), the same in every pixel of a larger map. Constant maps need stride 1.
/// </param>
/// <param name="W">(K, C, kernel, kernel)</param>
public readonly record struct Conv2dTerm(Tensor X, Tensor W);

/// <summary>dx = betaX·dx + the gradient by x and dw = betaW·dw + the gradient by w of one term.</summary>
/// <remarks>Terms are done one after another, dx before dw: several may write to the same gradient.</remarks>
/// <param name="X">As in <see cref="Conv2dTerm"/>; absent where dw is.</param>
/// <param name="W">As in <see cref="Conv2dTerm"/>; absent where dx is.</param>
/// <param name="Dx">As large as x; absent where not wanted.</param>
/// <param name="BetaX">0 or 1.</param>
/// <param name="Dw">As large as w; absent where not wanted.</param>
/// <param name="BetaW">0 or 1.</param>
public readonly record struct Conv2dTermGradient(
    Tensor X, Tensor W, Tensor Dx, float BetaX, Tensor Dw, float BetaW);
