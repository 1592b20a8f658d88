namespace Gqn.Native.Engine;

/// <content>Normalisation.</content>
public static partial class Operations
{
    /// <summary>
    /// (x - μ) / √(σ² + ε), mean μ and variance σ² over all channels and pixels of an image (Ba et al. 2016).
    /// </summary>
    /// <remarks>Composed of other ops. Scale and shift, where they are wanted, are a Multiply and an Add after it.</remarks>
    /// <param name="x">(N, C, H, W)</param>
    /// <param name="epsilon">ε, which keeps the gradient of a constant image finite.</param>
    public static Variable LayerNorm(this Variable x, float epsilon = 1e-5f)
    {
        var row = new Shape(x.Shape.N, 1, 1, 1);
        float share = (float)row.Count / x.Shape.Count;
        var centred = x.Subtract(x.SumTo(row).Scale(share).BroadcastTo(x.Shape));
        var variance = centred.Square().SumTo(row).Scale(share);
        var inverse = variance.Affine(1f, epsilon).Log().Scale(-0.5f).Exp();
        return centred.Multiply(inverse.BroadcastTo(x.Shape));
    }
}
