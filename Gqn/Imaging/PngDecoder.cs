using System.Buffers.Binary;
using System.IO.Compression;

namespace Gqn.Native.Imaging;

/// <summary>Decodes PNG images: grey, colour or palette, 1 to 16 bits per sample, interlaced or not; alpha is
/// ignored.</summary>
/// <remarks>
/// Memory is allocated only for images that the bytes could hold, and no more than the image is inflated. Buffers are
/// reused for the next image. Not thread-safe.
/// </remarks>
internal sealed class PngDecoder
{
    private const int HeaderLength = 13, ChunkOverhead = 12;
    private const int Grey = 0, Colour = 2, Palette = 3, GreyAndAlpha = 4, ColourAndAlpha = 6;

    /// <summary>The largest expansion of deflate: a match of 258 bytes takes at least two bits.</summary>
    private const int MaxInflation = 1032;

    private static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 0x1A, 10];

    private readonly byte[] _palette = new byte[256 * 3];
    private byte[] _deflated = [], _filtered = [], _nothing = [];
    private readonly List<PngPass> _passes = [];
    private int _deflatedLength, _colourType, _depth, _paletteLength, _samples, _bits;

    /// <summary>Width of the last decoded image, in pixels.</summary>
    public int Width { get; private set; }

    /// <summary>Height of the last decoded image, in pixels.</summary>
    public int Height { get; private set; }

    /// <summary>The EXIF orientation that the last decoded image states; its pixels are as stored.</summary>
    public int Orientation { get; private set; }

    /// <summary>Whether the bytes start with the signature of a PNG file.</summary>
    public static bool Recognises(ReadOnlySpan<byte> bytes) => bytes.StartsWith(Signature);

    /// <summary>Decodes an image; <see cref="WriteRgb"/> writes its pixels.</summary>
    /// <exception cref="ImageFormatException">The image is damaged, or of an unsupported format.</exception>
    public void Decode(ReadOnlySpan<byte> png)
    {
        if (!Recognises(png))
            throw new ImageFormatException("it does not begin like a PNG picture");
        (_deflatedLength, _paletteLength, Width) = (0, 0, 0);
        Orientation = ExifOrientation.Upright;
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
        if (_colourType == Palette)
            CheckColours();
    }

    /// <summary>Writes the pixels of the last decoded image.</summary>
    /// <param name="rgb">Receives Height x Width x 3 bytes.</param>
    public void WriteRgb(Span<byte> rgb)
    {
        int start = 0;
        foreach (var pass in _passes)
        {
            for (int y = 0; y < pass.Height; y++, start += 1 + pass.Stride(_bits))
            {
                var row = _filtered.AsSpan(start + 1, pass.Stride(_bits));
                var target = rgb[(3 * (((pass.FirstRow + (y * pass.Down)) * Width) + pass.FirstColumn))..];
                if (_colourType == Colour && _depth == 8 && pass.Across == 1)
                    row.CopyTo(target);
                else
                    WriteRow(row, pass, target);
            }
        }
    }

    /// <summary>Writes the pixels of a row, as far apart as its pass has them.</summary>
    private void WriteRow(ReadOnlySpan<byte> row, in PngPass pass, Span<byte> target)
    {
        bool hasColour = _colourType is Colour or ColourAndAlpha;
        for (int x = 0; x < pass.Width; x++)
        {
            var colour = target.Slice(3 * x * pass.Across, 3);
            if (hasColour)
            {
                for (int channel = 0; channel < 3; channel++)
                    colour[channel] = ToByte(Sample(row, (x * _samples) + channel));
            }
            else if (_colourType == Palette)
            {
                _palette.AsSpan(Sample(row, x) * 3, 3).CopyTo(colour);
            }
            else
            {
                colour.Fill(ToByte(Sample(row, x * _samples)));
            }
        }
    }

    /// <summary>A sample of a row, of 1, 2, 4, 8 or 16 bits.</summary>
    private int Sample(ReadOnlySpan<byte> row, int place)
    {
        switch (_depth)
        {
            case 8:
                return row[place];
            case 16:
                return BinaryPrimitives.ReadUInt16BigEndian(row[(2 * place)..]);
            default:
                int bit = place * _depth;
                return (row[bit / 8] >> (8 - _depth - (bit % 8))) & ((1 << _depth) - 1);
        }
    }

    /// <summary>The nearest of 256 levels to one of 2^depth.</summary>
    private byte ToByte(int sample)
    {
        int most = (1 << _depth) - 1;
        return _depth == 8 ? (byte)sample : (byte)(((sample * byte.MaxValue) + (most / 2)) / most);
    }

    private void CheckColours()
    {
        int start = 0;
        foreach (var pass in _passes)
        {
            for (int y = 0; y < pass.Height; y++, start += 1 + pass.Stride(_bits))
            {
                var row = _filtered.AsSpan(start + 1, pass.Stride(_bits));
                for (int x = 0; x < pass.Width; x++)
                {
                    int number = Sample(row, x);
                    if (number >= _paletteLength)
                        throw new ImageFormatException($"PNG colour {number} of a palette of {_paletteLength}");
                }
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
        else if (type.SequenceEqual("eXIf"u8))
        {
            Orientation = ExifOrientation.Of(data) ?? Orientation;
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
        (_depth, _colourType) = (data[8], data[9]);
        _samples = _colourType switch
        {
            Grey or Palette => 1,
            Colour => 3,
            GreyAndAlpha => 2,
            ColourAndAlpha => 4,
            _ => throw new ImageFormatException($"there is no PNG colour type {_colourType}"),
        };
        bool isDepth = _colourType switch
        {
            Grey => _depth is 1 or 2 or 4 or 8 or 16,
            Palette => _depth is 1 or 2 or 4 or 8,
            _ => _depth is 8 or 16,
        };
        if (!isDepth || data[10] != 0 || data[11] != 0 || data[12] > 1)
        {
            throw new ImageFormatException(
                $"there are no PNG pictures of colour type {_colourType} with {_depth} bits a sample, compression "
                + $"{data[10]}, filters {data[11]} and interlacing {data[12]}");
        }

        (Width, Height) = ((int)width, (int)height);
        _bits = _samples * _depth;
        _passes.Clear();
        PngPass.AddTo(_passes, Width, Height, isInterlaced: data[12] == 1);
    }

    private void Inflate()
    {
        int length = 0;
        foreach (var pass in _passes)
            length += pass.Height * (1 + pass.Stride(_bits));
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
        int start = 0, distance = Math.Max(1, _bits / 8);
        foreach (var pass in _passes)
        {
            int stride = pass.Stride(_bits);
            Span<byte> nothing = _nothing.Length < stride ? _nothing = new byte[stride] : _nothing;
            for (int y = 0; y < pass.Height; y++, start += stride + 1)
            {
                PngFilter.Reverse(
                    _filtered[start], _filtered.AsSpan(start + 1, stride),
                    y == 0 ? nothing[..stride] : _filtered.AsSpan(start - stride, stride), distance);
            }
        }
    }
}
