using System.Buffers.Binary;
using System.IO.Compression;

namespace Gqn.Native.Imaging;

/// <summary>Decodes non-interlaced PNG images with 8 bits per sample: grey, colour or palette; transparency is
/// ignored.</summary>
/// <remarks>
/// Memory is allocated only for images that the bytes could hold, and no more than the image is inflated. Buffers are
/// reused for the next image. Not thread-safe.
/// </remarks>
internal sealed class PngDecoder
{
    private const int HeaderLength = 13, ChunkOverhead = 12;

    /// <summary>The largest expansion of deflate: a match of 258 bytes takes at least two bits.</summary>
    private const int MaxInflation = 1032;

    private static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 0x1A, 10];

    private readonly byte[] _palette = new byte[256 * 3];
    private byte[] _deflated = [], _filtered = [], _nothing = [];
    private int _deflatedLength, _colourType, _paletteLength, _samples;

    /// <summary>Width of the last decoded image, in pixels.</summary>
    public int Width { get; private set; }

    /// <summary>Height of the last decoded image, in pixels.</summary>
    public int Height { get; private set; }

    /// <summary>Whether the bytes start with the signature of a PNG file.</summary>
    public static bool Recognises(ReadOnlySpan<byte> bytes) => bytes.StartsWith(Signature);

    /// <summary>Decodes an image; <see cref="WriteRgb"/> writes its pixels.</summary>
    /// <exception cref="ImageFormatException">The image is damaged, or of an unsupported format.</exception>
    public void Decode(ReadOnlySpan<byte> png)
    {
        if (!Recognises(png))
            throw new ImageFormatException("it does not begin like a PNG picture");
        (_deflatedLength, _paletteLength, Width) = (0, 0, 0);
        if (_deflated.Length < png.Length)
            _deflated = new byte[png.Length];
        for (var rest = png[Signature.Length..]; ;)
        {
            if (rest.Length < ChunkOverhead)
                throw new ImageFormatException("the PNG picture ends too early");
            uint length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > rest.Length - ChunkOverhead)
                throw new ImageFormatException("the PNG picture ends too early");
            ReadOnlySpan<byte> type = rest.Slice(4, 4), data = rest.Slice(8, (int)length);
            if (type.SequenceEqual("IEND"u8))
                break;
            ReadChunk(type, data);
            rest = rest[((int)length + ChunkOverhead)..];
        }

        Inflate();
        Unfilter();
        if (_colourType == 3)
            CheckColours();
    }

    /// <summary>Writes the pixels of the last decoded image.</summary>
    /// <param name="rgb">Receives Height x Width x 3 bytes.</param>
    public void WriteRgb(Span<byte> rgb)
    {
        int stride = Width * _samples;
        for (int y = 0; y < Height; y++)
        {
            ReadOnlySpan<byte> row = _filtered.AsSpan((y * (stride + 1)) + 1, stride);
            var target = rgb.Slice(y * Width * 3, Width * 3);
            if (_colourType == 2)
            {
                row.CopyTo(target);
                continue;
            }

            for (int x = 0; x < Width; x++)
            {
                var pixel = row.Slice(x * _samples, _samples);
                var colour = target.Slice(3 * x, 3);
                if (_colourType == 6)
                    pixel[..3].CopyTo(colour);
                else if (_colourType == 3)
                    _palette.AsSpan(pixel[0] * 3, 3).CopyTo(colour);
                else
                    colour.Fill(pixel[0]);
            }
        }
    }

    private void CheckColours()
    {
        for (int y = 0; y < Height; y++)
        {
            foreach (byte number in _filtered.AsSpan((y * (Width + 1)) + 1, Width))
            {
                if (number >= _paletteLength)
                    throw new ImageFormatException($"PNG colour {number} of a palette of {_paletteLength}");
            }
        }
    }

    private void ReadChunk(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        if (type.SequenceEqual("IHDR"u8))
        {
            ReadHeader(data);
        }
        else if (Width == 0)
        {
            throw new ImageFormatException("a PNG picture whose header does not come first");
        }
        else if (type.SequenceEqual("PLTE"u8))
        {
            if (data.Length % 3 != 0 || data.Length > _palette.Length)
                throw new ImageFormatException($"a PNG palette of {data.Length} bytes");
            data.CopyTo(_palette);
            _paletteLength = data.Length / 3;
        }
        else if (type.SequenceEqual("IDAT"u8))
        {
            data.CopyTo(_deflated.AsSpan(_deflatedLength));
            _deflatedLength += data.Length;
        }
        else if ((type[0] & 0x20) == 0)
        {
            throw new ImageFormatException("a PNG picture with a critical chunk that is not known");
        }
    }

    private void ReadHeader(ReadOnlySpan<byte> data)
    {
        if (data.Length != HeaderLength || Width != 0)
            throw new ImageFormatException("a broken PNG header");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(data);
        uint height = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
        ImageDecoder.ThrowIfTooLarge(width, height);
        _colourType = data[9];
        _samples = _colourType switch
        {
            0 or 3 => 1,
            2 => 3,
            4 => 2,
            6 => 4,
            _ => throw new ImageFormatException($"there is no PNG colour type {_colourType}"),
        };
        if (data[8] != 8 || data[10] != 0 || data[11] != 0 || data[12] != 0)
        {
            throw new ImageFormatException(
                $"a PNG picture of {data[8]} bits a sample, interlacing {data[12]}; only 8 bits without interlacing "
                + "are read");
        }

        (Width, Height) = ((int)width, (int)height);
    }

    private void Inflate()
    {
        int length = Height * ((Width * _samples) + 1);
        if (Width == 0 || length > (long)_deflatedLength * MaxInflation)
        {
            throw new ImageFormatException(
                $"{_deflatedLength} bytes are too few for a PNG picture of {Width}x{Height}");
        }

        if (_filtered.Length < length)
            _filtered = new byte[length];
        try
        {
            using var inflating = new ZLibStream(
                new MemoryStream(_deflated, 0, _deflatedLength), CompressionMode.Decompress);
            if (inflating.ReadAtLeast(_filtered.AsSpan(0, length), length, throwOnEndOfStream: false) < length)
                throw new ImageFormatException("the PNG picture's data end too early");
        }
        catch (InvalidDataException error)
        {
            throw new ImageFormatException("the PNG picture's data cannot be inflated", error);
        }
    }

    private void Unfilter()
    {
        int stride = Width * _samples;
        Span<byte> nothing = _nothing.Length < stride ? _nothing = new byte[stride] : _nothing;
        for (int y = 0; y < Height; y++)
        {
            int start = y * (stride + 1);
            Unfilter(
                _filtered[start], _filtered.AsSpan(start + 1, stride),
                y == 0 ? nothing[..stride] : _filtered.AsSpan(start - stride, stride), _samples);
        }
    }

    /// <summary>Reverses the filter of a row, in place.</summary>
    /// <param name="filter">The filter type, 0 to 4.</param>
    /// <param name="row">The bytes of the row.</param>
    /// <param name="above">The row above; zeros for the first.</param>
    /// <param name="distance">The number of bytes between a byte and that of the pixel to the left.</param>
    private static void Unfilter(int filter, Span<byte> row, ReadOnlySpan<byte> above, int distance)
    {
        above = above[..row.Length];
        switch (filter)
        {
            case 0:
                break;
            case 1:
                for (int i = distance; i < row.Length; i++)
                    row[i] += row[i - distance];
                break;
            case 2:
                for (int i = 0; i < row.Length; i++)
                    row[i] += above[i];
                break;
            case 3:
                for (int i = 0; i < row.Length; i++)
                    row[i] += (byte)(((i < distance ? 0 : row[i - distance]) + above[i]) / 2);
                break;
            case 4:
                for (int i = 0; i < distance; i++)
                    row[i] += above[i];
                for (int i = distance; i < row.Length; i++)
                    row[i] += (byte)Paeth(row[i - distance], above[i], above[i - distance]);
                break;
            default:
                throw new ImageFormatException($"there is no PNG filter {filter}");
        }
    }

    /// <summary>The Paeth predictor: the neighbour nearest to left + up - corner.</summary>
    private static int Paeth(int left, int up, int corner)
    {
        int toLeft = Math.Abs(up - corner), toUp = Math.Abs(left - corner);
        int toCorner = Math.Abs(left + up - (2 * corner));
        if (toLeft <= toUp && toLeft <= toCorner)
            return left;
        return toUp <= toCorner ? up : corner;
    }
}
