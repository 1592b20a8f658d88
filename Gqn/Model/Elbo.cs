using Gqn.Native.Engine.Autodiff;

namespace Gqn.Native.Model;

/// <summary>The evidence lower bound of a batch and its parts, in nats per image, averaged over the batch.</summary>
/// <param name="NegElbo">−ELBO = Nll + Kl: the loss.</param>
/// <param name="Nll">−ln N(x | mean, σ²), summed over an image's pixels and channels.</param>
/// <param name="Kl">KL(posterior ‖ prior), summed over layers and latents.</param>
/// <param name="Mean">Mean of the predicted pixels, (scenes, 3, size, size).</param>
/// <param name="LayerKl">The part of Kl of each layer; the array is overwritten by the next rollout.</param>
public readonly record struct Elbo(
    Variable NegElbo, Variable Nll, Variable Kl, Variable Mean, ReadOnlyMemory<Variable> LayerKl)
{
    /// <summary>The value that −ELBO cannot go below: D·ln(σ√2π) for an image of D numbers.</summary>
    /// <param name="imageSize">Side of the image.</param>
    /// <param name="sigma">Standard deviation of a pixel.</param>
    public static double Floor(int imageSize, double sigma) =>
        (double)imageSize * imageSize * ModelOptions.ImageChannels * (Math.Log(sigma) + (0.5 * Math.Log(2 * Math.PI)));
}
