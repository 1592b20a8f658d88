using System.Buffers.Binary;

namespace Gqn.Native.Imaging;

/// <summary>Decodes JPEG images: sequential, Huffman-coded, 8 bits, grey or three components with chroma at full, half
/// or quarter resolution. Progressive, arithmetic, lossless and CMYK images are refused.</summary>
/// <remarks>
/// Every read is bounds-checked, work is bounded by the image's size, and memory is allocated only for images that the
/// bytes could hold. Buffers are reused for the next image. Not thread-safe.
/// </remarks>
internal sealed class JpegDecoder
{
    private const int BlockSize = 8, BlockLength = 64, Tables = 4, MaxComponents = 3;
    private const int StartOfImage = 0xD8, EndOfImage = 0xD9, StartOfScan = 0xDA, QuantisationTables = 0xDB;
    private const int HuffmanTables = 0xC4, RestartInterval = 0xDD, Adobe = 0xEE;

    private const int ExifData = 0xE1;

    /// <summary>What to do about a picture of a kind that is not read.</summary>
    private const string Remedy = "; convert it to baseline JPEG or 8-bit PNG";

    private readonly int[][] _quantisation = [.. Enumerable.Range(0, Tables).Select(_ => new int[BlockLength])];
    private readonly JpegHuffmanTable[] _dc = [.. Enumerable.Range(0, Tables).Select(_ => new JpegHuffmanTable())];
    private readonly JpegHuffmanTable[] _ac = [.. Enumerable.Range(0, Tables).Select(_ => new JpegHuffmanTable())];
    private readonly JpegComponent[] _components = [new(), new(), new()];
    private readonly JpegComponent[] _scan = new JpegComponent[MaxComponents];
    private int _quantisationSet, _dcSet, _acSet, _count, _restart, _horizontal, _vertical;
    private bool _isRgb;
    private byte[] _rows = [];

    /// <summary>Width of the last decoded image, in pixels.</summary>
    public int Width { get; private set; }

    /// <summary>Height of the last decoded image, in pixels.</summary>
    public int Height { get; private set; }

    /// <summary>The EXIF orientation that the last decoded image states; its pixels are as stored.</summary>
    public int Orientation { get; private set; }

    /// <summary>Whether the bytes start with the signature of a JPEG file.</summary>
    public static bool Recognises(ReadOnlySpan<byte> bytes) => bytes is [0xFF, StartOfImage, ..];

    /// <summary>Decodes an image into components; <see cref="WriteRgb"/> writes its pixels.</summary>
    /// <exception cref="ImageFormatException">The image is damaged, or of an unsupported format.</exception>
    public void Decode(ReadOnlySpan<byte> jpeg)
    {
        (_quantisationSet, _dcSet, _acSet, _count, _restart, _isRgb) = (0, 0, 0, 0, 0, false);
        Orientation = ExifOrientation.Upright;
        if (!Recognises(jpeg))
            throw new ImageFormatException("it does not begin like a JPEG picture");
        for (int position = 2; ;)
        {
            int marker = NextMarker(jpeg, ref position);
            if (marker == EndOfImage)
                break;
            if (position + 2 > jpeg.Length)
                throw Ended();
            int length = BinaryPrimitives.ReadUInt16BigEndian(jpeg[position..]);
            if (length < 2)
                throw new ImageFormatException($"JPEG segment {marker:X2} has an impossible length");
            if (position + length > jpeg.Length)
                throw Ended();
            var segment = jpeg.Slice(position + 2, length - 2);
            position += length;
            if (marker == StartOfScan)
                position = DecodeScan(segment, jpeg, position);
            else
                ReadSegment(marker, segment, jpeg.Length);
        }

        if (_count == 0)
            throw new ImageFormatException("a JPEG picture without a frame");
        foreach (var component in _components.AsSpan(0, _count))
        {
            if (!component.IsDecoded)
                throw new ImageFormatException($"a JPEG picture without the data of component {component.Id}");
        }
    }

