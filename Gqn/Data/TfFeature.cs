using System.Buffers.Binary;

namespace Gqn.Native.Data;

/// <summary>The type of a feature's values; each number is that of the message's field.</summary>
public enum TfFeatureKind
{
    /// <summary>The feature has no values.</summary>
    None = 0,

    /// <summary>Byte strings.</summary>
    Bytes = 1,

    /// <summary>32-bit floats.</summary>
    Floats = 2,

    /// <summary>64-bit integers.</summary>
    Integers = 3,
}

/// <summary>One feature of a <see cref="TfExample"/>: a list of values, decoded on demand.</summary>
public readonly struct TfFeature
{
    private readonly ReadOnlyMemory<byte> _lists;

    private TfFeature(TfFeatureKind kind, int count, ReadOnlyMemory<byte> lists) =>
        (Kind, Count, _lists) = (kind, count, lists);

    /// <summary>The type of the values.</summary>
    public TfFeatureKind Kind { get; }

    /// <summary>The number of values.</summary>
    public int Count { get; }

    /// <summary>The byte strings, as slices of the record, not copies.</summary>
    /// <exception cref="InvalidOperationException">The values are of another type.</exception>
    public ReadOnlyMemory<byte>[] ToBytes()
    {
        Require(TfFeatureKind.Bytes);
        var values = new ReadOnlyMemory<byte>[Count];
        int next = 0;
        var lists = Fields(_lists.Span);
        while (lists.MoveNext())
        {
            if (!IsList(lists))
                continue;
            var list = _lists.Slice(lists.Start, lists.Length);
            var items = Fields(list.Span);
            while (items.MoveNext())
            {
                if (IsValue(items, WireType.LengthDelimited))
                    values[next++] = list.Slice(items.Start, items.Length);
            }
        }

        return values;
    }

    /// <summary>Copies the floats.</summary>
    /// <param name="target">Receives <see cref="Count"/> numbers.</param>
    /// <exception cref="InvalidOperationException">The values are of another type.</exception>
    /// <exception cref="ArgumentException">The target has a different length.</exception>
    public void CopyFloats(Span<float> target)
    {
        Require(TfFeatureKind.Floats);
        if (target.Length != Count)
            throw new ArgumentException($"There are {Count} values, not {target.Length}.", nameof(target));
        var lists = Fields(_lists.Span);
        while (lists.MoveNext())
        {
            if (!IsList(lists))
                continue;
            var items = Fields(lists.Value);
            while (items.MoveNext())
            {
                if (!IsValue(items, WireType.LengthDelimited) && !IsValue(items, WireType.Fixed32))
                    continue;
                for (var rest = items.Value; rest.Length > 0; rest = rest[sizeof(float)..])
                {
                    target[0] = BinaryPrimitives.ReadSingleLittleEndian(rest);
                    target = target[1..];
                }
            }
        }
    }

    /// <summary>The integers, decoded into a new array.</summary>
    /// <exception cref="InvalidOperationException">The values are of another type.</exception>
    public long[] ToIntegers()
    {
        Require(TfFeatureKind.Integers);
        long[] values = new long[Count];
        int next = 0;
        var lists = Fields(_lists.Span);
        while (lists.MoveNext())
        {
            if (!IsList(lists))
                continue;
            var items = Fields(lists.Value);
            while (items.MoveNext())
            {
                if (!IsValue(items, WireType.LengthDelimited) && !IsValue(items, WireType.Varint))
                    continue;
                var rest = items.Value;
                while (ProtobufFields.TryReadVarint(ref rest, out ulong value))
                    values[next++] = (long)value;
            }
        }

        return values;
    }

    /// <summary>Validates a message <c>Feature</c> and counts its values.</summary>
    /// <remarks>The lists are a oneof: the last kind to appear wins, and its parts are concatenated.</remarks>
    /// <exception cref="DatasetException">The message violates the wire format.</exception>
    internal static TfFeature Parse(ReadOnlyMemory<byte> message, string path, long offset)
    {
        var kind = TfFeatureKind.None;
        int count = 0, start = 0;
        var lists = new ProtobufFields(message.Span, path, offset);
        while (lists.MoveNext())
        {
            if (lists is not { Number: >= 1 and <= 3, WireType: WireType.LengthDelimited })
                continue;
            if (lists.Number != (int)kind)
                (kind, count, start) = ((TfFeatureKind)lists.Number, 0, lists.FieldStart);
            count += CountValues(kind, lists.Value, path, lists.ValueOffset);
        }

        return new TfFeature(kind, count, message[start..]);
    }

    private static int CountValues(TfFeatureKind kind, ReadOnlySpan<byte> list, string path, long offset)
    {
        int count = 0;
        var items = new ProtobufFields(list, path, offset);
        while (items.MoveNext())
        {
            if (items.Number != 1)
                continue;
            count += (kind, items.WireType) switch
            {
                (TfFeatureKind.Bytes, WireType.LengthDelimited) => 1,
                (TfFeatureKind.Floats, WireType.Fixed32) => 1,
                (TfFeatureKind.Floats, WireType.LengthDelimited) => CountFloats(items, path),
                (TfFeatureKind.Integers, WireType.Varint) => 1,
                (TfFeatureKind.Integers, WireType.LengthDelimited) => CountVarints(items, path),
                _ => 0,
            };
        }

        return count;
    }

    private static int CountFloats(in ProtobufFields items, string path) => items.Length % sizeof(float) == 0
        ? items.Length / sizeof(float)
        : throw new DatasetException(
            path, items.ValueOffset, $"it is no tf.train.Example: {items.Length} bytes are no list of floats");

    private static int CountVarints(in ProtobufFields items, string path)
    {
        int count = 0;
        for (var rest = items.Value; rest.Length > 0; count++)
        {
            if (!ProtobufFields.TryReadVarint(ref rest, out _))
            {
                throw new DatasetException(
                    path, items.ValueOffset, "it is no tf.train.Example: a list of whole numbers is broken");
            }
        }

        return count;
    }

    /// <summary>The fields of a message that has been validated already.</summary>
    private static ProtobufFields Fields(ReadOnlySpan<byte> message) => new(message, string.Empty, 0);

    private bool IsList(in ProtobufFields field) =>
        field.Number == (int)Kind && field.WireType == WireType.LengthDelimited;

    private static bool IsValue(in ProtobufFields field, WireType type) => field.Number == 1 && field.WireType == type;

    private void Require(TfFeatureKind kind)
    {
        if (Kind != kind)
            throw new InvalidOperationException($"The values of this feature are {Kind}, not {kind}.");
    }
}
