using Gqn.Native.Data;
using Gqn.Native.Tests.Io;
using Xunit;

namespace Gqn.Native.Tests.Data;

public sealed class TfRecordTests
{
    /// <summary>The framed example of cameras [1, -2] and frames "AB", "C", as TensorFlow writes it.</summary>
    private const string Golden =
        "300000000000000095f5d05f0a2e0a170a0763616d65726173120c120a0a080000803f000000c00a130a066672616d6573"
        + "12090a070a0241420a01439ec33f6d";

    private static readonly byte[] GoldenBytes = Convert.FromHexString(Golden);

    [Fact]
    public void WriterGivesTheGoldenBytes()
    {
        using var stream = new MemoryStream();
        byte[] example = new TfExampleWriter()
            .Add("cameras", [1f, -2f]).Add("frames", "AB"u8.ToArray(), "C"u8.ToArray()).ToArray();
        new TfRecordWriter(stream).Write(example);
        Assert.Equal(Golden, Convert.ToHexStringLower(stream.ToArray()));
    }

    [Fact]
    public void ReaderTakesTheGoldenBytesFromAnyStream()
    {
        foreach (var stream in new Stream[] { new MemoryStream(GoldenBytes), new OneByteAtATime(GoldenBytes) })
        {
            using var reader = new TfRecordReader(stream, "golden");
            Assert.True(reader.TryRead(out var data));
            Assert.Equal(GoldenBytes[12..^4], data.ToArray());
            Assert.Equal(64, reader.Position);
            Assert.False(reader.TryRead(out _));
        }
    }

    [Fact]
    public void RecordsComeBackInAnyOrder()
    {
        byte[][] records =
        [
            .. Enumerable.Range(0, 40).Select(i => Enumerable.Range(0, i * i * 7).Select(k => (byte)(k * i)).ToArray()),
        ];
        using var folder = new TemporaryFolder();
        string path = folder["a.tfrecord"];
        using (var stream = File.Create(path))
        {
            var writer = new TfRecordWriter(stream);
            foreach (byte[] record in records)
                writer.Write(record);
        }

        using var file = new TfRecordFile(path);
        long[] offsets = file.ReadOffsets();
        Assert.Equal(records.Length, offsets.Length);
        byte[] buffer = [];
        for (int i = records.Length - 1; i >= 0; i--)
            Assert.Equal(records[i], file.Read(offsets[i], ref buffer).ToArray());

        using var reader = new TfRecordReader(path);
        for (int i = 0; i < records.Length; i++)
        {
            Assert.Equal(offsets[i], reader.Position);
            Assert.True(reader.TryRead(out var data));
            Assert.Equal(records[i], data.ToArray());
        }

        Assert.False(reader.TryRead(out _));
    }

    [Theory]
    [InlineData(0, "check value of the record's length")]
    [InlineData(7, "check value of the record's length")]
    [InlineData(8, "check value of the record's length")]
    [InlineData(11, "check value of the record's length")]
    [InlineData(12, "check value of the record's data")]
    [InlineData(59, "check value of the record's data")]
    [InlineData(60, "check value of the record's data")]
    [InlineData(63, "check value of the record's data")]
    public void AFlippedBitInEachPartIsNamed(int place, string part)
    {
        byte[] damaged = [.. GoldenBytes, .. GoldenBytes];
        damaged[64 + place] ^= 0x10;
        AssertFault(damaged, part, 64);
    }

    [Fact]
    public void EveryTruncationIsNamed()
    {
        byte[] two = [.. GoldenBytes, .. GoldenBytes];
        for (int length = 65; length < two.Length; length++)
            AssertFault(two[..length], "ends within the record", 64);
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["empty"], []);
        using var empty = new TfRecordFile(folder["empty"]);
        Assert.Empty(empty.ReadOffsets());
    }

    [Theory]
    [InlineData(ulong.MaxValue, "is longer than the 67108864 allowed")]
    [InlineData(67108865, "is longer than the 67108864 allowed")]
    [InlineData(67108864, "ends within the record")]
    [InlineData(49, "ends within the record")]
    public void AbsurdLengthsCostNoMemory(ulong length, string problem)
    {
        byte[] damaged = [.. GoldenBytes];
        BitConverter.TryWriteBytes(damaged, length);
        BitConverter.TryWriteBytes(damaged.AsSpan(8), Engine.Io.Crc32C.Masked(damaged.AsSpan(0, 8)));
        long before = GC.GetAllocatedBytesForCurrentThread();
        AssertFault(damaged, problem, 0);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public void WhatCannotBeOpenedIsNamed()
    {
        using var folder = new TemporaryFolder();
        string missing = folder["missing"];
        Assert.Contains(missing, Assert.Throws<DatasetException>(() => new TfRecordReader(missing)).Message,
            StringComparison.Ordinal);
        Assert.Contains("no such file", Assert.Throws<DatasetException>(() => new TfRecordFile(missing)).Message,
            StringComparison.Ordinal);
        Assert.Contains("folder", Assert.Throws<DatasetException>(() => new TfRecordFile(folder.Path)).Message,
            StringComparison.Ordinal);
    }

    /// <summary>The stream, the stream that cannot seek, and the file all name the place.</summary>
    private static void AssertFault(byte[] bytes, string problem, long offset)
    {
        foreach (var stream in new Stream[] { new MemoryStream(bytes), new OneByteAtATime(bytes) })
        {
            using var reader = new TfRecordReader(stream, "some.tfrecord");
            var error = Assert.Throws<DatasetException>(() =>
            {
                while (reader.TryRead(out _))
                {
                }
            });
            Assert.Equal(("some.tfrecord", offset), (error.Path, error.Offset));
            Assert.Contains(problem, error.Message, StringComparison.Ordinal);
            Assert.Contains($"'some.tfrecord', byte {offset}:", error.Message, StringComparison.Ordinal);
        }

        using var folder = new TemporaryFolder(inMemory: true);
        File.WriteAllBytes(folder["a"], bytes);
        using var file = new TfRecordFile(folder["a"]);
        byte[] buffer = [];
        var fault = Assert.Throws<DatasetException>(() =>
        {
            foreach (long at in file.ReadOffsets())
                file.Read(at, ref buffer);
        });
        Assert.Equal((folder["a"], offset), (fault.Path, fault.Offset));
        Assert.Contains(problem, fault.Message, StringComparison.Ordinal);
    }

    /// <summary>A stream like that of a pipe.</summary>
    private sealed class OneByteAtATime(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override int Read(byte[] buffer, int offset, int count) =>
            base.Read(buffer, offset, Math.Min(count, 1));
    }
}
