using System.Text.Json;
using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

/// <summary>Properties of the causes of every environment's scenes.</summary>
public sealed class SceneFactorsTests
{
    public static TheoryData<string> Names => [.. Environments.Names];

    /// <summary>A scene composed from its own causes, even via JSON, is the same scene.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void CausesAreAllThereIs(string name)
    {
        var environment = Environments.Create(name);
        for (ulong index = 0; index < 5; index++)
        {
            var scene = environment.Sample(SceneSplit.Train, index);
            string json = JsonSerializer.Serialize(scene.Factors);
            var read = JsonSerializer.Deserialize<SceneFactors>(json)!;
            var again = environment.Compose(read, scene.Cameras);
            Assert.Equal(json, JsonSerializer.Serialize(again.Factors));
            Assert.Equal(scene.Render(scene.Cameras[0], 32).Bytes, again.Render(scene.Cameras[0], 32).Bytes);
        }
    }

    /// <summary>Each property takes the value it has in another scene, and no other property changes.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void WithChangesOneProperty(string name)
    {
        var environment = Environments.Create(name);
        var factors = environment.Sample(SceneSplit.Train, 1).Factors;
        int changed = 0;
        for (ulong index = 2; index < 12; index++)
        {
            var other = environment.Sample(SceneSplit.Train, index).Factors;
            foreach (string property in factors.Properties.Intersect(other.Properties))
            {
                var moved = factors.With(property, other[property]);
                Assert.Equal(Text(other[property]), Text(moved[property]));
                Assert.Equal(factors.Properties, moved.Properties);
                Assert.All(factors.Properties.Where(p => p != property),
                    p => Assert.Equal(Text(factors[p]), Text(moved[p])));
                if (Text(factors[property]) != Text(moved[property]))
                    changed++;
            }
        }

        Assert.True(changed > 10);
        Assert.Throws<FactorException>(() => factors["no such thing"]);
        Assert.Throws<FactorException>(() => factors.With("no such thing", 1));
        Assert.Throws<FactorException>(() => factors.With(factors.Properties[0], new object()));

        static string Text(object value) => JsonSerializer.Serialize(value);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void FixedViewsAreTheSameForAllScenes(string name)
    {
        var environment = Environments.Create(name);
        var views = environment.FixedViews(7);
        Assert.Equal(7, views.Distinct().Count());
        Assert.Equal(views, Environments.Create(name).FixedViews(7));
        var scene = environment.Sample(SceneSplit.Test, 5);
        Assert.Equal(views, scene.SeenBy(views).Cameras.ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => environment.FixedViews(0));
    }

    [Fact]
    public void AConditionLetsNothingElseThroughAndKeepsNumbers()
    {
        var all = Environments.Create("shepard-metzler-7");
        var chiral = all.Where(f => ((ShepardMetzlerFactors)f).IsChiral);
        int kept = 0, replaced = 0;
        for (ulong index = 0; index < 300; index++)
        {
            var scene = chiral.Sample(SceneSplit.Train, index);
            Assert.True(((ShepardMetzlerFactors)scene.Factors).IsChiral);
            Assert.Equal(index, scene.Index);
            var unfiltered = all.Sample(SceneSplit.Train, index);
            if (((ShepardMetzlerFactors)unfiltered.Factors).IsChiral)
            {
                kept++;
                Assert.Equal(unfiltered.Cameras.ToArray(), scene.Cameras.ToArray());
            }
            else
            {
                replaced++;
            }
        }

        Assert.True(kept > 50 && replaced > 10, $"{kept} kept, {replaced} replaced");
        var none = all.Where(_ => false);
        Assert.Throws<FactorException>(() => none.Sample(SceneSplit.Train, 0));
    }

    /// <summary>The mental-rotation task: a pair whose members no rotation turns into each other.</summary>
    [Fact]
    public void MirrorPairsDifferInChiralityAlone()
    {
        var environment = Environments.Create("shepard-metzler-7")
            .Where(f => ((ShepardMetzlerFactors)f).IsChiral);
        for (ulong index = 0; index < 50; index++)
        {
            var scene = environment.Sample(SceneSplit.Train, index);
            var factors = (ShepardMetzlerFactors)scene.Factors;
            var mirror = factors.Mirror();
            Assert.Equal(factors.MirrorForm, mirror.CanonicalForm);
            Assert.NotEqual(factors.CanonicalForm, mirror.CanonicalForm);
            Assert.Equal(factors.Colours, mirror.Colours);
            Assert.Equal(factors.Cells, mirror.Mirror().Cells);
            scene.With(mirror).Render(scene.Cameras[0], 16);
        }
    }

    [Fact]
    public void ImpossibleCausesAreRefused()
    {
        var five = Environments.Create("shepard-metzler-5");
        var scene = five.Sample(SceneSplit.Train, 0);
        var seven = Environments.Create("shepard-metzler-7").Sample(SceneSplit.Train, 0).Factors;
        Assert.Throws<FactorException>(() => five.Compose(seven, scene.Cameras));
        Assert.Throws<FactorException>(() => scene.With("colours[0]", new CubeColour(2, 1)));
        Assert.Throws<FactorException>(() => scene.With("cells", Enumerable.Repeat(new GridCell(0, 0, 0), 5).ToArray()));
    }
}
