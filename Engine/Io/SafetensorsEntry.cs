namespace Gqn.Native.Engine.Io;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Its name, unique in the file.</param>
/// <param name="DType">The element type as the format spells it, for example F32, U8, I64 or BF16.</param>
/// <param name="Shape">Its dimensions, outermost first; empty for a scalar.</param>
/// <param name="Begin">Where its bytes begin, counted from the start of the data section.</param>
/// <param name="End">Where its bytes end, exclusive.</param>
public sealed record SafetensorsEntry(string Name, string DType, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>The number of elements, the product of <see cref="Shape"/>; 1 for a scalar.</summary>
    public long Count => Bytes / ElementSize(DType);

    /// <summary>The number of bytes that its data take.</summary>
    internal long Bytes => End - Begin;

    /// <summary>Bytes per element; 0 for a type that this reader does not know.</summary>
    internal static int ElementSize(string dtype) => dtype switch
    {
        "BOOL" or "U8" or "I8" or "F8_E5M2" or "F8_E4M3" or "F8_E8M0" => 1,
        "U16" or "I16" or "F16" or "BF16" => 2,
        "U32" or "I32" or "F32" => 4,
        "U64" or "I64" or "F64" or "C64" => 8,
        _ => 0,
    };

    /// <summary>The bytes that a tensor occupies; -1 if they exceed 63 bits or a dimension is negative.</summary>
    internal static long ByteCount(int elementSize, ReadOnlySpan<long> shape)
    {
        long bytes = elementSize;
        foreach (long dimension in shape)
        {
            if (dimension < 0 || (dimension > 0 && bytes > long.MaxValue / dimension))
                return -1;
            bytes *= dimension;
        }

        return bytes;
    }
}