    /// <summary>Writes the pixels of the last decoded image.</summary>
    /// <param name="rgb">Receives Height x Width x 3 bytes.</param>
    public void WriteRgb(Span<byte> rgb)
    {
        int room = Width + 1;
        if (_rows.Length < 2 * room)
            _rows = new byte[2 * room];
        for (int y = 0; y < Height; y++)
        {
            var target = rgb.Slice(y * Width * 3, Width * 3);
            ReadOnlySpan<byte> first = _components[0].Samples.AsSpan(y * _components[0].Stride, Width);
            if (_count == 1)
            {
                JpegColour.WriteGrey(first, target);
                continue;
            }

            var second = Row(_components[1], y, _rows.AsSpan(0, room));
            var third = Row(_components[2], y, _rows.AsSpan(room, room));
            if (_isRgb)
                JpegColour.WriteRgb(first, second, third, target);
            else
                JpegColour.WriteYcc(first, second, third, target);
        }
    }

    private ReadOnlySpan<byte> Row(JpegComponent component, int y, Span<byte> room)
    {
        int across = _horizontal / component.Horizontal, down = _vertical / component.Vertical;
        if (across == 1 && down == 1)
            return component.Samples.AsSpan(y * component.Stride, Width);
        if (across <= 2 && down <= 2)
            JpegColour.Upsample(component, y, across == 2, down == 2, room);
        else
            JpegColour.Repeat(component, y, across, down, room[..Width]);
        return room[..Width];
    }

    private static int NextMarker(ReadOnlySpan<byte> jpeg, ref int position)
    {
        if (position + 1 < jpeg.Length && jpeg[position] != 0xFF)
            throw new ImageFormatException($"no JPEG marker at byte {position} of the picture");
        while (position + 1 < jpeg.Length && jpeg[position + 1] == 0xFF)
            position++;
        if (position + 1 >= jpeg.Length)
            throw Ended();
        position += 2;
        return jpeg[position - 1];
    }

    private void ReadSegment(int marker, ReadOnlySpan<byte> segment, int fileLength)
    {
        switch (marker)
        {
            case 0xC0 or 0xC1:
                ReadFrame(segment, fileLength);
                break;
            case HuffmanTables:
                ReadHuffmanTables(segment);
                break;
            case QuantisationTables:
                ReadQuantisationTables(segment);
                break;
            case RestartInterval:
                _restart = segment.Length == 2 ? BinaryPrimitives.ReadUInt16BigEndian(segment) : throw Broken(marker);
                break;
            case Adobe:
                _isRgb |= segment is [(byte)'A', (byte)'d', (byte)'o', (byte)'b', (byte)'e', _, _, _, _, _, _, 0, ..];
                break;
            case 0xC2 or 0xC6:
                throw new ImageFormatException("progressive JPEG pictures are not read" + Remedy);
            case (>= 0xC3 and <= 0xCF) or 0xDC or 0xDE or 0xDF:
                throw new ImageFormatException($"JPEG pictures of kind {marker:X2} are not read{Remedy}");
            // The pixels stay as they are stored: the cameras of a data set belong to these.
            case ExifData:
                Orientation = ExifOrientation.OfSegment(segment) ?? Orientation;
                break;
            // Application data and comments.
            case (>= 0xE0 and <= 0xEF) or 0xFE:
                break;
            default:
                throw new ImageFormatException($"no JPEG segment can be of kind {marker:X2}");
        }
    }

