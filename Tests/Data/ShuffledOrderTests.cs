using Gqn.Native.Data;
using Xunit;

namespace Gqn.Native.Tests.Data;

public sealed class ShuffledOrderTests
{
    public static TheoryData<int[], int> Sets => new()
    {
        { [1], 1 },
        { [7, 7, 7, 2], 1 },
        { [7, 7, 7, 2], 5 },
        { [20, 200, 20, 0, 200, 1], 64 },
        { [20, 200, 20, 0, 200, 1], 4096 },
    };

    [Theory]
    [MemberData(nameof(Sets))]
    public void EachEpochHasEverySceneOnceInAnOrderOfItsOwn(int[] counts, int capacity)
    {
        var order = new ShuffledOrder(new Counted(counts), 5, capacity);
        SceneReference[] all =
            [.. counts.SelectMany((n, file) => Enumerable.Range(0, n).Select(r => new SceneReference(file, r)))];
        var epochs = Enumerable.Range(0, 4).Select(_ => Take(order, all.Length)).ToList();
        foreach (var epoch in epochs)
            Assert.Equal(all, epoch.OrderBy(scene => scene.Index));
        if (all.Length > 20)
            Assert.Equal(4, epochs.Select(epoch => string.Join(' ', epoch)).Distinct().Count());
        Assert.Equal(epochs[0], Take(new ShuffledOrder(new Counted(counts), 5, capacity), all.Length));
        if (all.Length > 20)
            Assert.NotEqual(epochs[0], Take(new ShuffledOrder(new Counted(counts), 6, capacity), all.Length));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void EveryPlaceIsFoundAgain(int[] counts, int capacity)
    {
        int total = counts.Sum();
        var whole = Take(new ShuffledOrder(new Counted(counts), 9, capacity), (3 * total) + 30);
        for (int skip = 0; skip < whole.Length - 20; skip += 1 + (total / 40))
        {
            var order = new ShuffledOrder(new Counted(counts), 9, capacity);
            order.Skip(skip);
            Assert.Equal(whole[skip..(skip + 20)], Take(order, 20));
        }
    }

    [Fact]
    public void FilesAreReadNearlyFromBeginningToEnd()
    {
        var files = new Counted([.. Enumerable.Repeat(100, 50)]);
        var order = new ShuffledOrder(files, 3, capacity: 150);
        var seen = new HashSet<int>();
        for (int i = 0; i < 1000; i++)
        {
            seen.Add(order.Next().File);
            Assert.InRange(files.Asked.Count, seen.Count, ((i + 150) / 100) + 2);
        }
        // Hardly any consecutive draws from one file are neighbours in it.
        var draws = Take(new ShuffledOrder(new Counted([5000]), 3, capacity: 1000), 5000);
        int neighbours = draws.Zip(draws.Skip(1)).Count(pair => Math.Abs(pair.First.Record - pair.Second.Record) < 3);
        Assert.InRange(neighbours, 0, 100);
    }

    [Fact]
    public void ResumingFarAwayCountsFilesAndNothingElse()
    {
        var order = new ShuffledOrder(new Counted([.. Enumerable.Repeat(5000, 2000)]), 1, 4096);
        order.Skip(10_000_000L * 1_000_000);
        Assert.InRange(order.Next().File, 0, 1999);
    }

    [Fact]
    public void ASetWithoutScenesIsSaidToBeEmpty() =>
        Assert.Throws<DatasetException>(() => new ShuffledOrder(new Counted([0, 0]), 1, 8).Next());

    private static SceneReference[] Take(ShuffledOrder order, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => order.Next())];

    private sealed class Counted(int[] counts) : ISceneFiles
    {
        public HashSet<int> Asked { get; } = [];

        public string Path => "counted";

        public int Count => counts.Length;

        public int CountScenes(int file)
        {
            Asked.Add(file);
            return counts[file];
        }
    }
}
