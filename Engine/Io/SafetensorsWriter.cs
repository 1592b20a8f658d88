using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Gqn.Native.Engine.Io;

/// <summary>Collects the tensors of a <see cref="Safetensors"/> file, then writes them in one pass.</summary>
/// <remarks>
/// Data are requested as they are written, so the file may be larger than any array. Wider elements come first, as in
/// other writers: every tensor is then aligned to its element and can be mapped. The same tensors give the same bytes.
/// </remarks>
public sealed class SafetensorsWriter
{
    private static readonly string[] WidestFirst = ["I64", "F32", "F16", "U8"];
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly List<Planned> _tensors = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _metadata = new(StringComparer.Ordinal);

    private sealed record Planned(string Name, string DType, long[] Shape, long Bytes, Action<SafetensorsSink> Write);

    /// <summary>Adds an entry to the metadata.</summary>
    /// <exception cref="ArgumentException">The key is taken, or reserved for the check value.</exception>
    public void AddMetadata(string key, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        CheckText(key, nameof(key));
        CheckText(value, nameof(value));
        if (key is Safetensors.SchemeKey or Safetensors.DigitsKey or Safetensors.ContentKey)
            throw new ArgumentException($"The metadata key '{key}' is kept for the check values.", nameof(key));
        if (!_metadata.TryAdd(key, value))
            throw new ArgumentException($"The metadata key '{key}' is present already.", nameof(key));
    }

    /// <summary>Adds a tensor of 32-bit floating-point numbers.</summary>
    /// <param name="name">Its name in the file.</param>
    /// <param name="shape">Its dimensions, outermost first; empty for a scalar.</param>
    /// <param name="values">Its elements, last dimension fastest; read when the file is written.</param>
    /// <exception cref="ArgumentException">The name is taken or reserved, or the sizes do not agree.</exception>
    public void Add(string name, ReadOnlySpan<long> shape, ReadOnlyMemory<float> values) =>
        AddValues(name, "F32", shape, values.Length, sink => sink.Write(values.Span));

    /// <inheritdoc cref="Add(string, ReadOnlySpan{long}, ReadOnlyMemory{float})"/>
    /// <summary>Adds a tensor of bytes.</summary>
    public void Add(string name, ReadOnlySpan<long> shape, ReadOnlyMemory<byte> values) =>
        AddValues(name, "U8", shape, values.Length, sink => sink.Write(values.Span));

    /// <inheritdoc cref="Add(string, ReadOnlySpan{long}, ReadOnlyMemory{float})"/>
    /// <summary>Adds a tensor of 64-bit integers.</summary>
    public void Add(string name, ReadOnlySpan<long> shape, ReadOnlyMemory<long> values) =>
        AddValues(name, "I64", shape, values.Length, sink => sink.Write(values.Span));

    /// <summary>Adds a tensor whose elements are produced while the file is written.</summary>
    /// <param name="name">Its name in the file.</param>
    /// <param name="dtype">F32, F16, U8 or I64.</param>
    /// <param name="shape">Its dimensions, outermost first; empty for a scalar.</param>
    /// <param name="write">Writes all elements, in pieces of any length; called once by <see cref="Save"/>.</param>
    /// <exception cref="ArgumentException">The name is taken, or the type or the shape is not valid.</exception>
    public void Add(string name, string dtype, ReadOnlySpan<long> shape, Action<SafetensorsSink> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        CheckText(name, nameof(name));
        if (Array.IndexOf(WidestFirst, dtype) < 0)
        {
            throw new ArgumentException(
                $"Tensor '{name}': type '{dtype}' is not one of F32, F16, U8, I64.", nameof(dtype));
        }

        long bytes = SafetensorsEntry.ByteCount(SafetensorsEntry.ElementSize(dtype), shape);
        if (bytes < 0)
            throw new ArgumentException($"Tensor '{name}': the shape is negative or too large.", nameof(shape));
        if (name == Safetensors.MetadataKey || !_names.Add(name))
            throw new ArgumentException($"The tensor name '{name}' is taken.", nameof(name));
        _tensors.Add(new Planned(name, dtype, shape.ToArray(), bytes, write));
    }