    private void ReadFrame(ReadOnlySpan<byte> segment, int fileLength)
    {
        if (_count != 0)
            throw new ImageFormatException("a JPEG picture of several frames");
        if (segment.Length < 6 || segment.Length != 6 + (3 * segment[5]))
            throw Broken(0xC0);
        if (segment[0] != 8)
            throw new ImageFormatException($"JPEG pictures of {segment[0]} bits a sample are not read{Remedy}");
        Height = BinaryPrimitives.ReadUInt16BigEndian(segment[1..]);
        Width = BinaryPrimitives.ReadUInt16BigEndian(segment[3..]);
        ImageDecoder.ThrowIfTooLarge(Width, Height);
        int count = segment[5];
        if (count is not (1 or MaxComponents))
        {
            string kind = count == 4 ? "CMYK JPEG pictures" : $"JPEG pictures of {count} components";
            throw new ImageFormatException(kind + " are not read; convert it to RGB, as baseline JPEG or 8-bit PNG");
        }

        (_horizontal, _vertical) = (1, 1);
        for (int i = 0; i < count; i++)
        {
            var component = _components[i];
            component.Id = segment[6 + (3 * i)];
            // The blocks of a single component are in raster order, whatever its sampling factors.
            int factors = count == 1 ? 0x11 : segment[7 + (3 * i)];
            (component.Horizontal, component.Vertical) = (factors >> 4, factors & 15);
            component.Quantisation = segment[8 + (3 * i)];
            if (component.Horizontal is not (1 or 2 or 4) || component.Vertical is not (1 or 2 or 4))
            {
                throw new ImageFormatException(
                    $"JPEG pictures with a sampling of {component.Horizontal}x{component.Vertical} are not read"
                    + Remedy);
            }

            if (component.Quantisation >= Tables)
                throw new ImageFormatException($"there is no JPEG table {component.Quantisation}");

            _horizontal = Math.Max(_horizontal, component.Horizontal);
            _vertical = Math.Max(_vertical, component.Vertical);
        }

        if (count > 1 && (_components[0].Horizontal < _horizontal || _components[0].Vertical < _vertical))
        {
            throw new ImageFormatException(
                "JPEG pictures whose first component is not the finest are not read" + Remedy);
        }

        _isRgb |= count == MaxComponents
            && (_components[0].Id, _components[1].Id, _components[2].Id) == ('R', 'G', 'B');
        Allocate(count, fileLength);
        _count = count;
    }

    private void Allocate(int count, int fileLength)
    {
        int across = Units(Width, _horizontal), down = Units(Height, _vertical);
        long blocks = 0;
        foreach (var component in _components.AsSpan(0, count))
            blocks += (long)across * down * component.Horizontal * component.Vertical;
        // A block takes two codes of at least one bit each: a shorter file cannot hold the image that it claims.
        if (blocks * 2 > fileLength * 8L)
            throw new ImageFormatException($"{fileLength} bytes are too few for a JPEG picture of {Width}x{Height}");
        foreach (var component in _components.AsSpan(0, count))
        {
            component.Width = ((Width * component.Horizontal) + _horizontal - 1) / _horizontal;
            component.Height = ((Height * component.Vertical) + _vertical - 1) / _vertical;
            component.Allocate(
                across * component.Horizontal * BlockSize, down * component.Vertical * BlockSize);
        }
    }

    private void ReadHuffmanTables(ReadOnlySpan<byte> segment)
    {
        while (segment.Length > 0)
        {
            if (segment.Length < 17)
                throw Broken(HuffmanTables);
            int kind = segment[0] >> 4, number = segment[0] & 15, total = 0;
            var counts = segment.Slice(1, 16);
            foreach (byte count in counts)
                total += count;
            if (kind > 1 || number >= Tables || total > 256 || segment.Length < 17 + total)
                throw Broken(HuffmanTables);
            if (!(kind == 0 ? _dc : _ac)[number].TrySet(counts, segment.Slice(17, total)))
                throw new ImageFormatException("a JPEG picture with an impossible Huffman code");
            if (kind == 0)
                _dcSet |= 1 << number;
            else
                _acSet |= 1 << number;
            segment = segment[(17 + total)..];
        }
    }

    private void ReadQuantisationTables(ReadOnlySpan<byte> segment)
    {
        while (segment.Length > 0)
        {
            int bytes = 1 + (segment[0] >> 4), number = segment[0] & 15;
            if (bytes > 2 || number >= Tables || segment.Length < 1 + (bytes * BlockLength))
                throw Broken(QuantisationTables);
            for (int k = 0; k < BlockLength; k++)
            {
                _quantisation[number][k] = bytes == 1
                    ? segment[1 + k]
                    : BinaryPrimitives.ReadUInt16BigEndian(segment[(1 + (2 * k))..]);
            }

            _quantisationSet |= 1 << number;
            segment = segment[(1 + (bytes * BlockLength))..];
        }
    }

