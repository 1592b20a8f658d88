using System.Buffers.Binary;
using System.Text;
using Gqn.Native.Engine.Io;
using Xunit;

namespace Gqn.Native.Tests.Io;

public sealed class NpyWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string FilePath => _folder["a.npy"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheBytesAreThoseOfTheFormat()
    {
        NpyWriter.Save(FilePath, [2, 3], sink =>
        {
            sink.Write([1, -2]);
            sink.Write([]);
            sink.Write([.5f, float.NaN, 0, 3]);
        });
        byte[] file = File.ReadAllBytes(FilePath);
        // Magic, version 1.0, and the length of a header that ends at byte 128.
        byte[] prefix = [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, 118, 0];
        Assert.Equal(prefix, file[..10]);
        string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
        Assert.Equal(text.PadRight(117) + "\n", Encoding.ASCII.GetString(file[10..128]));
        byte[] numbers =
        [
            0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 0, 0, 0, 0x3F, 0, 0, 0xC0, 0xFF, 0, 0, 0, 0, 0, 0, 0x40, 0x40,
        ];
        Assert.Equal(numbers, file[128..]);
        Assert.Equal(["a.npy"], _folder.FileNames);
    }

    [Theory]
    [InlineData("()", 1)]
    [InlineData("(4,)", 4, 4L)]
    [InlineData("(0, 5)", 0, 0L, 5L)]
    [InlineData(
        "(0, 1000000000001, 2000000000002, 3000000000003, 4000000000004, 5)", 0,
        0L, 1000000000001L, 2000000000002L, 3000000000003L, 4000000000004L, 5L)]
    public void NumbersBeginAtAMultipleOf64WhateverTheShape(string tuple, int count, params long[] shape)
    {
        NpyWriter.Save(FilePath, shape, sink => sink.Write(new float[count]));
        byte[] file = File.ReadAllBytes(FilePath);
        int length = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(8));
        Assert.Equal(tuple.Length > 64 ? 192 : 128, 10 + length);
        Assert.Equal(10 + length + (4 * count), file.Length);
        Assert.Equal((byte)'\n', file[9 + length]);
        Assert.Contains($"'shape': {tuple}, }}", Encoding.ASCII.GetString(file, 10, length), StringComparison.Ordinal);
    }

    [Fact]
    public void AFileWithoutAllItsNumbersIsNotWritten()
    {
        File.WriteAllText(FilePath, "before");
        Assert.Throws<InvalidOperationException>(() => NpyWriter.Save(FilePath, [3], sink => sink.Write([1, 2])));
        Assert.Throws<InvalidOperationException>(() => NpyWriter.Save(FilePath, [1], sink => sink.Write([1, 2])));
        Assert.Throws<ArgumentException>(() => NpyWriter.Save(FilePath, [-1], _ => { }));
        Assert.Throws<ArgumentException>(() => NpyWriter.Save(FilePath, [long.MaxValue, 2], _ => { }));
        Assert.Throws<ArgumentException>(
            () => NpyWriter.Save(FilePath, new long[40_000].Select(_ => 1L).ToArray(), _ => { }));
        Assert.Equal("before", File.ReadAllText(FilePath));
        Assert.Equal(["a.npy"], _folder.FileNames);
        Assert.Contains(
            "folder", Assert.Throws<IOException>(() => NpyWriter.Save(_folder.Path, [0], _ => { })).Message,
            StringComparison.Ordinal);
    }
}
