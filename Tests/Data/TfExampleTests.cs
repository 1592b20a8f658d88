using Google.Protobuf;
using Gqn.Native.Data;
using Gqn.Native.Engine;
using Xunit;

namespace Gqn.Native.Tests.Data;

public sealed class TfExampleTests
{
    [Theory]
    [InlineData("0a2e0a170a0763616d65726173120c120a0a080000803f000000c00a130a066672616d657312090a070a0241420a0143")]
    [InlineData("0a2e0a130a066672616d657312090a070a0241420a01430a170a0763616d65726173120c120a0d0000803f0d000000c0")]
    public void BothMapOrdersAndUnpackedFloatsAreRead(string hex)
    {
        var example = TfExample.Parse(Convert.FromHexString(hex));
        Assert.Equal([1f, -2f], Floats(example.Features["cameras"]));
        Assert.Equal(["AB"u8.ToArray(), "C"u8.ToArray()], Bytes(example.Features["frames"]));
    }

    [Fact]
    public void MessagesOfAnIndependentEncoderAreReadAsTheyWereMeant()
    {
        var random = new RandomStream(11, 5);
        for (int round = 0; round < 2000; round++)
        {
            var (message, expected) = RandomExample(random);
            var example = TfExample.Parse(message);
            Assert.Equal(expected.Keys.Order(), example.Features.Keys.Order());
            foreach (var (name, values) in expected)
            {
                var feature = example.Features[name];
                switch (values)
                {
                    case byte[][] bytes:
                        Assert.Equal(bytes, Bytes(feature));
                        break;
                    case float[] floats:
                        Assert.Equal(floats, Floats(feature));
                        break;
                    case long[] integers:
                        Assert.Equal(integers, feature.ToIntegers());
                        break;
                    default:
                        Assert.Equal((TfFeatureKind.None, 0), (feature.Kind, feature.Count));
                        break;
                }
            }
        }
    }

    [Fact]
    public void WhatIsWrittenIsReadByAnIndependentDecoderAndByThisOne()
    {
        long[] integers = [0, -1, long.MaxValue, 300];
        byte[] message = new TfExampleWriter()
            .Add("x", [1.5f, float.NaN]).Add("none", ReadOnlySpan<float>.Empty).Add("n", integers)
            .Add("b", ReadOnlyMemory<byte>.Empty, new byte[300]).ToArray();
        var example = TfExample.Parse(message);
        Assert.Equal([1.5f, float.NaN], Floats(example.Features["x"]));
        Assert.Equal(0, example.Features["none"].Count);
        Assert.Equal(integers, example.Features["n"].ToIntegers());
        Assert.Equal([[], new byte[300]], Bytes(example.Features["b"]));

        var input = new CodedInputStream(message);
        Assert.Equal(Tag(1, WireFormat.WireType.LengthDelimited), input.ReadTag());
        var map = new CodedInputStream(input.ReadBytes().ToByteArray());
        var names = new List<string>();
        while (map.ReadTag() == Tag(1, WireFormat.WireType.LengthDelimited))
        {
            var entry = new CodedInputStream(map.ReadBytes().ToByteArray());
            Assert.Equal(Tag(1, WireFormat.WireType.LengthDelimited), entry.ReadTag());
            names.Add(entry.ReadString());
            Assert.Equal(Tag(2, WireFormat.WireType.LengthDelimited), entry.ReadTag());
        }

        Assert.Equal(["x", "none", "n", "b"], names);
        Assert.True(input.IsAtEnd);
    }

    [Theory]
    [InlineData("80808080808080808080 01", "more than ten bytes")]
    [InlineData("0a80808080", "a varint does not end")]
    [InlineData("0aff01", "field 1 has 255 bytes, 0 are left")]
    [InlineData("0affffffffffffffffff01", "field 1 has 18446744073709551615 bytes")]
    [InlineData("0201", "no protobuf field of number 0")]
    [InlineData("0e01", "no protobuf wire type 6")]
    [InlineData("0f01", "no protobuf wire type 7")]
    [InlineData("0d0000", "field 1 has 4 bytes, 2 are left")]
    [InlineData("1c", "group 3 ends without having begun")]
    [InlineData("1b", "group 3 does not end")]
    [InlineData("1b24", "group 3 ends as 4")]
    [InlineData("0a0a0a080a00120412020a0300", "field 1 has 3 bytes")]
    [InlineData("0a0b0a090a00120512030a0100", "1 bytes are no list of floats")]
    [InlineData("0a0b0a090a0012051a030a0180", "a list of whole numbers is broken")]
    public void BrokenMessagesAreNamed(string hex, string problem)
    {
        byte[] message = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        var error = Assert.Throws<DatasetException>(() => TfExample.Parse(message, "a.tfrecord", 100));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        Assert.Contains("no tf.train.Example", error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Offset!.Value, 100, 100 + message.Length);
    }

    [Fact]
    public void DepthAndNumberOfForeignFieldsAreBounded()
    {
        byte[] deep = [.. Enumerable.Repeat((byte)0x1B, 100), .. Enumerable.Repeat((byte)0x1C, 100)];
        Assert.Empty(TfExample.Parse(deep).Features);
        byte[] deeper = [.. Enumerable.Repeat((byte)0x1B, 100_000), .. Enumerable.Repeat((byte)0x1C, 100_000)];
        Assert.Contains("more than 100 deep", Assert.Throws<DatasetException>(() => TfExample.Parse(deeper)).Message,
            StringComparison.Ordinal);

        var writer = new TfExampleWriter();
        for (int i = 0; i <= TfExample.MaxFeatures; i++)
            writer.Add($"feature {i}", [1f]);
        Assert.Contains("more than 1024 features",
            Assert.Throws<DatasetException>(() => TfExample.Parse(writer.ToArray())).Message, StringComparison.Ordinal);
        byte[] longName = new TfExampleWriter().Add(new string('a', 1025), [1f]).ToArray();
        Assert.Contains("1025 bytes", Assert.Throws<DatasetException>(() => TfExample.Parse(longName)).Message,
            StringComparison.Ordinal);
    }

