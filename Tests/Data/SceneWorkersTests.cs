using Gqn.Native.Data;
using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Data;

public sealed class SceneWorkersTests
{
    [Theory]
    [InlineData(16, 0, 8, 17, false)]
    [InlineData(4, 0, 3, 7, false)]
    [InlineData(2, 0, 1, 4, false)]
    [InlineData(1, 0, 1, 4, false)]
    [InlineData(2, 1, 1, 4, false)]
    [InlineData(8, 6, 2, 5, false)]
    [InlineData(2, 2, 2, 4, true)]
    [InlineData(64, 64, 3, 4, true)]
    public void ThereAreAsManyAsTrainingLeavesRoomFor(
        int processors, int training, int count, int capacity, bool onDemand) => Assert.Equal(
            new SceneWorkers(count, capacity, onDemand), SceneWorkers.Beside(processors, training));

    [Fact]
    public void EightWorkersGiveTheBatchesOfOne()
    {
        var environment = Environments.Create("rooms-ring");
        var many = SceneWorkers.Beside(processors: 16, training: 0);
        using var one = new SceneBatches(environment, SceneSplit.Train, 16, batch: 3, maxContexts: 4, seed: 5);
        using var eight = new SceneBatches(
            environment, SceneSplit.Train, 16, batch: 3, maxContexts: 4, seed: 5, workers: many.Count,
            capacity: many.Capacity);
        for (int batch = 0; batch < 40; batch++)
        {
            var (a, b) = (one.Next(), eight.Next());
            Assert.Equal(a.Contexts, b.Contexts);
            Assert.Equal(a.SceneIndices, b.SceneIndices);
            Assert.Equal(a.QueryImages, b.QueryImages);
            Assert.Equal(
                a.ContextImages[..(3 * a.Contexts * 16 * 16 * 3)], b.ContextImages[..(3 * b.Contexts * 16 * 16 * 3)]);
        }
    }
}
