using Xunit;

namespace Gqn.Native.Tests.Ops;

/// <summary>Comparisons of what an op computed.</summary>
internal static class OpAssert
{
    public static void Close(double[] expected, double[] actual, double tolerance, string what)
    {
        double scale = expected.Max(Math.Abs);
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
