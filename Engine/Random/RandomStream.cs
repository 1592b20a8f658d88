using Gqn.Native.Kernels.Random;

namespace Gqn.Native.Engine;

/// <summary>A reproducible sequence of random numbers whose whole state is one position.</summary>
/// <remarks>
/// Two streams of one seed are independent, so each purpose (weights, noise, scenes, views) takes its own and adding a
/// draw to one changes nothing in another. Based on Philox4x32-10, a counter-based generator: saving
/// <see cref="Position"/> in a checkpoint and setting it again continues the sequence exactly.
/// </remarks>
/// <param name="seed">The run's seed.</param>
/// <param name="stream">The purpose of the numbers; any fixed value.</param>
public sealed class RandomStream(ulong seed, uint stream)
{
    /// <summary>The run's seed.</summary>
    public ulong Seed { get; } = seed;

    /// <summary>The purpose of the numbers.</summary>
    public uint Stream { get; } = stream;

    /// <summary>Number of draws made; setting it moves to any position in the sequence.</summary>
    public uint Position { get; set; }

    /// <summary>
    /// The position from which the draws of the current step are counted, for steps that a device repeats: it must be
    /// the present position when a step begins. Null to count from 0, for noise that is not drawn again.
    /// </summary>
    public StepValue<uint>? Origin { get; set; }

    /// <summary>The key of the next block of numbers, for device kernels that draw one number per element.</summary>
    internal PhiloxKey NextKey() => new(Seed, Stream, Position++);

    /// <summary>The next block of numbers, as devices draw it.</summary>
    internal Noise NextNoise() => new(NextKey(), Origin);

    /// <summary>The next 32 random bits.</summary>
    public uint NextUInt32() => Philox.Block(NextKey(), 0).X0;

    /// <summary>An integer from 0 up to, but not including, <paramref name="exclusiveBound"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bound is not positive.</exception>
    public int NextInt32(int exclusiveBound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusiveBound);
        return (int)(((ulong)NextUInt32() * (uint)exclusiveBound) >> 32);
    }

    /// <summary>A uniform number in (0, 1].</summary>
    public float NextSingle() => Philox.Uniform(NextUInt32());

    /// <summary>A uniform number in (<paramref name="low"/>, <paramref name="high"/>].</summary>
    public float NextSingle(float low, float high) => low + ((high - low) * NextSingle());

    /// <summary>A standard normal number.</summary>
    public float NextNormal() => Philox.Normal(NextKey(), 0);

    /// <summary>Puts the elements of <paramref name="items"/> in random order (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = NextInt32(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}

/// <summary>A block of standard normal numbers, one per element: it is drawn wherever it is needed.</summary>
/// <param name="Key">The seed, the stream and the position.</param>
/// <param name="Origin">The step value from which a device that repeats work counts the position; null to take the
/// position as it is.</param>
public readonly record struct Noise(PhiloxKey Key, StepValue<uint>? Origin = null)
{
    /// <summary>The key with the position counted from the origin: the same in every repetition.</summary>
    internal PhiloxKey Relative => Key with { Position = unchecked(Key.Position - (Origin?.Value ?? 0)) };
}
