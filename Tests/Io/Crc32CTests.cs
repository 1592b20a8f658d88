using Gqn.Native.Engine.Io;
using Xunit;

namespace Gqn.Native.Tests.Io;

public sealed class Crc32CTests
{
    [Fact]
    public void KnownValues()
    {
        Assert.Equal(0xE3069283u, Crc32C.Of("123456789"u8));
        Assert.Equal(0x8A9136AAu, Crc32C.Of(new byte[32]));
        Assert.Equal(0u, Crc32C.Of([]));
    }

    [Fact]
    public void PiecesOfAnyLengthGiveTheSame()
    {
        byte[] text = [.. Enumerable.Range(0, 100).Select(i => (byte)(i * 37))];
        uint whole = BitByBit(text);
        for (int cut = 0; cut <= text.Length; cut++)
            Assert.Equal(whole, Crc32C.Append(Crc32C.Of(text.AsSpan(0, cut)), text.AsSpan(cut)));
    }

    [Fact]
    public void MaskingIsTheRotationAndSumOfTfRecord()
    {
        uint crc = Crc32C.Of("abc"u8);
        Assert.Equal(unchecked(((crc >> 15) | (crc << 17)) + 0xA282EAD8u), Crc32C.Masked("abc"u8));
    }

    /// <summary>The polynomial division itself.</summary>
    internal static uint BitByBit(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
        }

        return ~crc;
    }
}
