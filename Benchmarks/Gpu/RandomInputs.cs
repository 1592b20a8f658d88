using Gqn.Native.Engine;
using Gqn.Native.Kernels.Random;

namespace Gqn.Native.Benchmarks;

/// <summary>Inputs of the benchmarks of devices: independent numbers, the same in every run.</summary>
/// <remarks>
/// Numbers that repeat switch fewer transistors than those of a model. A GPU at its power limit then keeps a higher
/// clock, and its times look better than any training will see.
/// </remarks>
internal static class RandomInputs
{
    /// <summary>No number is larger, so that sums of products stay far from overflow.</summary>
    public const float Bound = 0.05f;

    private const ulong Seed = 1;
    private const uint Stream = 3;
    private const int PerBlock = 4, BlocksPerTask = 1 << 16;

    /// <summary>The numbers of one device; each array takes the next draw, so that no two arrays are alike.</summary>
    public static RandomStream CreateStream() => new(Seed, Stream);

    /// <summary>Uniform numbers in (−<see cref="Bound"/>, <see cref="Bound"/>]; none is subnormal, so that the time of
    /// a kernel does not depend on them.</summary>
    /// <param name="random">Gives one draw.</param>
    /// <param name="length">How many.</param>
    public static float[] Create(RandomStream random, long length)
    {
        var key = random.NextKey();
        float[] values = new float[length];
        long blocks = (length + PerBlock - 1) / PerBlock, tasks = (blocks + BlocksPerTask - 1) / BlocksPerTask;
        // Element i depends on i alone, so any number of threads gives the same numbers.
        Parallel.For(0, tasks, task =>
        {
            long end = Math.Min(blocks, (task + 1) * BlocksPerTask);
            for (long block = task * BlocksPerTask; block < end; block++)
                Fill(values.AsSpan((int)(block * PerBlock)), Philox.Block(key, (uint)block));
        });
        return values;
    }

    private static void Fill(Span<float> values, (uint X0, uint X1, uint X2, uint X3) bits)
    {
        ReadOnlySpan<uint> numbers = [bits.X0, bits.X1, bits.X2, bits.X3];
        for (int i = 0; i < Math.Min(PerBlock, values.Length); i++)
            values[i] = Bound * ((2f * Philox.Uniform(numbers[i])) - 1f);
    }
}
