namespace Gqn.Native.Data;

/// <summary>The ways in which protobuf's wire format lays out a value.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    LengthDelimited = 2,
    StartGroup = 3,
    EndGroup = 4,
    Fixed32 = 5,
}

/// <summary>Walks over the fields of one protobuf message; nested messages are left as they are, and groups are
/// skipped.</summary>
/// <param name="message">The message.</param>
/// <param name="path">The file it comes from, for messages.</param>
/// <param name="offset">Where in the file it begins.</param>
internal ref struct ProtobufFields(ReadOnlySpan<byte> message, string path, long offset)
{
    /// <summary>As in other readers of the format; a message of the data sets has no group at all.</summary>
    private const int MaxGroupDepth = 100;

    private const int MaxVarintBytes = 10;

    private readonly ReadOnlySpan<byte> _message = message;
    private int _position;
    private int _openGroups;

    /// <summary>The number of the current field.</summary>
    public int Number { get; private set; }

    /// <summary>How the current field is laid out; never a group.</summary>
    public WireType WireType { get; private set; }

    /// <summary>Where the current field, its tag included, begins in the message.</summary>
    public int FieldStart { get; private set; }

    /// <summary>Where the value begins, behind tag and length.</summary>
    public int Start { get; private set; }

    /// <summary>How many bytes the value has.</summary>
    public int Length { get; private set; }

    /// <summary>The value's bytes.</summary>
    public readonly ReadOnlySpan<byte> Value => _message.Slice(Start, Length);

    /// <summary>Where in the file the value begins.</summary>
    public readonly long ValueOffset => offset + Start;

    /// <summary>Goes to the next field.</summary>
    /// <returns>False at the end of the message.</returns>
    /// <exception cref="DatasetException">The message breaks the wire format.</exception>
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

    /// <summary>The number that a varint at the beginning of some bytes holds.</summary>
    /// <param name="bytes">Shortened by what was read.</param>
    /// <param name="value">The number.</param>
    /// <returns>False where it has more than ten bytes, or does not end.</returns>
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

    /// <summary>Goes behind the end of the group that has just begun, and of those within it.</summary>
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
