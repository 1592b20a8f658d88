using System.Buffers;
using System.Text;

namespace Gqn.Native.Data;

/// <summary>A message <c>tf.train.Example</c>: features by name, as TensorFlow stores one example in a
/// record.</summary>
/// <remarks>
/// <code>
/// Example.features = 1      Features.feature = 1 (map entries: key = 1, value = 2)
/// Feature: bytes_list = 1, float_list = 2, int64_list = 3      value = 1 in each list
/// </code>
/// Numbers may be packed or not. Map entries may come in any order, and the last one of a name wins; unknown fields are
/// skipped. Parsing validates the whole message but allocates only for the names.
/// </remarks>
public sealed class TfExample
{
    /// <summary>The largest number of features of an example; those of the released data sets have two.</summary>
    public const int MaxFeatures = 1024;

    /// <summary>The longest name of a feature, in bytes.</summary>
    public const int MaxNameLength = 1024;

    private readonly Dictionary<string, TfFeature> _features = new(StringComparer.Ordinal);

    private TfExample()
    {
    }

    /// <summary>The features by name.</summary>
    public IReadOnlyDictionary<string, TfFeature> Features => _features;

    /// <summary>Parses a message.</summary>
    /// <param name="message">The data of a record, which must not change while the features are in use.</param>
    /// <param name="path">The file that it was read from, for error messages.</param>
    /// <param name="offset">The byte offset of the message in the file, for error messages.</param>
    /// <exception cref="DatasetException">The wire format is violated, or names are too many or too long.</exception>
    public static TfExample Parse(ReadOnlyMemory<byte> message, string path = "example", long offset = 0)
    {
        var example = new TfExample();
        var fields = new ProtobufFields(message.Span, path, offset);
        while (fields.MoveNext())
        {
            if (fields is not { Number: 1, WireType: WireType.LengthDelimited })
                continue;
            var map = message.Slice(fields.Start, fields.Length);
            var entries = new ProtobufFields(map.Span, path, fields.ValueOffset);
            while (entries.MoveNext())
            {
                if (entries is { Number: 1, WireType: WireType.LengthDelimited })
                    example.AddEntry(map.Slice(entries.Start, entries.Length), path, entries.ValueOffset);
            }
        }

        return example;
    }

    private void AddEntry(ReadOnlyMemory<byte> entry, string path, long offset)
    {
        string name = string.Empty;
        ReadOnlyMemory<byte> feature = default;
        ArrayBufferWriter<byte>? merged = null;
        long featureOffset = offset;
        var fields = new ProtobufFields(entry.Span, path, offset);
        while (fields.MoveNext())
        {
            if (fields.WireType != WireType.LengthDelimited)
                continue;
            if (fields.Number == 1)
            {
                if (fields.Length > MaxNameLength)
                {
                    throw new DatasetException(
                        path, fields.ValueOffset,
                        $"a feature's name has {fields.Length} bytes, at most {MaxNameLength} are allowed");
                }

                name = Encoding.UTF8.GetString(fields.Value);
            }
            else if (fields.Number == 2)
            {
                if (feature.IsEmpty)
                {
                    (feature, featureOffset) = (entry.Slice(fields.Start, fields.Length), fields.ValueOffset);
                    continue;
                }
                // Protobuf merges repeated occurrences of a message field as if their bytes were concatenated.
                if (merged is null)
                {
                    merged = new ArrayBufferWriter<byte>(entry.Length);
                    merged.Write(feature.Span);
                }

                merged.Write(fields.Value);
            }
        }

        if (merged is not null)
            feature = merged.WrittenMemory;
        if (_features.Count == MaxFeatures && !_features.ContainsKey(name))
            throw new DatasetException(path, offset, $"an example has more than {MaxFeatures} features");
        _features[name] = TfFeature.Parse(feature, path, featureOffset);
    }
}
