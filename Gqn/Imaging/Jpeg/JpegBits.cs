using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Gqn.Native.Imaging;

/// <summary>The bits of a JPEG scan: stuffed bytes are taken out, and a marker ends them.</summary>
/// <param name="jpeg">The whole file.</param>
/// <param name="position">Where the scan's data begin.</param>
internal ref struct JpegBits(ReadOnlySpan<byte> jpeg, int position)
{
    private readonly ReadOnlySpan<byte> _jpeg = jpeg;
    private ulong _bits;
    private int _count;

    // Behind the last bit come zeros, so that looking ahead needs no special case; they must never be used.
    private int _padding;

    /// <summary>Where reading goes on; after the scan, its closing marker.</summary>
    public int Position { get; private set; } = position;

    /// <summary>Whether more bits were taken than there are.</summary>
    public readonly bool IsExhausted => _count < _padding;

    /// <summary>The next sixteen bits, which stay.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Peek16()
    {
        if (_count < 16)
            Refill();
        return (uint)(_bits >> (_count - 16)) & 0xFFFF;
    }

    /// <summary>Drops bits; at most sixteen, and no more than were looked at.</summary>
    public void Skip(int count) => _count -= count;

    /// <summary>The next bits as the signed number of <paramref name="size"/> bits that JPEG codes so: the upper half
    /// of the range stands for itself, the lower for the negative numbers.</summary>
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

    /// <summary>Goes behind a restart marker.</summary>
    /// <param name="number">Which of the eight.</param>
    /// <returns>False where it is not there.</returns>
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

    /// <summary>Takes bytes until at least 32 bits are there.</summary>
    private void Refill()
    {
        if (Position + sizeof(uint) <= _jpeg.Length)
        {
            uint four = BinaryPrimitives.ReadUInt32BigEndian(_jpeg[Position..]);
            // No byte of it is FF, the first byte of markers and stuffing: no byte of its complement is 0.
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
        // FF FF is one FF and a fill byte before a marker.
        while (Position + 1 < _jpeg.Length && _jpeg[Position + 1] == 0xFF)
            Position++;
        if (Position + 1 >= _jpeg.Length || _jpeg[Position + 1] != 0)
            return false;
        Position += 2;
        return true;
    }
}
