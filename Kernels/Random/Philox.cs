using System.Runtime.CompilerServices;

namespace Gqn.Native.Kernels.Random;

/// <summary>
/// Names one block of random numbers: the seed, the stream within the seed, the draw within the stream.
/// </summary>
/// <param name="Seed">The run's seed: the 64-bit key of the generator.</param>
/// <param name="Stream">The purpose of the numbers (initialisation, latent noise, views, ...).</param>
/// <param name="Position">The draw within the stream.</param>
public readonly record struct PhiloxKey(ulong Seed, uint Stream, uint Position);

/// <summary>Philox4x32-10, a counter-based generator: number i of a key is a pure function of (key, i).</summary>
/// <remarks>
/// Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. Being a function of its index, noise
/// needs no state and no storage: backward regenerates it, and every device and thread count sees the same integers.
/// </remarks>
public static class Philox
{
    private const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;
    private const int Rounds = 10;

    /// <summary>Four independent 32-bit numbers: block <paramref name="index"/> of <paramref name="key"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (uint X0, uint X1, uint X2, uint X3) Block(PhiloxKey key, uint index) =>
        Block(index, key.Position, key.Stream, 0, (uint)key.Seed, (uint)(key.Seed >> 32));

    /// <summary>The generator itself: ten rounds on the counter (x0, x1, x2, x3) under the key (k0, k1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (uint X0, uint X1, uint X2, uint X3) Block(uint x0, uint x1, uint x2, uint x3, uint k0, uint k1)
    {
        for (int round = 0; round < Rounds; round++)
        {
            ulong p0 = (ulong)Multiplier0 * x0, p1 = (ulong)Multiplier1 * x2;
            x0 = (uint)(p1 >> 32) ^ x1 ^ k0;
            x2 = (uint)(p0 >> 32) ^ x3 ^ k1;
            x1 = (uint)p1;
            x3 = (uint)p0;
            k0 += Weyl0;
            k1 += Weyl1;
        }

        return (x0, x1, x2, x3);
    }

    /// <summary>A number in (0, 1] from 32 random bits; never 0, so that its logarithm is finite.</summary>
    /// <remarks>Through int: ILGPU converts unsigned integers by way of double, which is slow on GPUs.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Uniform(uint bits) => (int)((bits >> 8) + 1) * (1f / (1 << 24));

    /// <summary>
    /// Standard normal number <paramref name="index"/> of <paramref name="key"/>: √(−2 ln u₁) · cos 2πu₂ (Box and
    /// Muller).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Normal(PhiloxKey key, uint index)
    {
        var (x0, x1, _, _) = Block(key, index);
        return Radius(Uniform(x0)) * MathF.Cos(2f * MathF.PI * Uniform(x1));
    }

    /// <summary>√(−2 ln u), the distance from 0 of a point of two normal numbers; finite for every u in (0, 1].</summary>
    /// <remarks>A GPU's approximation of ln u may come out above 0 where u is just below 1, and the root of a negative
    /// number is NaN.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Radius(float u) => MathF.Sqrt(MathF.Max(-2f * MathF.Log(u), 0f));
}
