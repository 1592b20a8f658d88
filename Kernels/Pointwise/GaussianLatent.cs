using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Pointwise;

/// <summary>z = μq + σq·ε and KL(q‖p) = ½(lp − lq + e^(lq−lp) + (μq − μp)²·e^(−lp) − 1), with l = ln σ².</summary>
/// <remarks>
/// A sample of the posterior q, reparameterised by the noise ε, and its divergence from the prior p (Kingma and Welling
/// 2014).
/// </remarks>
public static class GaussianLatent
{
    /// <summary>(z, KL) of one latent variable.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (T Z, T Kl) Forward<T>(T meanQ, T logVarianceQ, T meanP, T logVarianceP, T noise)
        where T : struct, ILane<T>
    {
        T half = T.Const(0.5f), distance = meanQ - meanP;
        var z = meanQ + (T.Exp(half * logVarianceQ) * noise);
        var kl = half * (logVarianceP - logVarianceQ + T.Exp(logVarianceQ - logVarianceP)
            + (distance * distance * T.Exp(-logVarianceP)) - T.Const(1f));
        return (z, kl);
    }

    /// <summary>Gradients with respect to both means and log-variances, from those to z and KL.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (T DMeanQ, T DLogVarianceQ, T DMeanP, T DLogVarianceP) Backward<T>(
        T meanQ, T logVarianceQ, T meanP, T logVarianceP, T noise, T dz, T dKl) where T : struct, ILane<T>
    {
        T half = T.Const(0.5f), one = T.Const(1f), distance = meanQ - meanP;
        T precision = T.Exp(-logVarianceP), ratio = T.Exp(logVarianceQ - logVarianceP);
        var pull = dKl * distance * precision;
        return (
            dz + pull,
            half * ((dz * noise * T.Exp(half * logVarianceQ)) + (dKl * (ratio - one))),
            -pull,
            half * dKl * (one - ratio - (distance * distance * precision)));
    }
}