    /// <summary>Writes the file; an existing one is replaced only by a whole new one.</summary>
    /// <exception cref="SafetensorsException">A value is too large for half precision.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="InvalidOperationException">
    /// A tensor wrote elements of another type or a different number of them, or the header exceeds
    /// <see cref="Safetensors.MaxHeaderLength"/>.
    /// </exception>
    public void Save(string path)
    {
        List<Planned> ordered = [];
        foreach (string dtype in WidestFirst)
        {
            foreach (var tensor in _tensors)
                if (tensor.DType == dtype)
                    ordered.Add(tensor);
        }

        (byte[] header, int digitsAt, int contentDigitsAt) = Header(ordered);

        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            uint crc = Crc32C.Of(header), content = 0;
            foreach ((string key, string value) in _metadata)
                content += Safetensors.ContentOf(key, value);
            foreach (var tensor in ordered)
            {
                var sink = new SafetensorsSink(stream, path, tensor.Name, tensor.DType, tensor.Bytes)
                {
                    FileCrc = crc,
                    TensorCrc = Safetensors.ContentOf(tensor.Name, tensor.DType, tensor.Shape),
                };
                tensor.Write(sink);
                sink.RequireAll();
                crc = sink.FileCrc;
                content += sink.TensorCrc;
            }

            stream.Position = digitsAt;
            stream.Write(Encoding.ASCII.GetBytes(Safetensors.Digits(crc)));
            stream.Position = contentDigitsAt;
            stream.Write(Encoding.ASCII.GetBytes(Safetensors.Digits(content)));
        });
    }

    private void AddValues(
        string name, string dtype, ReadOnlySpan<long> shape, int count, Action<SafetensorsSink> write)
    {
        int size = SafetensorsEntry.ElementSize(dtype);
        if (SafetensorsEntry.ByteCount(size, shape) != (long)count * size)
            throw new ArgumentException($"Tensor '{name}': {count} elements do not fill its shape.", nameof(shape));
        Add(name, dtype, shape, write);
    }

    /// <summary>
    /// The length, the padded JSON header with zeros as digits, and the offsets of those digits in the file.
    /// </summary>
    private (byte[] Bytes, int DigitsAt, int ContentDigitsAt) Header(List<Planned> ordered)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteStartObject(Safetensors.MetadataKey);
        json.WriteString(Safetensors.SchemeKey, Safetensors.Scheme);
        json.WriteString(Safetensors.DigitsKey, Safetensors.ZeroDigits);
        json.Flush();
        int digitsAt = 8 + buffer.WrittenCount - 1 - Safetensors.ZeroDigits.Length;
        json.WriteString(Safetensors.ContentKey, Safetensors.ZeroDigits);
        json.Flush();
        int contentDigitsAt = 8 + buffer.WrittenCount - 1 - Safetensors.ZeroDigits.Length;
        foreach ((string key, string value) in _metadata)
            json.WriteString(key, value);
        json.WriteEndObject();

        long begin = 0;
        foreach (var tensor in ordered)
        {
            json.WriteStartObject(tensor.Name);
            json.WriteString("dtype", tensor.DType);
            json.WriteStartArray("shape");
            foreach (long dimension in tensor.Shape)
                json.WriteNumberValue(dimension);
            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(begin);
            json.WriteNumberValue(begin = checked(begin + tensor.Bytes));
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.Flush();

        int length = (buffer.WrittenCount + 7) / 8 * 8;
        if (length > Safetensors.MaxHeaderLength)
            throw new InvalidOperationException($"A header of {length} bytes exceeds {Safetensors.MaxHeaderLength}.");
        byte[] bytes = new byte[8 + length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
        bytes.AsSpan(8).Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(bytes.AsSpan(8));
        return (bytes, digitsAt, contentDigitsAt);
    }

    private static void CheckText(string text, string parameter)
    {
        ArgumentNullException.ThrowIfNull(text, parameter);
        try
        {
            _ = StrictUtf8.GetByteCount(text);
        }
        catch (EncoderFallbackException error)
        {
            throw new ArgumentException("The text holds half of a surrogate pair.", parameter, error);
        }
    }
}

/// <summary>Takes the elements of one tensor while a <see cref="SafetensorsWriter"/> saves its file.</summary>
public sealed class SafetensorsSink
{
    private readonly Stream _stream;
    private readonly string _path;
    private readonly string _name;
    private readonly string _dtype;
    private long _remaining;

    internal SafetensorsSink(Stream stream, string path, string name, string dtype, long bytes) =>
        (_stream, _path, _name, _dtype, _remaining) = (stream, path, name, dtype, bytes);

    /// <summary>The CRC of the file so far.</summary>
    internal uint FileCrc { get; set; }

    /// <summary>The CRC of the tensor so far, its description included.</summary>
    internal uint TensorCrc { get; set; }

    /// <summary>
    /// Writes the next elements of an F32 tensor, or of an F16 one, rounded to the nearest half, ties to even.
    /// </summary>
    /// <exception cref="SafetensorsException">A value would round to infinity.</exception>
    /// <exception cref="InvalidOperationException">The tensor has another type, or fewer elements are left.</exception>
    public void Write(ReadOnlySpan<float> values)
    {
        if (_dtype != "F16")
        {
            Write("F32", MemoryMarshal.AsBytes(values));
            return;
        }

        Span<Half> chunk = new Half[Math.Min(values.Length, 1 << 15)];
        for (int done = 0; done < values.Length; done += chunk.Length)
        {
            var piece = chunk[..Math.Min(chunk.Length, values.Length - done)];
            for (int i = 0; i < piece.Length; i++)
                piece[i] = ToHalf(values[done + i]);
            Write("F16", MemoryMarshal.AsBytes(piece));
        }
    }

    /// <summary>Writes the next elements of a U8 tensor.</summary>
    /// <exception cref="InvalidOperationException">The tensor has another type, or fewer elements are left.</exception>
    public void Write(ReadOnlySpan<byte> values) => Write("U8", values);

    /// <summary>Writes the next elements of an I64 tensor.</summary>
    /// <exception cref="InvalidOperationException">The tensor has another type, or fewer elements are left.</exception>
    public void Write(ReadOnlySpan<long> values) => Write("I64", MemoryMarshal.AsBytes(values));

    /// <summary>Checks that all elements were written.</summary>
    internal void RequireAll()
    {
        if (_remaining > 0)
            throw new InvalidOperationException($"Tensor '{_name}': {_remaining} bytes were not written.");
    }

    private Half ToHalf(float value)
    {
        var half = (Half)value;
        if (Half.IsInfinity(half) && float.IsFinite(value))
        {
            throw new SafetensorsException(
                _path, FormattableString.Invariant(
                    $"tensor '{_name}' would hold {value}, and half precision ends at 65504"));
        }

        return half;
    }

    private void Write(string dtype, ReadOnlySpan<byte> bytes)
    {
        if (dtype != _dtype)
            throw new InvalidOperationException($"Tensor '{_name}': elements are {_dtype}, but {dtype} was written.");
        if (bytes.Length > _remaining)
            throw new InvalidOperationException($"Tensor '{_name}': more elements were written than its shape holds.");
        _stream.Write(bytes);
        FileCrc = Crc32C.Append(FileCrc, bytes);
        TensorCrc = Crc32C.Append(TensorCrc, bytes);
        _remaining -= bytes.Length;
    }
}
