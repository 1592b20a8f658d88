namespace Gqn.Native.Data;

/// <summary>The wire types of the protobuf encoding.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    LengthDelimited = 2,
    StartGroup = 3,
    EndGroup = 4,
    Fixed32 = 5,
}

/// <summary>Iterates over the fields of one protobuf message; nested messages are not parsed, and groups are
/// skipped.</summary>
/// <param name="message">The encoded message.</param>
/// <param name="path">The file that it was read from, for error messages.</param>
/// <param name="offset">The byte offset of the message in the file.</param>
internal ref struct ProtobufFields(ReadOnlySpan<byte> message, string path, long offset)
{
    /// <summary>The limit of other protobuf readers; messages of the data sets contain no groups at all.</summary>
    private const int MaxGroupDepth = 100;

    private const int MaxVarintBytes = 10;

    private readonly ReadOnlySpan<byte> _message = message;
    private int _position;
    private int _openGroups;

    /// <summary>The number of the current field.</summary>
    public int Number { get; private set; }

    /// <summary>The wire type of the current field; never a group.</summary>
    public WireType WireType { get; private set; }

    /// <summary>The offset of the current field in the message, its tag included.</summary>
    public int FieldStart { get; private set; }

    /// <summary>The offset of the value in the message, after the tag and length.</summary>
    public int Start { get; private set; }

    /// <summary>The length of the value, in bytes.</summary>
    public int Length { get; private set; }

    /// <summary>The value's bytes.</summary>
    public readonly ReadOnlySpan<byte> Value => _message.Slice(Start, Length);

    /// <summary>The byte offset of the value in the file.</summary>
    public readonly long ValueOffset => offset + Start;

    /// <summary>Advances to the next field.</summary>
    /// <returns>False at the end of the message.</returns>
    /// <exception cref="DatasetException">The message violates the wire format.</exception>
    public bool MoveNext()
    {
        while (_position < _message.Length)
        {
            ReadField();
            if (WireType != WireType.StartGroup)
                return true;
            SkipGroup();
        }

        return false;
    }

    /// <summary>Reads a varint from the start of a span.</summary>
    /// <param name="bytes">The bytes; on success, the varint is removed from their start.</param>
    /// <param name="value">The decoded number.</param>
    /// <returns>False if the varint has more than ten bytes or does not end.</returns>
    public static bool TryReadVarint(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (int i = 0; i < bytes.Length && i < MaxVarintBytes; i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return true;
            }
        }

        return false;
    }

    private void ReadField()
    {
        FieldStart = _position;
        ulong tag = ReadVarint();
        ulong number = tag >> 3;
        if (number is 0 or > 0x1FFFFFFF)
            throw Fault($"there is no protobuf field of number {number}");
        (Number, WireType) = ((int)number, (WireType)(tag & 7));
        Start = _position;
        Length = WireType switch
        {
            WireType.Varint => VarintLength(),
            WireType.Fixed64 => sizeof(ulong),
            WireType.Fixed32 => sizeof(uint),
            WireType.LengthDelimited => ReadLength(),
            WireType.StartGroup or WireType.EndGroup => 0,
            _ => throw Fault($"there is no protobuf wire type {tag & 7}"),
        };
        if (Length > _message.Length - Start)
            throw Fault($"protobuf field {Number} has {Length} bytes, {_message.Length - Start} are left");
        _position = Start + Length;
        if (WireType == WireType.EndGroup && _openGroups == 0)
            throw Fault($"the protobuf group {Number} ends without having begun");
    }

    /// <summary>Skips the group that has just begun, including groups nested in it.</summary>
    private void SkipGroup()
    {
        Span<int> open = stackalloc int[MaxGroupDepth];
        do
        {
            if (WireType == WireType.StartGroup)
            {
                if (_openGroups == MaxGroupDepth)
                    throw Fault($"protobuf groups are nested more than {MaxGroupDepth} deep");
                open[_openGroups++] = Number;
            }
            else if (WireType == WireType.EndGroup && open[--_openGroups] != Number)
            {
                throw Fault($"the protobuf group {open[_openGroups]} ends as {Number}");
            }

            if (_openGroups == 0)
                return;
            if (_position == _message.Length)
                throw Fault($"the protobuf group {open[_openGroups - 1]} does not end");
            ReadField();
        }
        while (true);
    }

    private int ReadLength()
    {
        ulong length = ReadVarint();
        Start = _position;
        if (length > (ulong)(_message.Length - _position))
            throw Fault($"protobuf field {Number} has {length} bytes, {_message.Length - _position} are left");
        return (int)length;
    }

    private int VarintLength()
    {
        ReadVarint();
        int length = _position - Start;
        _position = Start;
        return length;
    }

    private ulong ReadVarint()
    {
        var rest = _message[_position..];
        int before = rest.Length;
        if (!TryReadVarint(ref rest, out ulong value))
        {
            throw Fault(
                before < MaxVarintBytes ? "a varint does not end" : "a varint has more than ten bytes");
        }

        _position += before - rest.Length;
        return value;
    }

    private readonly DatasetException Fault(string problem) =>
        new(path, offset + FieldStart, $"it is no tf.train.Example: {problem}");
}
