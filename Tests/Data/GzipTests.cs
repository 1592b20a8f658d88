using System.IO.Compression;
using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Io;
using Xunit;

namespace Gqn.Native.Tests.Data;

/// <summary>Compressed files are read as if they were not, and bad ones end in the typed error.</summary>
public sealed class GzipTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.tfrecord.gz")]
    [InlineData("a.tfrecord")]
    public void ACompressedFileHasTheSameRecordsAtTheSamePlaces(string name)
    {
        byte[][] records = Records(40);
        byte[] plain = File(records);
        System.IO.File.WriteAllBytes(_folder["plain"], plain);
        System.IO.File.WriteAllBytes(_folder[name], Gzip(plain));
        using var expected = new TfRecordFile(_folder["plain"]);
        using var file = new TfRecordFile(_folder[name]);
        long[] offsets = file.ReadOffsets();
        Assert.Equal(expected.ReadOffsets(), offsets);
        Assert.Equal(plain.Length, file.Length);
        byte[] buffer = [];
        for (int i = records.Length - 1; i >= 0; i--)
            Assert.Equal(records[i], file.Read(offsets[i], ref buffer).ToArray());

        using var reader = new TfRecordReader(_folder[name]);
        for (int i = 0; i < records.Length; i++)
        {
            Assert.Equal(offsets[i], reader.Position);
            Assert.True(reader.TryRead(out var data));
            Assert.Equal(records[i], data.ToArray());
        }

        Assert.False(reader.TryRead(out _));
        Assert.Equal(plain.Length, reader.Position);
    }

    [Fact]
    public void SeveralThreadsReadSeveralFilesAtOnce()
    {
        byte[][] records = Records(30);
        string[] paths = [.. Enumerable.Range(0, 4).Select(i => _folder[$"{i}.gz"])];
        foreach (string path in paths)
            System.IO.File.WriteAllBytes(path, Gzip(File(records)));
        int read = 0;
        var threads = Enumerable.Range(0, 8).Select(thread => new Thread(() =>
        {
            byte[] buffer = [];
            for (int turn = 0; turn < 20; turn++)
            {
                using var file = new TfRecordFile(paths[(thread + turn) % paths.Length]);
                long[] offsets = file.ReadOffsets();
                int record = (turn * 7) % records.Length;
                if (file.Read(offsets[record], ref buffer).Span.SequenceEqual(records[record]))
                    Interlocked.Increment(ref read);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Equal(160, read);
    }

    [Fact]
    public void BatchesFromCompressedFilesAreTheSame()
    {
        var environment = Environments.Create("shepard-metzler-5");
        var writer = new GqnDatasetWriter(_folder["plain"], environment.Name, SceneSplit.Train, 11, 4);
        for (int file = 0; file < writer.Layout.Files; file++)
        {
            writer.RenderFile(
                file, environment, SceneSplit.Train, 16, FrameFormat.Png,
                cancellation: TestContext.Current.CancellationToken);
        }

        string folder = Directory.CreateDirectory(
            Path.Combine(_folder["gzip"], "shepard_metzler_5_parts", "train")).FullName;
        foreach (string file in Directory.GetFiles(writer.Path))
        {
            System.IO.File.WriteAllBytes(
                Path.Combine(folder, Path.GetFileName(file) + ".gz"), Gzip(System.IO.File.ReadAllBytes(file)));
        }

        Assert.Equal(Prints("plain"), Prints("gzip"));

        byte[][] Prints(string set)
        {
            var source = new RecordedScenes(GqnDataset.Open(_folder[set], null, SceneSplit.Train));
            using var batches = new SceneBatches(source, 16, 3, 2, 5, workers: 2, shuffleBuffer: 8);
            return [.. Enumerable.Range(0, 9).Select(_ => BatchPrint.Of(batches.Next()))];
        }
    }

    [Fact]
    public void PartsCompressedOneByOneFollowEachOther()
    {
        byte[][] records = Records(6);
        System.IO.File.WriteAllBytes(_folder["a"], [.. Gzip(File(records.AsSpan(0, 3))), .. Gzip(File(records.AsSpan(3)))]);
        using var file = new TfRecordFile(_folder["a"]);
        long[] offsets = file.ReadOffsets();
        Assert.Equal(6, offsets.Length);
        byte[] buffer = [];
        Assert.Equal(records[5], file.Read(offsets[5], ref buffer).ToArray());
    }

    /// <summary>The length of its first record, in bytes: 1F 8B 08, as gzip begins.</summary>
    [Fact]
    public void APlainFileThatBeginsLikeGzipIsReadAsItIs()
    {
        byte[] record = new byte[0x088B1F];
        record[^1] = 7;
        byte[] bytes = File(record);
        Assert.Equal([0x1F, 0x8B, 8], bytes[..3]);
        System.IO.File.WriteAllBytes(_folder["a"], bytes);
        using var file = new TfRecordFile(_folder["a"]);
        byte[] buffer = [];
        Assert.Equal(record, file.Read(file.ReadOffsets().Single(), ref buffer).ToArray());
        using var reader = new TfRecordReader(_folder["a"]);
        Assert.True(reader.TryRead(out var data));
        Assert.Equal(record.Length, data.Length);
    }

    [Fact]
    public void DamageNamesTheFileAndTheByteOfTheUncompressedRecord()
    {
        byte[] plain = File(Records(20)), packed = Gzip(plain);
        using (var whole = new TfRecordFile(Write(packed)))
            Assert.Equal(20, whole.ReadOffsets().Length);
        for (int cut = 1; cut < 12; cut++)
            AssertFault(Write(packed[..^(cut * packed.Length / 12)]));
        // All records are there, though not the check value of the whole.
        using (var almost = new TfRecordFile(Write(packed[..^1])))
            Assert.Equal(20, almost.ReadOffsets().Length);
        byte[] damaged = [.. packed];
        damaged[damaged.Length / 2] ^= 0x55;
        AssertFault(Write(damaged));
        byte[] badRecord = [.. plain];
        badRecord[0] ^= 1;
        var error = AssertFault(Write(Gzip(badRecord)));
        Assert.Equal(0, error.Offset);
        Assert.Contains("check value of the record's length", error.Message, StringComparison.Ordinal);

        DatasetException AssertFault(string path)
        {
            using var file = new TfRecordFile(path);
            var byOffsets = Assert.Throws<DatasetException>(() => file.ReadOffsets());
            Assert.Equal(path, byOffsets.Path);
            Assert.InRange(byOffsets.Offset!.Value, 0, plain.Length);
            var byReader = Assert.Throws<DatasetException>(() =>
            {
                using var reader = new TfRecordReader(path);
                while (reader.TryRead(out _))
                {
                }
            });
            Assert.Equal(path, byReader.Path);
            return byOffsets;
        }
    }

    [Fact]
    public void MutatedFilesGiveOnlyTheTypedError()
    {
        using var folder = new TemporaryFolder(inMemory: true);
        var random = new RandomStream(3, 8);
        byte[] packed = Gzip(File([.. new byte[900]], Records(8)[7]));
        int faults = 0;
        for (int i = 0; i < 3000; i++)
        {
            byte[] damaged = [.. packed];
            for (int n = random.NextInt32(4); n >= 0; n--)
                damaged[random.NextInt32(damaged.Length)] = (byte)random.NextUInt32();
            System.IO.File.WriteAllBytes(folder["a"], damaged);
            try
            {
                using var reader = new TfRecordReader(folder["a"]);
                while (reader.TryRead(out _))
                {
                }
            }
            catch (DatasetException error)
            {
                Assert.Equal(folder["a"], error.Path);
                Assert.InRange(error.Offset!.Value, 0, 2000);
                faults++;
            }
        }

        Assert.InRange(faults, 2500, 2999);
    }

    [Fact]
    public void ABombIsRefusedInLittleMemory()
    {
        byte[] packed = Gzip(File(new byte[50 << 20], new byte[50 << 20]));
        Assert.InRange(packed.Length, 1, 1 << 18);
        string path = Write(packed);
        using var file = new TfRecordFile(path);
        long before = GC.GetAllocatedBytesForCurrentThread();
        string expected = $"gzip expands the file to more than 100 times its {packed.Length} bytes";
        Assert.Contains(expected, Assert.Throws<DatasetException>(file.ReadOffsets).Message, StringComparison.Ordinal);
        byte[] buffer = [];
        var error = Assert.Throws<DatasetException>(() => file.Read(0, ref buffer));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public void CopiesAreSharedAndTheLongestUnusedAreRemoved()
    {
        string temporary = Directory.CreateDirectory(_folder["temporary"]).FullName;
        var copies = new DecompressedFiles(maxBytes: 2500, maxFiles: 10, temporary);
        string[] paths = [.. Enumerable.Range(0, 5).Select(i => Write(Gzip(File(new byte[984])), $"{i}.gz"))];
        using (var first = copies.Open(paths[0]))
        using (var again = copies.Open(paths[0]))
        {
            Assert.Same(first.Handle, again.Handle);
            Assert.Equal(1000, first.Length);
            Assert.Equal(1, copies.Count);
            foreach (string path in paths[1..])
                copies.Open(path).Dispose();
            // The one in use, and two of 1000 bytes that nobody reads.
            Assert.Equal(3, copies.Count);
            Assert.False(first.Handle.IsClosed);
        }

        Assert.Equal(2, copies.Count);
        using var kept = copies.Open(paths[4]);
        Assert.Equal(2, copies.Count);
        System.IO.File.WriteAllBytes(paths[4], Gzip(File(new byte[484])));
        using var changed = copies.Open(paths[4]);
        Assert.Equal(500, changed.Length);
        if (!OperatingSystem.IsWindows())
            Assert.Empty(Directory.GetFiles(temporary));
    }

    [Fact]
    public void WithoutRoomTheUnreadCopiesAreGivenUpAndTheFolderIsNamed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a folder with open files cannot be deleted");
        string temporary = Directory.CreateDirectory(_folder["temporary"]).FullName;
        var copies = new DecompressedFiles(maxBytes: 2500, maxFiles: 10, temporary);
        using var read = copies.Open(Write(Gzip(File(new byte[100])), "a"));
        copies.Open(Write(Gzip(File(new byte[200])), "b")).Dispose();
        Assert.Equal(2, copies.Count);
        Directory.Delete(temporary);
        string path = Write(Gzip(File(new byte[300])), "c");
        var error = Assert.Throws<DatasetException>(() => copies.Open(path));
        Assert.Contains(
            $"Data '{path}': it is compressed, and its decompressed copy cannot be written to {temporary} (",
            error.Message, StringComparison.Ordinal);
        Assert.Equal(1, copies.Count);
        Directory.CreateDirectory(temporary);
        using var made = copies.Open(path);
        Assert.Equal(316, made.Length);
    }

    private string Write(byte[] bytes, string name = "some.gz")
    {
        System.IO.File.WriteAllBytes(_folder[name], bytes);
        return _folder[name];
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(bytes);
        return stream.ToArray();
    }

    private static byte[] File(params ReadOnlySpan<byte[]> records)
    {
        using var stream = new MemoryStream();
        var writer = new TfRecordWriter(stream);
        foreach (byte[] record in records)
            writer.Write(record);
        return stream.ToArray();
    }

    /// <summary>Records of many lengths, that cannot be compressed.</summary>
    private static byte[][] Records(int count)
    {
        var random = new RandomStream(6, 3);
        return
        [
            .. Enumerable.Range(0, count).Select(i =>
                Enumerable.Range(0, i * i * 7).Select(_ => (byte)random.NextUInt32()).ToArray()),
        ];
    }
}
