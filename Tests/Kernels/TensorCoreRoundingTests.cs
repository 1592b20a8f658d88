using Gqn.Native.Kernels.Gpu;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

/// <summary>Numbers as the packing kernels round them.</summary>
public class TensorCoreRoundingTests
{
    /// <summary>Normal numbers of many magnitudes and both signs, including ties.</summary>
    [Fact]
    public void RoundingIsToTheNearest()
    {
        for (int exponent = -100; exponent <= 100; exponent += 7)
        {
            for (int significand = 1 << 20; significand < 1 << 21; significand += 257)
            {
                float value = MathF.ScaleB(significand, exponent);
                Assert.Equal(TensorCoreOperands.Round(value, bf16: false), Tf32(value));
                Assert.Equal(-Tf32(value), Tf32(-value));
                Assert.Equal(TensorCoreOperands.Round(value, bf16: true), Bf16(value));
                Assert.Equal(-Bf16(value), Bf16(-value));
            }
        }
    }

    [Theory]
    [InlineData(0x3F801000u, 0x3F802000u)] // A tie goes away from zero,
    [InlineData(0xBF803000u, 0xBF804000u)]
    [InlineData(0x3F800FFFu, 0x3F800000u)]
    [InlineData(0x3FFFF000u, 0x40000000u)] // into the next exponent,
    [InlineData(0x7F7FFFFFu, 0x7F800000u)] // and beyond the largest number.
    [InlineData(0x80000000u, 0x80000000u)]
    [InlineData(0x7F800000u, 0x7F800000u)]
    [InlineData(0xFF800000u, 0xFF800000u)]
    [InlineData(0x7FFFFFFFu, 0x7FC00000u)] // A NaN stays one, whatever its payload.
    [InlineData(0xFF800001u, 0xFFC00000u)]
    public void Tf32KeepsTenBits(uint bits, uint rounded) =>
        Assert.Equal(rounded, TensorCorePacking.Tf32(BitConverter.UInt32BitsToSingle(bits)));

    [Theory]
    [InlineData(0x3F808000u, 0x3F80u)] // A tie goes to the even one.
    [InlineData(0x3F818000u, 0x3F82u)]
    [InlineData(0x3F808001u, 0x3F81u)]
    [InlineData(0x7F7FFFFFu, 0x7F80u)]
    [InlineData(0xFF800000u, 0xFF80u)]
    [InlineData(0x7FFFFFFFu, 0x7FC0u)]
    [InlineData(0x7F800001u, 0x7FC0u)]
    public void Bf16KeepsSevenBits(uint bits, uint rounded)
    {
        float value = BitConverter.UInt32BitsToSingle(bits);
        Assert.Equal(rounded | 0x3F800000u, TensorCorePacking.Bf16Pair(value, 1f));
        Assert.Equal((rounded << 16) | 0x4000u, TensorCorePacking.Bf16Pair(2f, value));
    }

    private static float Tf32(float value) => BitConverter.UInt32BitsToSingle(TensorCorePacking.Tf32(value));

    private static float Bf16(float value) =>
        BitConverter.UInt32BitsToSingle(TensorCorePacking.Bf16Pair(0f, value) & 0xFFFF0000u);
}
