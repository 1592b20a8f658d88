using Xunit;

namespace Gqn.Native.Tests.Ops;

/// <summary>Comparisons of the results of ops.</summary>
internal static class OpAssert
{
    /// <summary>Fails if a value is off by more than the tolerance, relative to the largest magnitude.</summary>
    /// <param name="expected">The true values.</param>
    /// <param name="actual">The values under test.</param>
    /// <param name="tolerance">The relative error that is allowed.</param>
    /// <param name="what">Names the tensor.</param>
    /// <param name="leastScale">Replaces the largest magnitude if that is smaller.</param>
    public static void Close(
        double[] expected, double[] actual, double tolerance, string what, double leastScale = 0)
    {
        double scale = Math.Max(leastScale, expected.Max(Math.Abs));
        for (int i = 0; i < expected.Length; i++)
        {
            // Written so that a NaN fails.
            bool close = Math.Abs(expected[i] - actual[i]) <= tolerance * scale;
            if (!close)
                Assert.Fail($"{what}[{i}]: {actual[i]:R}, not {expected[i]:R}, allowed {tolerance:E1} of {scale:R}");
        }
    }

    public static void SameBytes(double[][] expected, double[][] actual, string what)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            bool same = Array.ConvertAll(expected[i], BitConverter.DoubleToInt64Bits)
                .AsSpan().SequenceEqual(Array.ConvertAll(actual[i], BitConverter.DoubleToInt64Bits));
            Assert.True(same, $"{what} {i}: the bytes differ");
        }
    }
}
