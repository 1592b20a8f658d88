using Gqn.Native.Engine;

namespace Gqn.Native.Model;

/// <summary>The evidence lower bound of a batch and its parts, in nats per image, averaged over the batch.</summary>
/// <param name="NegElbo">−ELBO = Nll + Kl: the loss, unless <see cref="Objective(float, float)"/> differs.</param>
/// <param name="Nll">−ln N(x | mean, σ²), summed over an image's pixels and channels.</param>
/// <param name="Kl">KL(posterior ‖ prior), summed over layers and latents.</param>
/// <param name="Mean">Mean of the predicted pixels, (scenes, 3, size, size).</param>
/// <param name="LayerKl">Each layer's part of Kl; the array is overwritten by the next rollout.</param>
public readonly record struct Elbo(
    Variable NegElbo, Variable Nll, Variable Kl, Variable Mean, ReadOnlyMemory<Variable> LayerKl)
{
    /// <summary>The training objective if the KL does not count in full: Nll + weight · Σ over layers of max(KL of the
    /// layer, free bits). The bound and its parts are unaffected.</summary>
    /// <remarks>
    /// A weight that rises from 0 lets the latents carry information before they are penalised (Bowman et al. 2016, "KL
    /// annealing"). The KL of a layer below its free bits has no gradient, so nothing drives it to 0 (Kingma et al.
    /// 2016, appendix C.8: λ nats per group of latents, of the mean over the batch).
    /// </remarks>
    /// <param name="klWeight">The weight of the KL; 1 in the bound.</param>
    /// <param name="freeBits">λ, the nats per layer and image that are free of penalty; 0 in the bound.</param>
    public Variable Objective(float klWeight, float freeBits) =>
        IsObjective(klWeight, freeBits) ? NegElbo : Nll.Add(Counted(freeBits).Scale(klWeight));

    /// <summary>The same with a weight that changes from step to step.</summary>
    /// <param name="klWeight">The weight of the KL; 1 in the bound.</param>
    /// <param name="freeBits">λ, the nats per layer and image that are free of penalty; 0 in the bound.</param>
    public Variable Objective(StepScale klWeight, float freeBits)
    {
        ArgumentNullException.ThrowIfNull(klWeight);
        return IsObjective(klWeight.Value, freeBits) ? NegElbo : Nll.Add(Counted(freeBits).Scale(klWeight));
    }

    /// <summary>Whether the objective is the bound itself, so that nothing more is computed for it.</summary>
    /// <param name="klWeight">The weight of the KL.</param>
    /// <param name="freeBits">λ, the nats per layer and image that are free of penalty.</param>
    public static bool IsObjective(float klWeight, float freeBits) => klWeight == 1f && freeBits == 0f;

    /// <summary>The lower bound of −ELBO: D·ln(σ√2π) for an image of D numbers.</summary>
    /// <param name="imageSize">Side of the image, in pixels.</param>
    /// <param name="sigma">Standard deviation of a pixel.</param>
    public static double Floor(int imageSize, double sigma) =>
        (double)imageSize * imageSize * ModelOptions.ImageChannels * (Math.Log(sigma) + (0.5 * Math.Log(2 * Math.PI)));

    /// <summary>Σ over layers of max(KL of the layer, free bits)</summary>
    private Variable Counted(float freeBits)
    {
        // NegElbo is no longer part of the graph that backward starts from, but must stay readable.
        NegElbo.Tape.Keep(NegElbo);
        Variable counted = default;
        foreach (var layer in LayerKl.Span)
        {
            // max(KL, λ) = max(KL − λ, 0) + λ
            var cost = freeBits == 0f ? layer : layer.Affine(1f, -freeBits).Relu().Affine(1f, freeBits);
            counted = counted.Exists ? counted.Add(cost) : cost;
        }

        return counted;
    }
}
