using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gqn.Native.Engine;
using Gqn.Native.Engine.Io;
using Xunit;

namespace Gqn.Native.Tests.Io;

public sealed class SafetensorsDamageTests : IDisposable
{
    private const string Valid =
        """{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":""" +
        """{"dtype":"U8","shape":[1,3],"data_offsets":[8,11]}}  """;

    private readonly TemporaryFolder _folder = new(inMemory: true);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EveryChangedByteIsFound()
    {
        byte[] file = Checked();
        foreach (int mask in new[] { 1, 2, 4, 8, 16, 32, 64, 128, 255 })
        {
            for (int i = 0; i < file.Length; i++)
                RefusesChange(file, i, mask);
        }
    }

    [Fact]
    public void EveryOtherCharacterInTheCheckValueEntriesIsFound()
    {
        byte[] file = Checked();
        int end = file.AsSpan().IndexOf("\"a\""u8);
        for (int i = 8; i < end; i++)
        {
            for (int mask = 1; mask < 128; mask++)
                RefusesChange(file, i, mask);
        }
    }

    [Fact]
    public void EveryTruncationAndAnExtensionAreFound()
    {
        foreach (byte[] file in new[] { Checked(), SafetensorsTests.Foreign(Valid, new byte[11]) })
        {
            File.WriteAllBytes(_folder["a"], file);
            Safetensors.Open(_folder["a"]).Dispose();
            for (int length = 0; length < file.Length; length++)
                Refused(file[..length]);
            Refused([.. file, 0]);
        }
    }

