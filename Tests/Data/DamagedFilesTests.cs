using System.Buffers.Binary;
using System.Diagnostics;
using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Engine.Io;
using Gqn.Native.Imaging;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Imaging;
using Xunit;

namespace Gqn.Native.Tests.Data;

/// <summary>Damaged or hostile files lead to the typed error and nothing else, in little memory and time.</summary>
public sealed class DamagedFilesTests
{
    private const int Files = 100_000;

    private static readonly byte[][] Records = MakeRecords();

    [Fact]
    public void MutatedFilesGiveOnlyTheTypedError()
    {
        var random = new RandomStream(2, 8);
        var outcomes = new Dictionary<string, int>();
        var watch = new Stopwatch();
        byte[] slowest = [];
        var longest = TimeSpan.Zero;
        for (int i = 0; i < Files; i++)
        {
            byte[] file = Mutated(random);
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            watch.Restart();
            string outcome = ReadAll(file);
            if (watch.Elapsed > longest)
                (longest, slowest) = (watch.Elapsed, file);
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            Assert.True(allocated < 32 << 20, $"file {i} took {allocated} bytes: {Convert.ToHexString(file)}");
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }

        Assert.True(longest < TimeSpan.FromSeconds(2), $"{longest}: {Convert.ToHexString(slowest)}");
        // All kinds of damage occur, including damage that no check can see.
        Assert.All(["whole", "length", "data", "ends", "Example", "frame", "factors"], kind => Assert.True(
            outcomes.GetValueOrDefault(kind) > Files / 1000,
            $"{kind}: {string.Join(", ", outcomes.Select(pair => $"{pair.Key} {pair.Value}"))}"));
    }

    /// <summary>A file of three records, damaged in one of many ways.</summary>
    private static byte[] Mutated(RandomStream random)
    {
        byte[][] records = [.. Records.Select(record => (byte[])record.Clone())];
        int victim = random.NextInt32(records.Length), kind = random.NextInt32(8);
        switch (kind)
        {
            // Damage hidden from the check values, which are computed afterwards.
            case 0 or 1 or 2:
                Flip(records[victim], random);
                break;
            case 3:
                records[victim] = Cut(records[victim], random);
                break;
            case 4:
                records[victim] = WithForeignFields(records[victim], random);
                break;
            default:
                break;
        }

        using var stream = new MemoryStream();
        var writer = new TfRecordWriter(stream);
        foreach (byte[] record in records)
            writer.Write(record);
        byte[] file = stream.ToArray();
        switch (kind)
        {
            case 5:
                Flip(file, random);
                break;
            case 6:
                file = Cut(file, random);
                break;
            case 7:
                BinaryPrimitives.WriteUInt64LittleEndian(
                    file, ((ulong)random.NextUInt32() << 32 | random.NextUInt32()) >> random.NextInt32(64));
                BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(8), Crc32C.Masked(file.AsSpan(0, 8)));
                break;
            default:
                break;
        }

        return file;
    }

    /// <summary>Changes some bytes, often near the beginning, where the structure is.</summary>
    private static void Flip(byte[] bytes, RandomStream random)
    {
        for (int n = random.NextInt32(6); n >= 0; n--)
        {
            int place = random.NextInt32(random.NextInt32(2) == 0 ? Math.Min(700, bytes.Length) : bytes.Length);
            bytes[place] = random.NextInt32(3) switch
            {
                0 => (byte)random.NextUInt32(),
                1 => (byte)(bytes[place] ^ (1 << random.NextInt32(8))),
                _ => random.NextInt32(2) == 0 ? (byte)0xFF : (byte)0,
            };
        }
    }

    private static byte[] Cut(byte[] bytes, RandomStream random)
    {
        int from = random.NextInt32(bytes.Length);
        int to = random.NextInt32(2) == 0 ? bytes.Length : from + random.NextInt32(bytes.Length - from);
        return [.. bytes.AsSpan(0, from), .. bytes.AsSpan(to)];
    }

    private static byte[] WithForeignFields(byte[] bytes, RandomStream random)
    {
        int depth = random.NextInt32(300), place = random.NextInt32(2) * bytes.Length;
        byte[] foreign = random.NextInt32(5) switch
        {
            0 => [.. Enumerable.Repeat((byte)0x1B, depth), .. Enumerable.Repeat((byte)0x1C, depth)],
            1 => [.. Enumerable.Repeat((byte)0x1B, depth)],
            2 => [.. Enumerable.Repeat((byte)0x0A, depth)],
            3 => [0x82, 0x7D, 3, 1, 2, 3, 0x19, 1, 2, 3, 4, 5, 6, 7, 8],
            _ => [0x08, .. Enumerable.Repeat((byte)0x80, depth % 12), 1],
        };
        return [.. bytes.AsSpan(0, place), .. foreign, .. bytes.AsSpan(place)];
    }

    /// <summary>Does everything that can be done with a file.</summary>
    private static string ReadAll(byte[] file)
    {
        try
        {
            using var reader = new TfRecordReader(new MemoryStream(file), "mutated");
            for (long offset = 0; reader.TryRead(out var data); offset = reader.Position)
            {
                var record = SceneRecord.Parse(data, "mutated", offset);
                for (int view = 0; view < record.Views; view++)
                {
                    record.Decode(view);
                    Assert.True(float.IsFinite(record.Camera(view).X));
                }

                record.ToScene(SceneSplit.Test)?.Render(record.Camera(0), Scene.MinImageSize);
            }

            return "whole";
        }
        catch (DatasetException error)
        {
            Assert.InRange(error.Offset!.Value, 0, file.Length);
            Assert.Contains("'mutated', byte ", error.Message, StringComparison.Ordinal);
            string[] kinds = ["length", "data", "ends", "Example", "frame", "factors"];
            string[] marks =
            [
                "check value of the record's length", "check value of the record's data", "ends within the record",
                "no tf.train.Example", "cannot be decoded", "factors are not those",
            ];
            int kind = Array.FindIndex(marks, mark => error.Message.Contains(mark, StringComparison.Ordinal));
            return kind < 0 ? "other" : kinds[kind];
        }
    }

    /// <summary>Records with frames of both kinds, with factors and without.</summary>
    private static byte[][] MakeRecords()
    {
        var environment = Environments.Create("shepard-metzler-5");
        var scene = SceneRecord.Render(environment, SceneSplit.Train, 4, 16, FrameFormat.Jpeg);
        var picture = ImageDecoderTests.Picture(20, 20, 3);
        byte[] rough = Jpeg.Encode(picture, 60), png = Png.Encode(picture);
        return
        [
            new SceneRecord([.. scene.Frames.Take(2)], scene.Cameras[..10])
            {
                Factors = scene.Factors,
                Environment = scene.Environment,
                Index = 4,
                FieldOfViewDegrees = 45,
            }.ToArray(),
            new SceneRecord([rough, png], new float[10]).ToArray(),
            new SceneRecord([png], new float[5]).ToArray(),
        ];
    }
}