    /// <summary>Decodes one scan.</summary>
    /// <returns>The offset of the scan's closing marker.</returns>
    private int DecodeScan(ReadOnlySpan<byte> header, ReadOnlySpan<byte> jpeg, int position)
    {
        if (_count == 0)
            throw new ImageFormatException("a JPEG scan before the frame");
        if (header.Length < 1 || header[0] is 0 or > MaxComponents || header.Length != 4 + (2 * header[0]))
            throw Broken(StartOfScan);
        var components = _scan.AsSpan(0, header[0]);
        for (int i = 0; i < components.Length; i++)
            components[i] = Select(header[1 + (2 * i)], header[2 + (2 * i)]);
        if (header[^3] != 0 || header[^2] != BlockLength - 1 || header[^1] != 0)
            throw new ImageFormatException("a JPEG scan of some frequencies only; sequential pictures have none");

        bool single = components.Length == 1;
        int across = single ? Units(components[0].Width, 1) : Units(Width, _horizontal);
        int down = single ? Units(components[0].Height, 1) : Units(Height, _vertical);
        var bits = new JpegBits(jpeg, position);
        for (int unit = 0; unit < across * down; unit++)
        {
            if (_restart > 0 && unit > 0 && unit % _restart == 0)
            {
                if (!bits.TryRestart(((unit / _restart) - 1) & 7))
                    throw new ImageFormatException($"no JPEG restart marker before unit {unit}");
                foreach (var component in components)
                    component.Prediction = 0;
            }

            (int row, int column) = Math.DivRem(unit, across);
            if (single)
                DecodeBlock(ref bits, components[0], column, row);
            else
                DecodeUnit(ref bits, components, column, row);
            if (bits.IsExhausted)
                throw Ended();
        }

        return bits.Position;
    }

    private JpegComponent Select(int id, int tables)
    {
        foreach (var component in _components.AsSpan(0, _count))
        {
            if (component.Id != id || component.IsDecoded)
                continue;
            int dc = tables >> 4, ac = tables & 15;
            if (dc >= Tables || ac >= Tables || (_dcSet >> dc & _acSet >> ac & 1) == 0
                || (_quantisationSet >> component.Quantisation & 1) == 0)
            {
                throw new ImageFormatException($"JPEG component {id} uses a table that is not there");
            }

            (component.Dc, component.Ac, component.Prediction) = (_dc[dc], _ac[ac], 0);
            component.IsDecoded = true;
            return component;
        }

        throw new ImageFormatException($"a JPEG scan of component {id}, which is not there or was there before");
    }

    private void DecodeUnit(ref JpegBits bits, Span<JpegComponent> components, int column, int row)
    {
        foreach (var component in components)
        {
            for (int y = 0; y < component.Vertical; y++)
            {
                for (int x = 0; x < component.Horizontal; x++)
                {
                    DecodeBlock(
                        ref bits, component, (column * component.Horizontal) + x, (row * component.Vertical) + y);
                }
            }
        }
    }

    private void DecodeBlock(ref JpegBits bits, JpegComponent component, int column, int row)
    {
        Span<int> block = stackalloc int[BlockLength];
        block.Clear();
        ReadOnlySpan<int> quantisation = _quantisation[component.Quantisation];
        int size = component.Dc.Read(ref bits);
        if (size is < 0 or > 15)
            throw NoCode();
        component.Prediction += bits.Receive(size);
        block[0] = component.Prediction * quantisation[0];
        bool flat = true;
        for (int k = 1; k < BlockLength; k++)
        {
            int symbol = component.Ac.Read(ref bits);
            if (symbol < 0)
                throw NoCode();
            int run = symbol >> 4;
            size = symbol & 15;
            if (size == 0 && run < 15)
                break;
            k += run;
            if (k >= BlockLength)
                throw NoCode();
            if (size == 0)
                continue;
            block[JpegZigZag.Order[k]] = bits.Receive(size) * quantisation[k];
            flat = false;
        }

        var samples =
            component.Samples.AsSpan((row * BlockSize * component.Stride) + (column * BlockSize));
        if (flat)
            InverseDct.Fill(block[0], samples, component.Stride);
        else
            InverseDct.Transform(block, samples, component.Stride);
    }

    private static int Units(int samples, int factor) => (samples + (BlockSize * factor) - 1) / (BlockSize * factor);

    private static ImageFormatException Broken(int marker) => new($"JPEG segment {marker:X2} is broken");

    private static ImageFormatException NoCode() => new("JPEG data that are no Huffman code");

    private static ImageFormatException Ended() => new("the JPEG picture ends too early");
}
