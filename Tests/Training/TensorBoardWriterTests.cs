using System.Buffers.Binary;
using System.Text;
using Gqn.Native.Tests.Io;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

public sealed class TensorBoardWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StoppedClock _clock = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EventsComeBackAsTheyWere()
    {
        byte[] png = [.. Enumerable.Range(0, 1000).Select(i => (byte)i)];
        string path;
        using (var writer = new TensorBoardWriter(_folder["run"], _clock, firstStep: 7))
        {
            path = writer.Path;
            writer.Scalar(7, "train/loss", 6950.25f);
            writer.Scalar(long.MaxValue, "σ ж", float.NaN);
            writer.Image(300, "sheet", png, 20, 10);
        }

        Assert.Equal("events.out.tfevents.1700000000.0", Path.GetFileName(path));
        var events = Events(File.ReadAllBytes(path));
        Assert.Equal(5, events.Count);
        Assert.All(events, e => Assert.Equal(1_700_000_000.25, BitConverter.UInt64BitsToDouble(e.Number(1))));
        Assert.Equal("brain.Event:2", events[0].Text(3));
        Assert.Equal(0ul, events[0].Number(2));
        // SessionLog.START with the first step that comes again.
        Assert.Equal(7ul, events[1].Number(2));
        Assert.Equal(1ul, events[1].Inner(7).Number(1));
        events.RemoveAt(1);

        Assert.Equal(7ul, events[1].Number(2));
        var loss = events[1].Inner(5).Inner(1);
        Assert.Equal("train/loss", loss.Text(1));
        Assert.Equal(6950.25f, BitConverter.UInt32BitsToSingle((uint)loss.Number(2)));

        Assert.Equal((ulong)long.MaxValue, events[2].Number(2));
        var notANumber = events[2].Inner(5).Inner(1);
        Assert.Equal("σ ж", notANumber.Text(1));
        Assert.Equal(float.NaN, BitConverter.UInt32BitsToSingle((uint)notANumber.Number(2)));

        Assert.Equal("sheet", events[3].Inner(5).Inner(1).Text(1));
        var image = events[3].Inner(5).Inner(1).Inner(4);
        Assert.Equal(10ul, image.Number(1));
        Assert.Equal(20ul, image.Number(2));
        Assert.Equal(3ul, image.Number(3));
        Assert.Equal(png, image.Bytes(4));
    }

    [Fact]
    public void AResumedRunOpensAnotherFileAndKeepsTheFirst()
    {
        using var first = new TensorBoardWriter(_folder.Path, _clock);
        using var second = new TensorBoardWriter(_folder.Path, _clock);
        Assert.Equal(["events.out.tfevents.1700000000.0", "events.out.tfevents.1700000000.1"], _folder.FileNames);
        Assert.NotEqual(first.Path, second.Path);
    }

    [Fact]
    public void FlushMakesEventsVisible()
    {
        using var writer = new TensorBoardWriter(_folder.Path, _clock);
        writer.Scalar(1, "a", 1);
        writer.Flush();
        using var stream = new FileStream(writer.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        Assert.Equal(3, Events(bytes).Count);
    }

    [Fact]
    public void BadInputIsRefused()
    {
        using var writer = new TensorBoardWriter(_folder.Path, _clock);
        Assert.Throws<ArgumentException>(() => writer.Scalar(1, "", 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Image(1, "a", [1], 0, 1));
        File.WriteAllText(_folder["file"], "");
        Assert.ThrowsAny<IOException>(() => new TensorBoardWriter(_folder["file"], _clock));
    }

    /// <summary>Takes the records apart and checks both check values of each.</summary>
    private static List<Message> Events(byte[] file)
    {
        List<Message> events = [];
        for (int at = 0; at < file.Length;)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));
            Assert.Equal(Masked(file.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            ReadOnlySpan<byte> data = file.AsSpan(at + 12, length);
            at += 12 + length;
            Assert.Equal(Masked(data), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at)));
            at += 4;
            events.Add(new Message(data));
        }

        return events;
    }

    private static uint Masked(ReadOnlySpan<byte> data)
    {
        uint crc = Crc32CTests.BitByBit(data);
        return unchecked(((crc >> 15) | (crc << 17)) + 0xA282EAD8u);
    }

    /// <summary>The fields of one protobuf message, none of which may occur twice here.</summary>
    private sealed class Message
    {
        private readonly Dictionary<int, ulong> _numbers = [];
        private readonly Dictionary<int, byte[]> _bytes = [];

        internal Message(ReadOnlySpan<byte> data)
        {
            while (!data.IsEmpty)
            {
                ulong tag = Varint(ref data);
                int field = (int)(tag >> 3);
                switch (tag & 7)
                {
                    case 0: _numbers.Add(field, Varint(ref data)); break;
                    case 1: _numbers.Add(field, BinaryPrimitives.ReadUInt64LittleEndian(Take(ref data, 8))); break;
                    case 2: _bytes.Add(field, Take(ref data, (int)Varint(ref data)).ToArray()); break;
                    case 5: _numbers.Add(field, BinaryPrimitives.ReadUInt32LittleEndian(Take(ref data, 4))); break;
                    default: Assert.Fail($"Wire type {tag & 7} is not in use."); break;
                }
            }
        }

        internal ulong Number(int field) => _numbers[field];

        internal byte[] Bytes(int field) => _bytes[field];

        internal string Text(int field) => Encoding.UTF8.GetString(_bytes[field]);

        internal Message Inner(int field) => new(_bytes[field]);

        private static ulong Varint(ref ReadOnlySpan<byte> data)
        {
            ulong value = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte next = Take(ref data, 1)[0];
                value |= (ulong)(next & 127) << shift;
                if (next < 128)
                    return value;
            }
        }

        private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> data, int count)
        {
            var head = data[..count];
            data = data[count..];
            return head;
        }
    }

    private sealed class StoppedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_250);
    }
}
