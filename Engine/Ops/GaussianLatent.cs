namespace Gqn.Native.Engine;

/// <content>Latent variables with a normal posterior and a normal prior.</content>
public static partial class Operations
{
    /// <summary>z = μq + σq·ε and KL(q‖p) for every element, with σ = exp(½·log variance).</summary>
    /// <param name="posterior">q, [mean|log variance] along the channels: (N, 2·channels, H, W).</param>
    /// <param name="prior">p, of the same shape.</param>
    /// <param name="random">Source of the noise ε, which is not stored but regenerated in backward.</param>
    /// <returns>z and the divergence in nats, both (N, channels, H, W).</returns>
    /// <exception cref="ShapeException">The shapes differ or the channels are odd.</exception>
    public static (Variable Z, Variable Kl) GaussianLatent(this Variable posterior, Variable prior, RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(random);
        SameShape("GaussianLatent", posterior, prior);
        var shape = LatentShape("GaussianLatent", posterior.Shape);
        var tape = posterior.Tape;
        bool recorded = tape.Needs(posterior) || tape.Needs(prior);
        var z = tape.NewOutput(shape, recorded);
        var kl = tape.NewOutput(shape, recorded);
        var noise = random.NextNoise();
        tape.Device.GaussianLatent(z.Value, kl.Value, posterior.Value, prior.Value, noise);
        if (recorded)
        {
            var node = tape.Record<GaussianLatentNode>(z, kl);
            node.Posterior = posterior;
            node.Prior = prior;
            node.Noise = noise;
        }

        return (z, kl);
    }

    /// <summary>z = μ + σ·ε, a sample of one normal distribution.</summary>
    /// <param name="distribution">[mean|log variance] along the channels: (N, 2·channels, H, W).</param>
    /// <param name="random">Source of the noise ε.</param>
    /// <exception cref="ShapeException">The channels are odd.</exception>
    public static Variable GaussianSample(this Variable distribution, RandomStream random)
    {
        // The divergence of a distribution from itself is 0 with gradient 0, so the shared op is exact here as well.
        var (z, divergence) = distribution.GaussianLatent(distribution, random);
        z.Tape.Release(divergence);
        return z;
    }

    private static Shape LatentShape(string op, Shape shape) => shape.C % 2 == 0
        ? shape with { C = shape.C / 2 }
        : throw new ShapeException($"{op}: the channels of {shape} are not [mean|log variance].");

    private sealed class GaussianLatentNode : Node
    {
        public Variable Posterior { get; set; }

        public Variable Prior { get; set; }

        public Noise Noise { get; set; }

        internal override void Backward(Tape tape)
        {
            bool same = Posterior.Id == Prior.Id;
            var (dPosterior, betaQ) = tape.Needs(Posterior) ? tape.Contribute(Posterior) : default;
            var (dPrior, betaP) = tape.Needs(Prior) && !same ? tape.Contribute(Prior) : default;
            tape.Device.GaussianLatentBackward(
                dPosterior, betaQ, dPrior, betaP, tape.GradientOf(Output),
                same ? default : tape.GradientOf(SecondOutput),
                Posterior.Value, Prior.Value, Noise);
        }
    }
}
