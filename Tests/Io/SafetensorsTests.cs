using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Gqn.Native.Engine.Io;
using Xunit;

namespace Gqn.Native.Tests.Io;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheBytesAreThoseOfTheDefinition()
    {
        var writer = new SafetensorsWriter();
        writer.Add("b", [3], new byte[] { 7, 8, 9 });
        writer.Add("w", [2, 1], new float[] { 1, -2 });
        writer.Add("n", [], new long[] { -1 });
        writer.AddMetadata("step", "12");
        writer.Save(_folder["a"]);

        string json =
            """{"__metadata__":{"checksum":"crc32c","crc32c":"00000000","crc32c.content":"00000000","step":"12"},"n":""" +
            """{"dtype":"I64","shape":[],"data_offsets":[0,8]},"w":""" +
            """{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]},"b":""" +
            """{"dtype":"U8","shape":[3],"data_offsets":[16,19]}}""";
        json = json.PadRight((json.Length + 7) / 8 * 8);
        byte[] data =
        [
            0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
            0x00, 0x00, 0x80, 0x3F, 0x00, 0x00, 0x00, 0xC0,
            7, 8, 9,
        ];
        byte[] length = [(byte)json.Length, (byte)(json.Length >> 8), 0, 0, 0, 0, 0, 0];
        byte[] file = [.. length, .. Encoding.ASCII.GetBytes(json), .. data];
        string digits = Crc32CTests.BitByBit(file).ToString("x8");
        uint content = Crc32CTests.BitByBit("step\012"u8)
            + Crc32CTests.BitByBit([.. "n\0I64\0\0"u8, .. data[..8]])
            + Crc32CTests.BitByBit([.. "w\0F32\02,1\0"u8, .. data[8..16]])
            + Crc32CTests.BitByBit([.. "b\0U8\03\0"u8, .. data[16..]]);
        Encoding.ASCII.GetBytes(digits).CopyTo(file.AsSpan(8 + json.IndexOf("00000000", StringComparison.Ordinal)));
        Encoding.ASCII.GetBytes(content.ToString("x8"))
            .CopyTo(file.AsSpan(8 + json.LastIndexOf("00000000", StringComparison.Ordinal)));
        Assert.Equal(file, File.ReadAllBytes(_folder["a"]));
    }

    [Fact]
    public void EverythingComesBack()
    {
        string[] names = ["plain", "", "quote\" back\\slash", "Δ_l(h) 日本 😀", "tab\tnull\0", "__metadata", "crc32c"];
        var writer = new SafetensorsWriter();
        for (int i = 0; i < names.Length; i++)
            writer.Add(names[i], [1, 2], new float[] { i, float.NegativeZero });
        writer.Add("empty", [3, 0, 2], Array.Empty<float>());
        writer.Add("empty too", [0], Array.Empty<long>());
        writer.Add("scalar", [], new float[] { float.NaN });
        writer.Add("bytes", [2, 2], new byte[] { 0, 1, 254, 255 });
        writer.Add("numbers", [2], new long[] { long.MinValue, long.MaxValue });
        writer.AddMetadata("κ\"", "\u0001 λ");
        writer.Save(_folder["a"]);

        using var file = Safetensors.Open(_folder["a"]);
        Assert.True(file.IsChecked);
        Assert.Equal(names.Length + 5, file.Tensors.Count);
        Assert.Equal([KeyValuePair.Create("κ\"", "\u0001 λ")], file.Metadata);
        for (int i = 0; i < names.Length; i++)
        {
            Assert.True(file.Contains(names[i]));
            Assert.Equal([1, 2], file[names[i]].Shape);
            Assert.Equal([i, float.NegativeZero], Floats(file, names[i]));
        }

        Assert.Equal([3, 0, 2], file["empty"].Shape);
        Assert.Empty(Floats(file, "empty"));
        Assert.Empty(file["scalar"].Shape);
        Assert.Equal(1, file["scalar"].Count);
        Assert.Equal([float.NaN], Floats(file, "scalar"));
        byte[] bytes = new byte[4];
        file.Read("bytes", bytes);
        Assert.Equal([0, 1, 254, 255], bytes);
        long[] numbers = new long[2];
        file.Read("numbers", numbers);
        Assert.Equal([long.MinValue, long.MaxValue], numbers);
        Assert.Equal(["a"], _folder.FileNames);
    }

    [Fact]
    public void AFileWithoutTensorsIsAFile()
    {
        new SafetensorsWriter().Save(_folder["a"]);
        using var file = Safetensors.Open(_folder["a"]);
        Assert.Empty(file.Tensors);
        Assert.Empty(file.Metadata);
    }

    [Fact]
    public void DataMayBeWrittenInPieces()
    {
        var writer = new SafetensorsWriter();
        writer.Add("w", "F32", [1000, 1000], sink =>
        {
            float[] row = new float[1000];
            for (int i = 0; i < 1000; i++)
            {
                Array.Fill(row, i);
                sink.Write(row.AsSpan(0, i));
                sink.Write(row.AsSpan(i));
            }
        });
        writer.Save(_folder["a"]);
        using var file = Safetensors.Open(_folder["a"]);
        float[] values = Floats(file, "w");
        for (int i = 0; i < values.Length; i += 333)
            Assert.Equal(i / 1000, values[i]);
    }

    /// <summary>Powers of two and their halves: exact values, ties to the even neighbour, subnormals, infinity and
    /// NaN.</summary>
    [Fact]
    public void HalvesAreTheNearestToEvenOnATie()
    {
        const float Ulp = 1f / 1024, Smallest = 1f / (1 << 24);
        (float Written, float Read)[] cases =
        [
            (1, 1), (-2, -2), (0, 0), (65504, 65504), (65519.99f, 65504), (-65519.99f, -65504),
            (1 + (0.5f * Ulp), 1), (1 + (0.501f * Ulp), 1 + Ulp), (1 + (1.5f * Ulp), 1 + (2 * Ulp)),
            (1 + (2.5f * Ulp), 1 + (2 * Ulp)), (Smallest, Smallest), (0.5f * Smallest, 0), (0.75f * Smallest, Smallest),
            (1.5f * Smallest, 2 * Smallest), (float.PositiveInfinity, float.PositiveInfinity), (float.NaN, float.NaN),
        ];
        var writer = new SafetensorsWriter();
        writer.Add("h", "F16", [cases.Length], sink => sink.Write([.. cases.Select(pair => pair.Written)]));
        writer.Save(_folder["a"]);
        using var file = Safetensors.Open(_folder["a"]);
        Assert.Equal(2 * cases.Length, file["h"].End - file["h"].Begin);
        Assert.Equal(cases.Select(pair => pair.Read), Floats(file, "h"));
    }

    [Fact]
    public void ManyHalvesComeInPieces()
    {
        const int Count = 100_003;
        float[] values = [.. Enumerable.Range(0, Count).Select(i => (i % 2048) - 1024f)];
        var writer = new SafetensorsWriter();
        writer.Add("bytes", [3], new byte[] { 1, 2, 3 });
        writer.Add("h", "F16", [Count], sink =>
        {
            sink.Write(values.AsSpan(0, 12_345));
            sink.Write(values.AsSpan(12_345));
        });
        writer.Add("f", [1], new float[] { 7 });
        writer.Save(_folder["a"]);
        using var file = Safetensors.Open(_folder["a"]);
        // Wider elements come first: all are aligned.
        Assert.Equal(["f", "h", "bytes"], file.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(values, Floats(file, "h"));
        var sizes = Assert.Throws<ArgumentException>(() => file.Read("h", new float[2]));
        Assert.Contains($"has {Count} elements, but the destination has 2", sizes.Message, StringComparison.Ordinal);
        var type = Assert.Throws<SafetensorsException>(() => file.Read("h", new byte[2 * Count]));
        AssertSays("'h' is F16, not U8", type);
    }

    [Theory]
    [InlineData(65520)]
    [InlineData(-1e30f)]
    public void ANumberTooLargeForAHalfIsRefusedByTheTensorsName(float value)
    {
        File.WriteAllText(_folder["a"], "old");
        var writer = new SafetensorsWriter();
        writer.Add("large", "F16", [2], sink => sink.Write(new float[] { 1, value }));
        var error = Assert.Throws<SafetensorsException>(() => writer.Save(_folder["a"]));
        AssertSays("tensor 'large' would hold", error);
        AssertSays(_folder["a"], error);
        Assert.Equal("old", File.ReadAllText(_folder["a"]));
        Assert.Equal(["a"], _folder.FileNames);
    }

    [Fact]
    public void TheWriterRefusesWhatDoesNotFit()
    {
        var writer = new SafetensorsWriter();
        writer.Add("w", [1], new float[] { 1 });
        Assert.Throws<ArgumentException>(() => writer.Add("w", [1], new float[] { 1 }));
        Assert.Throws<ArgumentException>(() => writer.Add("__metadata__", [1], new float[] { 1 }));
        Assert.Throws<ArgumentException>(() => writer.Add("half \uD800", [1], new float[] { 1 }));
        Assert.Throws<ArgumentException>(() => writer.Add("x", [2], new float[] { 1 }));
        Assert.Throws<ArgumentException>(() => writer.Add("x", [-1, -1], new float[] { 1 }));
        Assert.Throws<ArgumentException>(() => writer.Add("x", "BF16", [1], _ => { }));
        Assert.Throws<ArgumentException>(() => writer.Add("x", "F32", [1L << 40, 1L << 40], _ => { }));
        Assert.Throws<ArgumentException>(() => writer.AddMetadata("crc32c", ""));
        Assert.Throws<ArgumentException>(() => writer.AddMetadata("checksum", ""));

        File.WriteAllText(_folder["a"], "old");
        foreach (var wrong in new Action<SafetensorsSink>[]
        {
            _ => { },
            sink => sink.Write(new float[] { 1, 2 }),
            sink => sink.Write(new byte[] { 1 }),
        })
        {
            var failing = new SafetensorsWriter();
            failing.Add("x", "F32", [1], wrong);
            Assert.Throws<InvalidOperationException>(() => failing.Save(_folder["a"]));
        }

        Assert.Equal("old", File.ReadAllText(_folder["a"]));
        Assert.Equal(["a"], _folder.FileNames);
    }

    [Fact]
    public void AStrangersFileIsReadWithoutACheckValue()
    {
        // Out of order, with spaces, an element type unknown to the reader, and a metadata entry with one of our names.
        string json = """
            { "z" : {"shape": [2], "data_offsets": [8, 12], "dtype": "BF16"}, "__metadata__": {"checksum": "sha"},
              "a": {"data_offsets":[0,8],"dtype":"I32","shape":[1,2]},
              "f": {"dtype":"F32","shape":[],"data_offsets":[12,16]}}
            """;
        File.WriteAllBytes(_folder["a"], Foreign(json, [1, 0, 0, 0, 2, 0, 0, 0, 0x80, 0x3F, 0, 0, 0, 0, 0x80, 0x3F]));
        using var file = Safetensors.Open(_folder["a"]);
        Assert.False(file.IsChecked);
        Assert.Equal(["a", "z", "f"], file.Tensors.Select(tensor => tensor.Name));
        Assert.Equal("BF16", file["z"].DType);
        Assert.Equal([1, 2], file["a"].Shape);
        Assert.Equal(2, file["a"].Count);
        Assert.Equal("sha", file.Metadata["checksum"]);
        Assert.Equal([1f], Floats(file, "f"));
        AssertSays("'z' is BF16, not F32", Assert.Throws<SafetensorsException>(() => file.Read("z", new float[2])));
        AssertSays("no tensor 'q'", Assert.Throws<SafetensorsException>(() => file.Read("q", new float[2])));
        var sizes = Assert.Throws<ArgumentException>(() => file.Read("f", new float[2]));
        Assert.Contains("has 1 elements, but the destination has 2", sizes.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatCannotBeOpenedIsSaidSo()
    {
        AssertSays("no such file", Refused(_folder["missing"]));
        AssertSays("no such file", Refused(Path.Combine(_folder["missing"], "a")));
        AssertSays("a folder", Refused(_folder.Path));
    }

    [Fact]
    public void AnotherReaderUnderstandsTheFile()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "needs python3");
        var writer = new SafetensorsWriter();
        writer.Add("small", [3], new byte[] { 1, 2, 255 });
        writer.Add("weights \"ω\"", [2, 2], new float[] { 0.5f, 1, -3, 0.25f });
        writer.Add("counts", [], new long[] { 1L << 40 });
        writer.Add("empty", [0, 5], Array.Empty<float>());
        writer.Add("halves", "F16", [3], sink => sink.Write(new float[] { 0.5f, -65504, 0.25f }));
        writer.AddMetadata("step", "100");
        writer.Save(_folder["a"]);

        string script = Path.Combine(SourceFolder(), "read_safetensors.py");
        var start = new ProcessStartInfo("/usr/bin/python3", [script, _folder["a"]]) { RedirectStandardOutput = true };
        using var python = Process.Start(start)!;
        string output = python.StandardOutput.ReadToEnd();
        python.WaitForExit();
        Assert.Equal(0, python.ExitCode);
        var root = JsonDocument.Parse(output).RootElement;
        Assert.Equal("100", root.GetProperty("metadata").GetProperty("step").GetString());
        Assert.Equal(
            """{"counts": ["I64", [], 1099511627776], "weights \"\u03c9\"": ["F32", [2, 2], -1.25], "empty": """ +
            """["F32", [0, 5], 0], "halves": ["F16", [3], -65503.25], "small": ["U8", [3], 258]}""",
            root.GetProperty("tensors").GetRawText());
    }

    internal static byte[] Foreign(string json, byte[] data)
    {
        byte[] text = Encoding.UTF8.GetBytes(json);
        byte[] file = new byte[8 + text.Length + data.Length];
        BinaryPrimitives.WriteInt64LittleEndian(file, text.Length);
        text.CopyTo(file, 8);
        data.CopyTo(file, 8 + text.Length);
        return file;
    }

    internal static SafetensorsException Refused(string path) =>
        Assert.Throws<SafetensorsException>(() => Safetensors.Open(path).Dispose());

    private static void AssertSays(string words, SafetensorsException error) =>
        Assert.Contains(words, error.Message, StringComparison.Ordinal);

    private static float[] Floats(SafetensorsReader file, string name)
    {
        float[] values = new float[file[name].Count];
        file.Read(name, values);
        return values;
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
