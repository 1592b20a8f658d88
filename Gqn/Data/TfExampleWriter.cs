using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Gqn.Native.Data;

/// <summary>Encodes a message <c>tf.train.Example</c>; numbers are packed, features keep their order.</summary>
public sealed class TfExampleWriter
{
    private const int MaxVarintBytes = 10;
    private readonly ArrayBufferWriter<byte> _features = new();

    /// <summary>Adds a feature of byte strings.</summary>
    /// <param name="name">The name of the feature.</param>
    /// <param name="values">The values of the feature.</param>
    public TfExampleWriter Add(string name, params ReadOnlySpan<ReadOnlyMemory<byte>> values)
    {
        var list = new ArrayBufferWriter<byte>();
        foreach (var value in values)
            WriteField(list, 1, value.Span);
        return Add(name, TfFeatureKind.Bytes, list.WrittenSpan);
    }

    /// <summary>Adds a feature of floats.</summary>
    /// <param name="name">The name of the feature.</param>
    /// <param name="values">The values of the feature.</param>
    public TfExampleWriter Add(string name, ReadOnlySpan<float> values)
    {
        byte[] packed = new byte[values.Length * sizeof(float)];
        for (int i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(packed.AsSpan(i * sizeof(float)), values[i]);
        return Add(name, TfFeatureKind.Floats, Packed(packed));
    }

    /// <summary>Adds a feature of 64-bit integers.</summary>
    /// <param name="name">The name of the feature.</param>
    /// <param name="values">The values of the feature.</param>
    public TfExampleWriter Add(string name, ReadOnlySpan<long> values)
    {
        var packed = new ArrayBufferWriter<byte>();
        foreach (long value in values)
            WriteVarint(packed, (ulong)value);
        return Add(name, TfFeatureKind.Integers, Packed(packed.WrittenSpan));
    }

    /// <summary>The encoded message.</summary>
    public byte[] ToArray()
    {
        var message = new ArrayBufferWriter<byte>();
        WriteField(message, 1, _features.WrittenSpan);
        return message.WrittenSpan.ToArray();
    }

    private TfExampleWriter Add(string name, TfFeatureKind kind, ReadOnlySpan<byte> list)
    {
        ArgumentNullException.ThrowIfNull(name);
        var feature = new ArrayBufferWriter<byte>();
        WriteField(feature, (int)kind, list);
        var entry = new ArrayBufferWriter<byte>();
        WriteField(entry, 1, Encoding.UTF8.GetBytes(name));
        WriteField(entry, 2, feature.WrittenSpan);
        WriteField(_features, 1, entry.WrittenSpan);
        return this;
    }

    private static ReadOnlySpan<byte> Packed(ReadOnlySpan<byte> values)
    {
        var list = new ArrayBufferWriter<byte>();
        if (values.Length > 0)
            WriteField(list, 1, values);
        return list.WrittenSpan;
    }

    private static void WriteField(ArrayBufferWriter<byte> message, int number, ReadOnlySpan<byte> value)
    {
        WriteVarint(message, ((uint)number << 3) | (uint)WireType.LengthDelimited);
        WriteVarint(message, (uint)value.Length);
        message.Write(value);
    }

    private static void WriteVarint(ArrayBufferWriter<byte> message, ulong value)
    {
        var bytes = message.GetSpan(MaxVarintBytes);
        int count = 0;
        for (; value >= 0x80; value >>= 7)
            bytes[count++] = (byte)(value | 0x80);
        bytes[count++] = (byte)value;
        message.Advance(count);
    }
}