    private static float[] Floats(TfFeature feature)
    {
        float[] values = new float[feature.Count];
        feature.CopyFloats(values);
        return values;
    }

    private static byte[][] Bytes(TfFeature feature) => [.. feature.ToBytes().Select(value => value.ToArray())];

    private static uint Tag(int field, WireFormat.WireType type) => WireFormat.MakeTag(field, type);

    /// <summary>An example with everything that the format allows: repeated names, kinds that replace each other, lists
    /// and features in pieces, numbers packed or not, and fields from elsewhere.</summary>
    private static (byte[] Message, Dictionary<string, object?> Expected) RandomExample(RandomStream random)
    {
        var expected = new Dictionary<string, object?>();
        var maps = new List<byte[]>();
        for (int m = random.NextInt32(3); m >= 0; m--)
        {
            maps.Add(Message(map =>
            {
                for (int e = random.NextInt32(4); e > 0; e--)
                {
                    string name = "feature" + random.NextInt32(4);
                    object? values = null;
                    byte[] entry = Message(output => values = WriteEntry(output, name, random));
                    Field(map, 1, entry);
                    Foreign(map, random);
                    expected[name] = values;
                }
            }));
        }

        byte[] message = Message(output =>
        {
            foreach (byte[] map in maps)
            {
                Foreign(output, random);
                Field(output, 1, map);
            }
        });
        return (message, expected);
    }

    private static object? WriteEntry(CodedOutputStream output, string name, RandomStream random)
    {
        object? values = null;
        bool keyFirst = random.NextInt32(2) == 0;
        if (keyFirst)
            WriteKey();
        int pieces = 1 + random.NextInt32(2);
        for (int p = 0; p < pieces; p++)
        {
            Field(output, 2, Message(feature =>
            {
                for (int l = random.NextInt32(3); l > 0; l--)
                {
                    Foreign(feature, random);
                    values = WriteList(feature, values, random);
                }
            }));
        }

        if (!keyFirst)
            WriteKey();
        return values;

        void WriteKey()
        {
            if (random.NextInt32(4) == 0)
                Field(output, 1, "overwritten"u8.ToArray());
            Field(output, 1, System.Text.Encoding.UTF8.GetBytes(name));
        }
    }

    private static object WriteList(CodedOutputStream feature, object? before, RandomStream random)
    {
        int count = random.NextInt32(5);
        bool packed = random.NextInt32(2) == 0;
        switch (random.NextInt32(3))
        {
            case 0:
                byte[][] bytes = [.. Enumerable.Range(0, count).Select(_ => new byte[random.NextInt32(200)])];
                Field(feature, 1, Message(list =>
                {
                    foreach (byte[] value in bytes)
                    {
                        Field(list, 1, value);
                        Foreign(list, random);
                    }
                }));
                return before is byte[][] earlier ? [.. earlier, .. bytes] : bytes;
            case 1:
                float[] floats = [.. Enumerable.Range(0, count).Select(_ => random.NextNormal())];
                Field(feature, 2, Message(list =>
                {
                    if (packed && count > 0)
                    {
                        Field(list, 1, Message(inner => Array.ForEach(floats, inner.WriteFloat)));
                        return;
                    }

                    foreach (float value in floats)
                    {
                        list.WriteTag(1, WireFormat.WireType.Fixed32);
                        list.WriteFloat(value);
                    }
                }));
                return before is float[] earlierFloats ? [.. earlierFloats, .. floats] : floats;
            default:
                long[] integers = [.. Enumerable.Range(0, count).Select(
                    _ => (long)(((ulong)random.NextUInt32() << 32) | random.NextUInt32()) >> random.NextInt32(64))];
                Field(feature, 3, Message(list =>
                {
                    if (packed && count > 0)
                    {
                        Field(list, 1, Message(inner => Array.ForEach(integers, inner.WriteInt64)));
                        return;
                    }

                    foreach (long value in integers)
                    {
                        list.WriteTag(1, WireFormat.WireType.Varint);
                        list.WriteInt64(value);
                    }
                }));
                return before is long[] earlierIntegers ? [.. earlierIntegers, .. integers] : integers;
        }
    }

    /// <summary>With some probability, a field that no example has.</summary>
    private static void Foreign(CodedOutputStream output, RandomStream random)
    {
        int number = 4 + random.NextInt32(20_000);
        switch (random.NextInt32(9))
        {
            case 0:
                output.WriteTag(number, WireFormat.WireType.Varint);
                output.WriteUInt64(ulong.MaxValue);
                break;
            case 1:
                output.WriteTag(number, WireFormat.WireType.Fixed64);
                output.WriteDouble(1.5);
                break;
            case 2:
                Field(output, number, new byte[random.NextInt32(40)]);
                break;
            case 3:
                output.WriteTag(number, WireFormat.WireType.Fixed32);
                output.WriteFloat(2);
                break;
            case 4:
                output.WriteTag(number, WireFormat.WireType.StartGroup);
                Foreign(output, random);
                output.WriteTag(number, WireFormat.WireType.EndGroup);
                break;
            default:
                break;
        }
    }

    private static void Field(CodedOutputStream output, int number, byte[] value)
    {
        output.WriteTag(number, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(value));
    }

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream))
            write(output);
        return stream.ToArray();
    }
}
