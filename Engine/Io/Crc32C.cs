using System.Buffers.Binary;
using System.Numerics;

namespace Gqn.Native.Engine.Io;

/// <summary>The 32-bit Castagnoli CRC (polynomial 1EDC6F41, reflected, inverted at both ends).</summary>
public static class Crc32C
{
    /// <summary>The check value of <paramref name="bytes"/>; that of the ASCII digits 123456789 is E3069283.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    /// <summary>The check value of a text followed by <paramref name="bytes"/>.</summary>
    /// <param name="crc">The check value of the text so far; 0 for an empty one.</param>
    /// <param name="bytes">What follows it.</param>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        crc = ~crc;
        for (; bytes.Length >= 8; bytes = bytes[8..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }

    /// <summary>
    /// rotate right(crc, 15) + A282EAD8: the form in which TFRecord and event files store check values.
    /// </summary>
    /// <remarks>The CRC of data that contains CRCs is weak; masking the stored ones avoids that.</remarks>
    public static uint Masked(ReadOnlySpan<byte> bytes) => BitOperations.RotateRight(Of(bytes), 15) + 0xA282EAD8u;
}
