using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Random;
using ILGPU;
using Body = Gqn.Native.Kernels.Pointwise.GaussianLatent;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>
/// Posterior sample and KL divergence over rows of [mean|log variance], 2·channels wide; noise by element index.
/// </summary>
public static class GaussianLatentKernels
{
    private static readonly KernelHandle<ForwardArgs> Sample = new(GaussianLatentForward);
    private static readonly KernelHandle<BackwardArgs> Gradient = new(GaussianLatentBackward);

    /// <summary>z and KL [rows, channels]; <paramref name="kl"/> may be absent if only the sample is needed.</summary>
    /// <param name="context">The device.</param>
    /// <param name="z">Receives the sample.</param>
    /// <param name="kl">Receives the divergence.</param>
    /// <param name="posterior">[mean|log variance], [rows, 2·channels].</param>
    /// <param name="prior">The same.</param>
    /// <param name="key">The key of the noise, with a position counted from the origin.</param>
    /// <param name="origin">Where the position lies in memory that is added to the key's, as one uint; read when the
    /// kernel runs.</param>
    /// <param name="rows">Pixels of all images.</param>
    /// <param name="channels">Channels of the sample.</param>
    public static void Forward(
        GpuContext context, GpuArray z, GpuArray kl, GpuArray posterior, GpuArray prior, PhiloxKey key,
        GpuArray origin, long rows, int channels)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Launch(
            Sample, rows * channels,
            new ForwardArgs
            {
                Z = z.View,
                Kl = kl.ViewOr(z),
                Posterior = posterior.View,
                Prior = prior.View,
                Seed = key.Seed,
                Stream = key.Stream,
                Position = key.Position,
                Origin = origin.ViewOf<uint>(),
                Channels = channels,
                WriteKl = kl.Exists ? 1 : 0,
            });
    }

    /// <summary>The gradients of <see cref="Forward"/>.</summary>
    public static void Backward(GpuContext context, in GaussianLatentGradients gradients)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Launch(
            Gradient, gradients.Rows * gradients.Channels,
            new BackwardArgs
            {
                DPosterior = gradients.DPosterior.ViewOr(gradients.Posterior),
                DPrior = gradients.DPrior.ViewOr(gradients.Prior),
                Dz = gradients.Dz.ViewOr(gradients.Posterior),
                DKl = gradients.DKl.ViewOr(gradients.Posterior),
                Posterior = gradients.Posterior.View,
                Prior = gradients.Prior.View,
                Seed = gradients.Key.Seed,
                Stream = gradients.Key.Stream,
                Position = gradients.Key.Position,
                Origin = gradients.Origin.ViewOf<uint>(),
                Channels = gradients.Channels,
                WriteQ = Mode(gradients.DPosterior, gradients.BetaQ),
                WriteP = Mode(gradients.DPrior, gradients.BetaP),
                ReadZ = gradients.Dz.Exists ? 1 : 0,
                ReadKl = gradients.DKl.Exists ? 1 : 0,
            });
    }

    /// <summary>0 if absent, 1 to overwrite, 2 to accumulate.</summary>
    private static int Mode(GpuArray gradient, float beta) => !gradient.Exists ? 0 : beta == 0f ? 1 : 2;

    private static void GaussianLatentForward(Index1D index, ForwardArgs args)
    {
        int i = index, row = i / args.Channels, mean = i + (row * args.Channels), logVariance = mean + args.Channels;
        float noise = Philox.Normal(new PhiloxKey(args.Seed, args.Stream, args.Origin[0] + args.Position), (uint)i);
        var (z, kl) = Body.Forward(
            new F32(args.Posterior[mean]), new F32(args.Posterior[logVariance]), new F32(args.Prior[mean]),
            new F32(args.Prior[logVariance]), new F32(noise));
        args.Z[i] = z.Value;
        if (args.WriteKl != 0)
            args.Kl[i] = kl.Value;
    }

    private static void GaussianLatentBackward(Index1D index, BackwardArgs args)
    {
        int i = index, row = i / args.Channels, mean = i + (row * args.Channels), logVariance = mean + args.Channels;
        float noise = Philox.Normal(new PhiloxKey(args.Seed, args.Stream, args.Origin[0] + args.Position), (uint)i);
        float dz = args.ReadZ != 0 ? args.Dz[i] : 0f, dKl = args.ReadKl != 0 ? args.DKl[i] : 0f;
        var (dMeanQ, dLogVarianceQ, dMeanP, dLogVarianceP) = Body.Backward(
            new F32(args.Posterior[mean]), new F32(args.Posterior[logVariance]), new F32(args.Prior[mean]),
            new F32(args.Prior[logVariance]), new F32(noise), new F32(dz), new F32(dKl));
        Write(args.WriteQ, args.DPosterior, mean, dMeanQ.Value);
        Write(args.WriteQ, args.DPosterior, logVariance, dLogVarianceQ.Value);
        Write(args.WriteP, args.DPrior, mean, dMeanP.Value);
        Write(args.WriteP, args.DPrior, logVariance, dLogVarianceP.Value);
    }

    private static void Write(int mode, ArrayView<float> target, int at, float value)
    {
        if (mode == 1)
            target[at] = value;
        if (mode == 2)
            target[at] += value;
    }

    internal struct ForwardArgs
    {
        public ArrayView<float> Z, Kl, Posterior, Prior;
        public ArrayView<uint> Origin;
        public ulong Seed;
        public uint Stream, Position;
        public int Channels, WriteKl;
    }

    internal struct BackwardArgs
    {
        public ArrayView<float> DPosterior, DPrior, Dz, DKl, Posterior, Prior;
        public ArrayView<uint> Origin;
        public ulong Seed;
        public uint Stream, Position;
        public int Channels, WriteQ, WriteP, ReadZ, ReadKl;
    }
}

/// <summary>
/// dPosterior = betaQ·dPosterior + ... and dPrior likewise, from dz and dKl; each of the four gradients may be absent.
/// </summary>
public struct GaussianLatentGradients
{
    /// <summary>Written or accumulated into, [rows, 2·channels].</summary>
    public GpuArray DPosterior, DPrior;

    /// <summary>0 to overwrite the gradient, 1 to accumulate into it.</summary>
    public float BetaQ, BetaP;

    /// <summary>With respect to the sample and the divergence, [rows, channels]; absent for zero.</summary>
    public GpuArray Dz, DKl;

    /// <summary>[mean|log variance], [rows, 2·channels].</summary>
    public GpuArray Posterior, Prior;

    /// <summary>The key with which the sample was drawn, with a position counted from the origin.</summary>
    public PhiloxKey Key;

    /// <summary>Where the position lies that is added to the key's, as one uint.</summary>
    public GpuArray Origin;

    /// <summary>Pixels of all images.</summary>
    public long Rows;

    /// <summary>Channels of the sample.</summary>
    public int Channels;
}
