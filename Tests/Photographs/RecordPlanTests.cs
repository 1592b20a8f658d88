using Gqn.Native.Model;
using Gqn.Native.Photographs;
using Xunit;

namespace Gqn.Native.Tests.Photographs;

public sealed class RecordPlanTests
{
    [Theory]
    [InlineData(4, 2)]
    [InlineData(9, 4)]
    [InlineData(12, 6)]
    [InlineData(50, 6)]
    [InlineData(200, 20)]
    public void OneSceneIsOneRecordWithoutItsHeldOutPictures(int pictures, int held)
    {
        var plan = Plan([pictures], new DivisionOptions());
        Assert.Equal(pictures - held, Assert.Single(plan.Train).Views.Count);
        Assert.Equal(held, Assert.Single(plan.Test).Views.Count);
        AssertDisjoint(plan, pictures);
    }

    [Fact]
    public void OneSceneIsCutIntoDisjointRecordsOnRequest()
    {
        var plan = Plan([53], new DivisionOptions { Views = 10 });
        Assert.Equal((4, 1), (plan.Train.Count, plan.Test.Count));
        AssertDisjoint(plan, 50);
        // Spread over the scene: no record is a run of neighbours.
        Assert.All(plan.Train.Concat(plan.Test), record => Assert.True(record.Views[^1] - record.Views[0] > 20));
        Assert.Equal((2, 3), Counts(Plan([53], new DivisionOptions { Views = 10, TestShare = 0.6 })));
    }

    [Fact]
    public void ARecordOfAWalkIsARun()
    {
        var plan = Plan([53], new DivisionOptions { Views = 10, Consecutive = true });
        AssertDisjoint(plan, 50);
        Assert.All(
            plan.Train.Concat(plan.Test),
            record => Assert.Equal(Enumerable.Range(record.Views[0], 10), record.Views));
    }

    [Fact]
    public void OfSeveralScenesWholeScenesAreHeldOut()
    {
        var plan = Plan([20, 30, 45, 61, 20], new DivisionOptions { TestShare = 0.4 });
        AssertDisjoint(plan, 8 * 20);
        Assert.All(plan.Train.Concat(plan.Test), record => Assert.Equal(20, record.Views.Count));
        var train = plan.Train.Select(record => record.Scene).ToHashSet();
        var test = plan.Test.Select(record => record.Scene).ToHashSet();
        Assert.Equal((3, 2), (train.Count, test.Count));
        Assert.False(train.Overlaps(test));
    }

    [Fact]
    public void ScenesThatAreTooSmallAreLeftOut()
    {
        var plan = Plan([5, 30, 12], new DivisionOptions { Views = 10 });
        Assert.Equal([1, 2], plan.Train.Concat(plan.Test).Select(record => record.Scene).Distinct().Order());
        // If one scene is left, its pictures are divided.
        Assert.Equal((2, 1), Counts(Plan([5, 30, 9], new DivisionOptions { Views = 10 })));
    }

    [Fact]
    public void TheSeedAloneDecides()
    {
        static string Text(RecordPlan plan) =>
            string.Join(';', plan.Train.Concat(plan.Test).Select(record => string.Join(',', record.Views)));
        string first = Text(Plan([50], new DivisionOptions()));
        Assert.Equal(first, Text(Plan([50], new DivisionOptions())));
        Assert.NotEqual(first, Text(Plan([50], new DivisionOptions { Seed = 2 })));
    }

    [Theory]
    [InlineData(new[] { 3 }, null, false, "room0 has 3 pictures; a scene alone needs at least 4")]
    [InlineData(new[] { 19 }, 10, false, "--views 10: the 19 pictures of room0 are one record")]
    [InlineData(new[] { 7, 9 }, 10, false, "Records of 10 views need as many pictures of a scene; room1 has most, 9.")]
    [InlineData(new[] { 50 }, null, true, "--consecutive needs --views")]
    public void TooFewPicturesAreRefused(int[] counts, int? views, bool consecutive, string problem)
    {
        var error = Assert.Throws<OptionException>(
            () => Plan(counts, new DivisionOptions { Views = views, Consecutive = consecutive }));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    private static (int Train, int Test) Counts(RecordPlan plan) => (plan.Train.Count, plan.Test.Count);

    private static void AssertDisjoint(RecordPlan plan, int pictures)
    {
        var views = plan.Train.Concat(plan.Test)
            .SelectMany(record => record.Views.Select(view => (record.Scene, view))).ToArray();
        Assert.Equal((pictures, pictures), (views.Length, views.Distinct().Count()));
    }

    private static RecordPlan Plan(int[] counts, DivisionOptions options) =>
        RecordPlan.Create([.. counts.Select((_, scene) => $"room{scene}")], counts, options);
}
