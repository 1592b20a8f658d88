using System.Runtime.CompilerServices;

namespace Gqn.Native.Imaging;

/// <summary>A Huffman code of a JPEG file: up to 256 symbols with codes of 1 to 16 bits.</summary>
internal sealed class JpegHuffmanTable
{
    private const int FastBits = 9, MaxBits = 16;

    // length << 8 | symbol of every code of up to nine bits, at all indices with that prefix; 0 elsewhere.
    private readonly ushort[] _fast = new ushort[1 << FastBits];
    private readonly byte[] _symbols = new byte[256];

    // For each length: the first 16-bit pattern after its codes, and the offset from a code to its symbol's index.
    private readonly uint[] _end = new uint[MaxBits + 1];
    private readonly int[] _delta = new int[MaxBits + 1];

    /// <summary>Sets the code from a DHT segment.</summary>
    /// <param name="counts">The number of codes of 1, 2, ..., 16 bits.</param>
    /// <param name="symbols">The symbols of these codes, in order.</param>
    /// <returns>False if there are more codes of a length than that length permits.</returns>
    public bool TrySet(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols)
    {
        symbols.CopyTo(_symbols);
        Array.Clear(_fast);
        uint code = 0;
        int place = 0;
        for (int length = 1; length <= MaxBits; length++)
        {
            _delta[length] = place - (int)code;
            for (int i = 0; i < counts[length - 1]; i++, code++, place++)
            {
                if (code >= 1u << length)
                    return false;
                if (length > FastBits)
                    continue;
                int first = (int)code << (FastBits - length);
                _fast.AsSpan(first, 1 << (FastBits - length)).Fill((ushort)((length << 8) | symbols[place]));
            }

            _end[length] = code << (MaxBits - length);
            code <<= 1;
        }

        return true;
    }

    /// <summary>Reads one symbol.</summary>
    /// <returns>The symbol, or -1 if the bits are not a code.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Read(ref JpegBits bits)
    {
        uint ahead = bits.Peek16();
        int fast = _fast[ahead >> (MaxBits - FastBits)];
        if (fast != 0)
        {
            bits.Skip(fast >> 8);
            return fast & 0xFF;
        }

        return ReadLong(ahead, ref bits);
    }

    private int ReadLong(uint ahead, ref JpegBits bits)
    {
        for (int length = FastBits + 1; length <= MaxBits; length++)
        {
            if (ahead >= _end[length])
                continue;
            bits.Skip(length);
            return _symbols[((int)(ahead >> (MaxBits - length)) + _delta[length]) & 0xFF];
        }

        return -1;
    }
}
