using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Gqn.Native.Imaging;

/// <summary>Reads the bits of a JPEG scan: stuffed bytes are removed, and a marker ends the scan.</summary>
/// <param name="jpeg">The whole file.</param>
/// <param name="position">The offset of the scan's data in the file.</param>
internal ref struct JpegBits(ReadOnlySpan<byte> jpeg, int position)
{
    private readonly ReadOnlySpan<byte> _jpeg = jpeg;
    private ulong _bits;
    private int _count;

    // Zeros follow the last bit, so that looking ahead needs no special case; they must never be consumed.
    private int _padding;

    /// <summary>The offset of the next byte to read; after the scan, that of its closing marker.</summary>
    public int Position { get; private set; } = position;

    /// <summary>Whether more bits were consumed than the scan has.</summary>
    public readonly bool IsExhausted => _count < _padding;

    /// <summary>Returns the next sixteen bits without consuming them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Peek16()
    {
        if (_count < 16)
            Refill();
        return (uint)(_bits >> (_count - 16)) & 0xFFFF;
    }

    /// <summary>Consumes bits: at most sixteen, and no more than were peeked at.</summary>
    public void Skip(int count) => _count -= count;

    /// <summary>Reads a signed number of <paramref name="size"/> bits in JPEG's code: the upper half of the range
    /// represents the positive numbers, the lower half the negative ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Receive(int size)
    {
        if (size == 0)
            return 0;
        if (_count < size)
            Refill();
        _count -= size;
        int value = (int)(_bits >> _count) & ((1 << size) - 1);
        return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
    }

    /// <summary>Skips a restart marker.</summary>
    /// <param name="number">The expected number of the marker, 0 to 7.</param>
    /// <returns>False if the marker is missing.</returns>
    public bool TryRestart(int number)
    {
        if (_count < 16)
            Refill();
        bool aligned = _count - _padding < 8;
        (_bits, _count, _padding) = (0, 0, 0);
        if (!aligned || !TryMarker(out int marker) || marker != 0xD0 + number)
            return false;
        Position += 2;
        return true;
    }

    private readonly bool TryMarker(out int marker)
    {
        marker = Position + 1 < _jpeg.Length && _jpeg[Position] == 0xFF ? _jpeg[Position + 1] : 0;
        return marker != 0;
    }

    /// <summary>Reads bytes until at least 32 bits are available.</summary>
    private void Refill()
    {
        if (Position + sizeof(uint) <= _jpeg.Length)
        {
            uint four = BinaryPrimitives.ReadUInt32BigEndian(_jpeg[Position..]);
            // No byte is FF, the first byte of markers and stuffing: no byte of the complement is 0.
            if ((((~four - 0x01010101u) & four) & 0x80808080u) == 0)
            {
                _bits = (_bits << 32) | four;
                _count += 32;
                Position += sizeof(uint);
                return;
            }
        }

        while (_count <= 48)
        {
            uint next = 0;
            if (TryNextByte(out byte value))
                next = value;
            else
                _padding += 8;
            _bits = (_bits << 8) | next;
            _count += 8;
        }
    }

    private bool TryNextByte(out byte value)
    {
        value = 0;
        if (Position >= _jpeg.Length)
            return false;
        value = _jpeg[Position];
        if (value != 0xFF)
        {
            Position++;
            return true;
        }
        // In FF FF, the first FF is a fill byte before a marker.
        while (Position + 1 < _jpeg.Length && _jpeg[Position + 1] == 0xFF)
            Position++;
        if (Position + 1 >= _jpeg.Length || _jpeg[Position + 1] != 0)
            return false;
        Position += 2;
        return true;
    }
}
