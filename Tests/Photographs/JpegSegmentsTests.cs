using Gqn.Native.Engine;
using Gqn.Native.Imaging;
using Gqn.Native.Photographs;
using Xunit;

namespace Gqn.Native.Tests.Photographs;

public sealed class JpegSegmentsTests
{
    private static readonly byte[] Plain = Jpeg.Encode(new RgbImage(16, 16), 90);

    [Theory]
    [MemberData(nameof(Orientations))]
    public void OrientationsAreReadInBothByteOrders(int orientation, bool littleEndian)
    {
        byte[] jpeg = [.. Plain[..2], .. PhotographedRoom.Exif(orientation, littleEndian), .. Plain[2..]];
        Assert.Equal(orientation, JpegSegments.Orientation(jpeg));
        // After a segment of another program under the same marker, and fill bytes.
        byte[] other = [.. jpeg[..2], 0xFF, 0xE1, 0, 6, .. "http"u8, 0xFF, 0xFF, .. jpeg[2..]];
        Assert.Equal(orientation, JpegSegments.Orientation(other));
        Assert.True(JpegSegments.HasEnd(other));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(0x7FFF)]
    public void OrientationsThatDoNotExistAreNone(int orientation)
    {
        byte[] jpeg = [.. Plain[..2], .. PhotographedRoom.Exif(orientation, littleEndian: true), .. Plain[2..]];
        Assert.Equal(1, JpegSegments.Orientation(jpeg));
    }

    [Fact]
    public void WithoutExifAPictureIsUpright()
    {
        Assert.Equal(1, JpegSegments.Orientation(Plain));
        Assert.Equal(1, JpegSegments.Orientation([0xFF, 0xD8]));
        Assert.Equal(1, JpegSegments.Orientation([]));
    }

    /// <summary>What follows a scan is pixels: a segment there says nothing.</summary>
    [Fact]
    public void ExifAfterTheScanDoesNotCount()
    {
        byte[] jpeg = [.. Plain, .. PhotographedRoom.Exif(6, littleEndian: false)];
        Assert.Equal(1, JpegSegments.Orientation(jpeg));
    }

    [Fact]
    public void EveryTruncationIsReadWithinBoundsAndHasNoEnd()
    {
        byte[] jpeg = [.. Plain[..2], .. PhotographedRoom.Exif(6, littleEndian: false), .. Plain[2..]];
        for (int length = 0; length < jpeg.Length; length++)
        {
            Assert.Contains(JpegSegments.Orientation(jpeg.AsSpan(0, length)), (int[])[1, 6]);
            Assert.False(JpegSegments.HasEnd(jpeg.AsSpan(0, length)));
        }

        Assert.True(JpegSegments.HasEnd(jpeg));
    }

    /// <summary>Offsets, counts and lengths of any value: an access beyond the bytes would throw.</summary>
    [Fact]
    public void AnyBytesAreReadWithinBounds()
    {
        byte[] good = [.. Plain[..2], .. PhotographedRoom.Exif(3, littleEndian: true), .. Plain[2..]];
        var random = new RandomStream(seed: 5, stream: 0);
        bool changed = false;
        for (int trial = 0; trial < 20_000; trial++)
        {
            byte[] bytes = [.. good];
            for (int change = 0; change <= trial % 4; change++)
                bytes[2 + random.NextInt32(46)] = trial % 3 == 0 ? (byte)0xFF : (byte)random.NextUInt32();
            int orientation = JpegSegments.Orientation(bytes);
            Assert.InRange(orientation, 1, 8);
            changed |= orientation != 3;
        }

        Assert.True(changed);
        // A directory at the end of the segment that claims 65,535 entries, and one far beyond it.
        byte[][] offsets = [[32, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0x80], [37, 0, 0, 0]];
        foreach (byte[] offset in offsets)
        {
            byte[] bytes = [.. good];
            offset.CopyTo(bytes, 2 + 4 + 6 + 4);
            bytes.AsSpan(2 + 4 + 6 + 32, 2).Fill(0xFF);
            Assert.Equal(1, JpegSegments.Orientation(bytes));
        }
    }

    public static TheoryData<int, bool> Orientations()
    {
        var data = new TheoryData<int, bool>();
        for (int orientation = 1; orientation <= 8; orientation++)
        {
            data.Add(orientation, true);
            data.Add(orientation, false);
        }

        return data;
    }
}