    [Theory]
    [InlineData("", 0, "does not begin")]
    [InlineData(" {}", 0, "does not begin")]
    [InlineData("[]", 0, "does not begin")]
    [InlineData("{}x", 0, "not valid JSON")]
    [InlineData("{", 0, "not valid JSON")]
    [InlineData("{} {}", 0, "not valid JSON")]
    [InlineData("{}", 1, "take 0 bytes")]
    [InlineData("""{"a":1}""", 0, "not an object")]
    [InlineData("""{"a":{}}""", 0, "lacks one of")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1]}}""", 4, "lacks one of")]
    [InlineData("""{"a":{"dtype":32,"shape":[1],"data_offsets":[0,4]}}""", 4, "dtype that is not a string")]
    [InlineData("""{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}""", 4, "unknown dtype 'F31'")]
    [InlineData("""{"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}""", 4, "not an array")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}""", 4, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}""", 4, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}}""", 4, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}}""", 4, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}""", 4, "too large")]
    [InlineData("""{"a":{"dtype":"F32","shape":[9223372036854775807],"data_offsets":[0,4]}}""", 4, "too large")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", 4, "a begin and a later end")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "a begin and a later end")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}""", 4, "a begin and a later end")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}""", 8, "needs 4 bytes, but has 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "begins at 4, not at 0")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 8, "take 4 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 3, "take 4 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}""", 4, "unknown field 'x'")]
    [InlineData("""{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "'dtype' twice")]
    [InlineData("""
        {"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}
        """, 0, "tensor 'a' occurs twice")]
    [InlineData("""
        {"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}
        """, 3, "begins at 1, not at 2")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", 0, "occurs twice")]
    [InlineData("""{"__metadata__":{"k":"v","k":"v"}}""", 0, "metadata 'k' occurs twice")]
    [InlineData("""{"__metadata__":{"k":1}}""", 0, "not a string")]
    [InlineData("""{"__metadata__":[]}""", 0, "not an object")]
    [InlineData("""{"__metadata__":{"crc32c":"00000000"}}""", 0, "incomplete")]
    [InlineData("""{"__metadata__":{"checksum":"crc32c"}}""", 0, "incomplete")]
    [InlineData("""{"__metadata__":{"checksum":"crc32c","crc32c":"0"}}""", 0, "incomplete")]
    [InlineData("""{"__metadata__":{"checksum":"crc32c","crc32c":"00000000"}}""", 0, "disagrees")]
    [InlineData("""{"\uD800":{}}""", 0, "not valid Unicode")]
    public void AFaultIsNamed(string json, int dataLength, string words)
    {
        var error = Refused(SafetensorsTests.Foreign(json.Trim('\n'), new byte[dataLength]));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Contains(_folder["a"], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AHugeHeaderLengthCostsNoMemory()
    {
        byte[] file = new byte[64];
        foreach (ulong length in new ulong[] { 57, Safetensors.MaxHeaderLength, 1ul << 40, 1ul << 63, ulong.MaxValue })
        {
            BinaryPrimitives.WriteUInt64LittleEndian(file, length);
            File.WriteAllBytes(_folder["a"], file);
            long before = GC.GetAllocatedBytesForCurrentThread();
            SafetensorsTests.Refused(_folder["a"]);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        }
    }

    [Fact]
    public void NestingIsLimited()
    {
        string json = "{\"a\":{\"shape\":" + new string('[', 100_000);
        Refused(SafetensorsTests.Foreign(json, []));
    }

    [Fact]
    public void TwentyThousandMutationsOpenOrAreRefused()
    {
        byte[] file = SafetensorsTests.Foreign(Valid, new byte[11]);
        var random = new RandomStream(seed: 5, stream: 1);
        string[] words = "9223372036854775807 -1 0 \" { } [ ] , \\u 1e9 null \"a\": \xFF U8".Split(' ');
        int opened = 0;
        for (int i = 0; i < 20_000; i++)
        {
            List<byte> mutant = [.. file];
            for (int change = random.NextInt32(3); change >= 0; change--)
                Mutate(mutant, words, random);
            // Half of the mutants get a matching header length, so that deeper faults are reached.
            if (mutant.Count >= 19 && random.NextInt32(2) == 0)
            {
                byte[] length = BitConverter.GetBytes((long)mutant.Count - 19);
                for (int k = 0; k < 8; k++)
                    mutant[k] = length[k];
            }

            File.WriteAllBytes(_folder["a"], [.. mutant]);
            try
            {
                using var reader = Safetensors.Open(_folder["a"]);
                foreach (var tensor in reader.Tensors)
                    if (tensor.DType == "F32")
                        reader.Read(tensor.Name, new float[tensor.Count]);
                opened++;
            }
            catch (SafetensorsException)
            {
            }
        }
        // Files with changed names or data open; if none opened, the test would reach nothing beyond the first check.
        Assert.InRange(opened, 200, 19_000);
    }

    private static void Mutate(List<byte> bytes, string[] words, RandomStream random)
    {
        if (bytes.Count == 0)
            return;
        int at = random.NextInt32(bytes.Count);
        int length = Math.Min(random.NextInt32(9), bytes.Count - at);
        switch (random.NextInt32(4))
        {
            case 0: bytes[at] = (byte)random.NextUInt32(); break;
            case 1: bytes.RemoveRange(at, length); break;
            case 2: bytes.InsertRange(at, bytes.GetRange(at, length)); break;
            default:
                bytes.InsertRange(at, words[random.NextInt32(words.Length)].Select(character => (byte)character));
                break;
        }
    }

    [Fact]
    public void AFileThatAnotherProgramWroteAgainIsWholeAndSaysSo()
    {
        byte[] file = Checked();
        int length = BitConverter.ToInt32(file);
        // Another order, other spaces, and the second tensor first.
        var header = JsonNode.Parse(file.AsSpan(8, length))!.AsObject();
        var (metadata, a, b) = (header["__metadata__"]!, header["a"]!, header["b"]!);
        header.Clear();
        b["data_offsets"] = new JsonArray(0, 9);
        a["data_offsets"] = new JsonArray(9, 17);
        (header["b"], header["a"], header["__metadata__"]) = (b, a, metadata);
        byte[] data = [.. file[^9..], .. file[^17..^9]];
        string json = header.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
        File.WriteAllBytes(_folder["a"], SafetensorsTests.Foreign(json, data));
        using (var reader = Safetensors.Open(_folder["a"]))
        {
            Assert.True(reader.IsChecked && reader.IsRewritten);
            Assert.Equal([KeyValuePair.Create("k", "v")], reader.Metadata);
            float[] values = new float[2];
            reader.Read("a", values);
            Assert.Equal([1, 2], values);
        }

        for (int i = 0; i < data.Length; i++)
        {
            byte[] damaged = [.. data];
            damaged[i] ^= 4;
            Refused(SafetensorsTests.Foreign(json, damaged));
        }

        foreach (var (old, other) in (ReadOnlySpan<(string, string)>)[("\"v\"", "\"w\""), ("\"b\"", "\"c\""), ("U8", "I8")])
            Refused(SafetensorsTests.Foreign(json.Replace(old, other, StringComparison.Ordinal), data));
        // Files of earlier programs have no check value of the content alone.
        Assert.True(metadata.AsObject().Remove("crc32c.content"));
        var error = Refused(SafetensorsTests.Foreign(header.ToJsonString(), data));
        Assert.Contains("remove 'checksum' and 'crc32c' from its metadata", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Only digits of the check value of the whole file may change: that of the content then shows that all else
    /// is as it was.</summary>
    private void RefusesChange(byte[] file, int at, int mask)
    {
        byte[] damaged = [.. file];
        damaged[at] ^= (byte)mask;
        // The scheme has the same name as the key of the digits, but no colon follows it.
        int digits = file.AsSpan().IndexOf("\"crc32c\":\""u8) + 10;
        File.WriteAllBytes(_folder["a"], damaged);
        if (at < digits || at >= digits + 8)
        {
            SafetensorsTests.Refused(_folder["a"]);
            return;
        }

        try
        {
            using var reader = Safetensors.Open(_folder["a"]);
            Assert.True(reader.IsRewritten);
        }
        catch (SafetensorsException)
        {
            // The byte has become a quote or a control character.
        }
    }

    private SafetensorsException Refused(byte[] file)
    {
        File.WriteAllBytes(_folder["a"], file);
        return SafetensorsTests.Refused(_folder["a"]);
    }

    private byte[] Checked()
    {
        var writer = new SafetensorsWriter();
        writer.Add("a", [2], new float[] { 1, 2 });
        // Blanks in the data tempt a reader whose header length is wrong.
        writer.Add("b", [9], "         "u8.ToArray());
        writer.AddMetadata("k", "v");
        writer.Save(_folder["valid"]);
        return File.ReadAllBytes(_folder["valid"]);
    }
}
