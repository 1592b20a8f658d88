using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Random;

namespace Gqn.Native.Benchmarks.Plain;

/// <summary>
/// z = μq + σq·ε and KL(q || p) over rows of [mean|log variance], with the noise of the fast kernel.
/// </summary>
internal unsafe struct PlainGaussianLatent : IRowLoop
{
    public float* Posterior, Prior, Z, Kl;
    public PhiloxKey Key;
    public int Channels;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run(int first, int end)
    {
        for (int row = first; row < end; row++)
        {
            float* q = Posterior + (2L * row * Channels), p = Prior + (2L * row * Channels);
            for (int j = 0; j < Channels; j++)
            {
                long at = ((long)row * Channels) + j;
                float distance = q[j] - p[j], lq = q[Channels + j], lp = p[Channels + j];
                Z[at] = q[j] + (MathF.Exp(0.5f * lq) * Philox.Normal(Key, (uint)at));
                Kl[at] = 0.5f * (lp - lq + MathF.Exp(lq - lp) + (distance * distance * MathF.Exp(-lp)) - 1f);
            }
        }
    }
}
