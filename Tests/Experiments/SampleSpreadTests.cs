using Gqn.Native.Experiments;
using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Experiments;

/// <summary>Samples of known variance at hidden and visible pixels, and the choice of views.</summary>
public sealed class SampleSpreadTests
{
    private const int Scenes = 12, Pixels = 20;

    [Fact]
    public void KnownVariancesGiveTheirRatio()
    {
        var (rows, verdict) = Judged(hidden: .04f, visible: .01f, after: .01f);
        Assert.Equal(Verdict.Reproduced, verdict);
        Assert.Equal(4, Value(rows, "hidden / visible"), 1e-5);
        Assert.Equal(.04, Value(rows, "variance, hidden pixels"), 1e-7);
        Assert.Equal(.01, Value(rows, "variance, visible pixels"), 1e-7);
        Assert.Equal(255 * .2, Value(rows, "deviation of 255, hidden pixels"), 1e-4);
        Assert.Equal(.25, Value(rows, "of that with 1 context"), 1e-5);
        Assert.Equal(4, Value(rows, "hidden / visible objects"), 1e-5);
        // 8 of 18 pixels that show something are hidden.
        Assert.Equal(8 / 18.0, Value(rows, "share of hidden pixels"), 1e-12);
    }

    [Theory]
    [InlineData(.01f, .01f, .005f, Verdict.NotReproduced)]
    [InlineData(.019f, .01f, .005f, Verdict.NotReproduced)]
    [InlineData(.03f, .01f, .03f, Verdict.NotReproduced)]
    [InlineData(.03f, .01f, .04f, Verdict.NotReproduced)]
    [InlineData(4e-6f, 1e-6f, 1e-6f, Verdict.TooWeakAModel)]
    [InlineData(0f, 0f, 0f, Verdict.TooWeakAModel)]
    [InlineData(.03f, .01f, .02f, Verdict.Reproduced)]
    public void TheVerdictFollowsTheVariances(float hidden, float visible, float after, Verdict expected) =>
        Assert.Equal(expected, Judged(hidden, visible, after).Verdict);

    [Fact]
    public void AModelWorseThanTheMeanImageIsTooWeak() =>
        Assert.Equal(Verdict.TooWeakAModel, Judged(.04f, .01f, .01f, error: .2f).Verdict);

    /// <summary>No pair of views reveals more: by the visibility from both at once.</summary>
    [Theory]
    [InlineData("rooms-ring", 3)]
    [InlineData("shepard-metzler-5", 1)]
    public void TheChosenViewsRevealMost(string environment, ulong index)
    {
        const int Size = 16;
        var scene = Environments.Create(environment).Sample(SceneSplit.Test, index);
        int[] views = [2, 0, 5, 7, 4];
        var chosen = OccludedScene.Choose(scene, views, 4, Size, 0)!;
        var query = scene.Cameras[4];
        byte[] rgb = new byte[Size * Size * 3], parts = new byte[Size * Size];
        scene.Render(query, Size, rgb, parts);
        Assert.Equal(query, chosen.Query);
        Assert.Equal(parts, chosen.Parts);
        Assert.Equal(rgb.Select(value => value / 255f), chosen.Truth);
        int most = 0;
        foreach (int one in views[..4])
        {
            foreach (int other in views[..4])
                most = Math.Max(most, Revealed(scene.Cameras[one], scene.Cameras[other]));
        }

        Assert.True(most > 0);
        Assert.Equal(most, Revealed(chosen.Cameras[0], chosen.Cameras[1]));
        Assert.Equal(most, Enumerable.Range(0, parts.Length).Count(pixel => parts[pixel] != 0
            && OccludedScene.IsRevealed(chosen.FromContext[pixel], chosen.FromAdded[pixel])));
        Assert.Equal(
            scene.Render(chosen.Cameras[1], Size).Bytes.ToArray().Select(value => value / 255f), chosen.Added);
        Assert.Null(OccludedScene.Choose(scene, views, 4, Size, 1));

        int Revealed(Camera context, Camera added)
        {
            var alone = new PixelVisibility[Size * Size];
            var both = new PixelVisibility[Size * Size];
            Visibility.Classify(scene, query, [context], Size, alone);
            Visibility.Classify(scene, query, [context, added], Size, both);
            return Enumerable.Range(0, parts.Length).Count(pixel => parts[pixel] != 0
                && alone[pixel] == PixelVisibility.Hidden && both[pixel] == PixelVisibility.Visible);
        }
    }

    private static double Value(IReadOnlyList<ResultRow> rows, string measure) =>
        rows.Single(row => row.Measure == measure).Model.Value;

    /// <summary>Scenes of 2 pixels of the sky, 10 visible and 8 hidden ones, of which the added view shows 6.</summary>
    private static (IReadOnlyList<ResultRow> Rows, Verdict Verdict) Judged(
        float hidden, float visible, float after, float error = .01f)
    {
        var spread = new SampleSpread();
        for (int scene = 0; scene < Scenes; scene++)
        {
            var fromContext = new PixelVisibility[Pixels];
            var fromAdded = new PixelVisibility[Pixels];
            byte[] parts = new byte[Pixels];
            float[] before = new float[Pixels * 3], later = new float[Pixels * 3];
            for (int pixel = 0; pixel < Pixels; pixel++)
            {
                (fromContext[pixel], fromAdded[pixel]) = pixel switch
                {
                    < 2 => (PixelVisibility.Nothing, PixelVisibility.Nothing),
                    < 12 => (PixelVisibility.Visible, PixelVisibility.Hidden),
                    < 18 => (PixelVisibility.Hidden, PixelVisibility.Visible),
                    _ => (PixelVisibility.Hidden, PixelVisibility.Hidden),
                };
                parts[pixel] = (byte)(pixel % 3 == 0 ? 1 : 0);
                for (int channel = 0; channel < 3; channel++)
                {
                    // Channels and scenes differ; what the sky does must not count.
                    float weight = (channel + 1) / 2f * (1 + ((scene % 3) - 1) / 4f);
                    float variance = pixel < 2 ? 100 : pixel < 12 ? visible : hidden;
                    before[(pixel * 3) + channel] = weight * variance;
                    later[(pixel * 3) + channel] = weight * (pixel < 2 ? 100 : pixel < 18 ? after : 100);
                }
            }

            spread.Add(
                fromContext, fromAdded, parts, before, later, [.. Enumerable.Repeat(error, Pixels * 3)],
                [.. Enumerable.Repeat(.1f, Pixels * 3)]);
        }

        var (rows, findings) = spread.Judge(new Bootstrap(Scenes, 1), leastRatio: 2, leastSpread: 1);
        return (rows, new ExperimentResult("occlusion", "2C", "", null!, Scenes, 1, rows, findings, []).Verdict);
    }
}
