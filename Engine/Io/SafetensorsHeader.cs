using System.Text.Json;

namespace Gqn.Native.Engine.Io;

/// <summary>
/// The parsed header of a safetensors file, each entry checked on its own; problems are thrown as text.
/// </summary>
internal sealed class SafetensorsHeader
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private bool _hasMetadata;

    /// <summary>A fault in the header, to be reported together with the file's name.</summary>
    internal sealed class Fault(string problem) : Exception(problem);

    internal List<SafetensorsEntry> Tensors { get; } = [];

    internal Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>Offset in the header of the eight digits of the check value; -1 if they are absent.</summary>
    internal int DigitsAt { get; private set; } = -1;

    /// <summary>Offset in the header of the digits of the content's check value; -1 if they are absent.</summary>
    internal int ContentDigitsAt { get; private set; } = -1;

    /// <exception cref="Fault">The header is not JSON of the form that the format requires.</exception>
    internal static SafetensorsHeader Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            if (json.IsEmpty || json[0] != '{')
                throw new Fault("the header does not begin with '{'");
            var reader = new Utf8JsonReader(json);
            reader.Read();
            var header = new SafetensorsHeader();
            while (NextName(ref reader) is { } name)
            {
                if (name == Safetensors.MetadataKey)
                    header.ReadMetadata(ref reader);
                else
                    header.ReadTensor(ref reader, name);
            }
            // Only whitespace may follow; anything else makes the reader throw.
            reader.Read();
            return header;
        }
        catch (JsonException error)
        {
            throw new Fault($"the header is not valid JSON near byte {error.BytePositionInLine ?? 0}");
        }
        catch (InvalidOperationException)
        {
            throw new Fault("the header holds text that is not valid Unicode");
        }
    }

    /// <summary>The next property's name; null at the end of the object.</summary>
    private static string? NextName(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.PropertyName ? reader.GetString() : null;
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (_hasMetadata)
            throw new Fault($"'{Safetensors.MetadataKey}' occurs twice");
        _hasMetadata = true;
        Expect(ref reader, JsonTokenType.StartObject, $"'{Safetensors.MetadataKey}' is not an object");
        while (NextName(ref reader) is { } key)
        {
            Expect(ref reader, JsonTokenType.String, $"metadata '{key}' is not a string");
            if (!Metadata.TryAdd(key, reader.GetString()!))
                throw new Fault($"metadata '{key}' occurs twice");
            bool areDigits = reader.ValueSpan.Length == Safetensors.ZeroDigits.Length;
            int digitsAt = areDigits ? (int)reader.TokenStartIndex + 1 : -1;
            if (key == Safetensors.DigitsKey)
                DigitsAt = digitsAt;
            else if (key == Safetensors.ContentKey)
                ContentDigitsAt = digitsAt;
        }
    }

    private void ReadTensor(ref Utf8JsonReader reader, string name)
    {
        if (!_names.Add(name))
            throw new Fault($"tensor '{name}' occurs twice");
        Expect(ref reader, JsonTokenType.StartObject, $"tensor '{name}' is not an object");
        string? dtype = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (NextName(ref reader) is { } field)
        {
            bool isNew = field switch
            {
                "dtype" => dtype is null,
                "shape" => shape is null,
                "data_offsets" => offsets is null,
                _ => throw new Fault($"tensor '{name}' has the unknown field '{field}'"),
            };
            if (!isNew)
                throw new Fault($"tensor '{name}' has '{field}' twice");
            if (field == "shape")
                shape = ReadNumbers(ref reader, name, field);
            else if (field == "data_offsets")
                offsets = ReadNumbers(ref reader, name, field);
            else
            {
                Expect(ref reader, JsonTokenType.String, $"tensor '{name}' has a dtype that is not a string");
                dtype = reader.GetString();
            }
        }

        if (dtype is null || shape is null || offsets is null)
            throw new Fault($"tensor '{name}' lacks one of dtype, shape and data_offsets");
        Tensors.Add(Checked(name, dtype, shape, offsets));
    }

    private static SafetensorsEntry Checked(string name, string dtype, long[] shape, long[] offsets)
    {
        int size = SafetensorsEntry.ElementSize(dtype);
        if (size == 0)
            throw new Fault($"tensor '{name}' has the unknown dtype '{dtype}'");
        if (offsets.Length != 2 || offsets[1] < offsets[0])
            throw new Fault($"tensor '{name}' has data_offsets that are not a begin and a later end");
        long bytes = SafetensorsEntry.ByteCount(size, shape);
        if (bytes < 0)
            throw new Fault($"tensor '{name}' has a shape that is too large");
        if (bytes != offsets[1] - offsets[0])
            throw new Fault($"tensor '{name}' needs {bytes} bytes, but has {offsets[1] - offsets[0]}");
        return new SafetensorsEntry(name, dtype, shape, offsets[0], offsets[1]);
    }

    private static long[] ReadNumbers(ref Utf8JsonReader reader, string name, string field)
    {
        Expect(ref reader, JsonTokenType.StartArray, $"tensor '{name}' has a {field} that is not an array");
        List<long> numbers = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
                throw new Fault($"tensor '{name}' has a {field} with something else than whole numbers from 0");
            numbers.Add(number);
        }

        return [.. numbers];
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token, string otherwise)
    {
        reader.Read();
        if (reader.TokenType != token)
            throw new Fault(otherwise);
    }
}
