using Gqn.Native.Data;
using Gqn.Native.Tests.Io;
using Xunit;

namespace Gqn.Native.Tests.Data;

public sealed class SceneFileNamesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("1-of-2.tfrecord", "2-of-2.tfrecord")]
    [InlineData("1-of-2.tfrecord.gz", "2-of-2.tfrecord")]
    [InlineData("train-00000-of-00002.tfrecord", "train-00001-of-00002.tfrecord")]
    [InlineData("rooms-00001-of-00002", "rooms-00002-of-00002")]
    [InlineData("rooms-train.tfrecord-00000-of-00002", "rooms-train.tfrecord-00001-of-00002")]
    [InlineData("0_of_9-0-of-2-large.tfrecords.gz", "0_of_9-1-of-2-large.tfrecords.gz")]
    [InlineData("set2-of-3x-1-of-2.tfrecord", "set2-of-3x-2-of-2.tfrecord")]
    public void NumberAndCountAreFoundWhereverTheyStand(string first, string second)
    {
        Write(second, first, "contents.json", "1-of-7.tfrecord.tmp", "1-of-8.txt", "notes");
        var (files, declared) = SceneFileNames.Find(_folder.Path);
        Assert.Equal(2, declared);
        Assert.Equal([_folder[first], _folder[second]], files.Select(file => file.Path));
        Assert.Equal(1, files[1].Number - files[0].Number);
    }

    [Fact]
    public void FilesComeInTheOrderOfTheirNumbersEvenIfSomeAreMissing()
    {
        Write("a-10-of-12.tfrecord", "a-9-of-12.tfrecord", "a-0-of-12.tfrecord");
        var (files, declared) = SceneFileNames.Find(_folder.Path);
        Assert.Equal((12, "0 9 10"), (declared, string.Join(' ', files.Select(file => file.Number))));
    }

    [Theory]
    [InlineData("files are numbered from 0, as in 0-of-2.tfrecord, or from 1, as in this name", "0-of-2.tfrecord",
        "2-of-2.tfrecord")]
    [InlineData("there is no file 3 of 2", "3-of-2.tfrecord")]
    [InlineData("there is no file 0 of 0", "0-of-0.tfrecord")]
    [InlineData("some files are of 2 and some of 3: these are two data sets", "1-of-2.tfrecord", "1-of-3.tfrecord")]
    [InlineData("file 1 of 2 is there twice, as 1-of-2.tfrecord, too; move one of them away", "1-of-2.tfrecord",
        "1-of-2.tfrecord.gz")]
    [InlineData("such as 1-of-9.tfrecord or train-00000-of-00009.tfrecord.gz; there is only shard_0.tfrecord",
        "shard_0.tfrecord")]
    [InlineData("there are part-r-00000, part-r-00001, part-r-00002 and 2 more", "part-r-00000", "part-r-00001",
        "part-r-00002", "part-r-00003", "part-r-00004")]
    [InlineData("the folder is empty")]
    public void WhatDoesNotFitIsNamed(string problem, params string[] names)
    {
        Write(names);
        Assert.Contains(
            problem, Assert.Throws<DatasetException>(() => SceneFileNames.Find(_folder.Path)).Message,
            StringComparison.Ordinal);
    }

    private void Write(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
            File.WriteAllBytes(_folder[name], []);
    }
}
