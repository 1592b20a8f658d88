using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Random;
using Body = Gqn.Native.Kernels.Pointwise.GaussianLatent;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>
/// Posterior sample and divergence over rows of [mean|log variance], 2·channels wide; noise by element index.
/// </summary>
public static unsafe class GaussianLatentKernels
{
    /// <summary>z and KL [rows, channels]; <paramref name="kl"/> may be null where only the sample is wanted.</summary>
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

    /// <summary>
    /// dPosterior = betaQ·dPosterior + ... and dPrior likewise, from dz and dKl; each of the four gradients may be
    /// null.
    /// </summary>
    public static void Backward(
        CpuWorkspace workspace, float* dPosterior, float betaQ, float* dPrior, float betaP, float* dz, float* dKl,
        float* posterior, float* prior, PhiloxKey key, long rows, int channels) =>
        LaneLoop.For(workspace, rows, channels * 16L, new BackwardLoop
        {
            DPosterior = dPosterior,
            BetaQ = betaQ,
            DPrior = dPrior,
            BetaP = betaP,
            Dz = dz,
            DKl = dKl,
            Posterior = posterior,
            Prior = prior,
            Key = key,
            Channels = channels,
        });

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
        public float* DPosterior, DPrior, Dz, DKl, Posterior, Prior;
        public float BetaQ, BetaP;
        public PhiloxKey Key;
        public int Channels;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            var zero = T.Const(0f);
            float* noise = stackalloc float[T.Width];
            for (long row = start; row < end; row++)
            {
                long wide = row * 2 * Channels;
                for (int j = 0; j < Channels; j += T.Width)
                {
                    int left = Channels - j;
                    long at = (row * Channels) + j, mean = wide + j, logVariance = wide + Channels + j;
                    var (dMeanQ, dLogVarianceQ, dMeanP, dLogVarianceP) = Body.Backward(
                        T.Load(Posterior + mean, left), T.Load(Posterior + logVariance, left),
                        T.Load(Prior + mean, left), T.Load(Prior + logVariance, left),
                        Noise<T>(noise, Key, at, Math.Min(left, T.Width)),
                        Dz is null ? zero : T.Load(Dz + at, left), DKl is null ? zero : T.Load(DKl + at, left));
                    Write(DPosterior, BetaQ, mean, dMeanQ, left);
                    Write(DPosterior, BetaQ, logVariance, dLogVarianceQ, left);
                    Write(DPrior, BetaP, mean, dMeanP, left);
                    Write(DPrior, BetaP, logVariance, dLogVarianceP, left);
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
