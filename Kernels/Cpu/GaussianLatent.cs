using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Random;
using Body = Gqn.Native.Kernels.Pointwise.GaussianLatent;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>
/// Posterior sample and KL divergence over rows of [mean|log variance], 2·channels wide; noise by element index.
/// </summary>
public static unsafe class GaussianLatentKernels
{
    /// <summary>z and KL [rows, channels]; <paramref name="kl"/> may be null if only the sample is needed.</summary>
    public static void Forward(
        CpuWorkspace workspace, float* z, float* kl, float* posterior, float* prior, PhiloxKey key, long rows,
        int channels) =>
        LaneLoop.For(workspace, rows, channels * 16L, new ForwardLoop
        {
            Z = z,
            Kl = kl,
            Posterior = posterior,
            Prior = prior,
            Key = key,
            Channels = channels,
        });

    /// <summary>The gradients of <see cref="Forward"/>.</summary>
    public static void Backward(CpuWorkspace workspace, in GaussianLatentGradients gradients) =>
        LaneLoop.For(workspace, gradients.Rows, gradients.Channels * 16L, new BackwardLoop { Of = gradients });

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Noise<T>(float* buffer, PhiloxKey key, long index, int count) where T : struct, ISimdLane<T>
    {
        for (int i = 0; i < count; i++)
            buffer[i] = Philox.Normal(key, (uint)(index + i));
        return T.Load(buffer, count);
    }

    private struct ForwardLoop : ILaneLoop
    {
        public float* Z, Kl, Posterior, Prior;
        public PhiloxKey Key;
        public int Channels;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            float* noise = stackalloc float[T.Width];
            for (long row = start; row < end; row++)
            {
                float* q = Posterior + (row * 2 * Channels), p = Prior + (row * 2 * Channels);
                for (int j = 0; j < Channels; j += T.Width)
                {
                    int left = Channels - j;
                    long at = (row * Channels) + j;
                    var (z, kl) = Body.Forward(
                        T.Load(q + j, left), T.Load(q + Channels + j, left), T.Load(p + j, left),
                        T.Load(p + Channels + j, left),
                        Noise<T>(noise, Key, at, Math.Min(left, T.Width)));
                    z.Store(Z + at, left);
                    if (Kl is not null)
                        kl.Store(Kl + at, left);
                }
            }
        }
    }

    private struct BackwardLoop : ILaneLoop
    {
        public GaussianLatentGradients Of;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            var zero = T.Const(0f);
            float* noise = stackalloc float[T.Width];
            for (long row = start; row < end; row++)
            {
                long wide = row * 2 * Of.Channels;
                for (int j = 0; j < Of.Channels; j += T.Width)
                {
                    int left = Of.Channels - j;
                    long at = (row * Of.Channels) + j, mean = wide + j, logVariance = wide + Of.Channels + j;
                    var (dMeanQ, dLogVarianceQ, dMeanP, dLogVarianceP) = Body.Backward(
                        T.Load(Of.Posterior + mean, left), T.Load(Of.Posterior + logVariance, left),
                        T.Load(Of.Prior + mean, left), T.Load(Of.Prior + logVariance, left),
                        Noise<T>(noise, Of.Key, at, Math.Min(left, T.Width)),
                        Of.Dz is null ? zero : T.Load(Of.Dz + at, left),
                        Of.DKl is null ? zero : T.Load(Of.DKl + at, left));
                    Write(Of.DPosterior, Of.BetaQ, mean, dMeanQ, left);
                    Write(Of.DPosterior, Of.BetaQ, logVariance, dLogVarianceQ, left);
                    Write(Of.DPrior, Of.BetaP, mean, dMeanP, left);
                    Write(Of.DPrior, Of.BetaP, logVariance, dLogVarianceP, left);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Write<T>(float* target, float beta, long at, T value, int left)
            where T : struct, ISimdLane<T>
        {
            if (target is null)
                return;
            if (beta != 0)
                value += T.Load(target + at, left);
            value.Store(target + at, left);
        }
    }
}

/// <summary>
/// dPosterior = betaQ·dPosterior + ... and dPrior likewise, from dz and dKl; each of the four gradients may be null.
/// </summary>
public unsafe struct GaussianLatentGradients
{
    /// <summary>Written or accumulated into, [rows, 2·channels].</summary>
    public float* DPosterior, DPrior;

    /// <summary>0 to overwrite the gradient, 1 to accumulate into it.</summary>
    public float BetaQ, BetaP;

    /// <summary>With respect to the sample and the divergence, [rows, channels]; null for zero.</summary>
    public float* Dz, DKl;

    /// <summary>[mean|log variance], [rows, 2·channels].</summary>
    public float* Posterior, Prior;

    /// <summary>The key with which the sample was drawn.</summary>
    public PhiloxKey Key;

    /// <summary>Pixels of all images.</summary>
    public long Rows;

    /// <summary>Channels of the sample.</summary>
    public int Channels;
}
