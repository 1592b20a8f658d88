using System.Numerics;
using System.Runtime.Intrinsics;
using Gqn.Native.Engine;
using Gqn.Native.Scenes;
using Gqn.Native.Scenes.Rendering;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

public sealed class TwoToneTextureTests
{
    private const int Width = 16, Height = 8;

    private static readonly float[] Cover = MakeCover();

    /// <summary>The grey value of a black-and-white texture is its cover.</summary>
    private static readonly TwoToneTexture Tiling = new(Vector3.Zero, Vector3.One, Cover, Width, .25f, true);

    private static readonly TwoToneTexture Clamped = new(Vector3.Zero, Vector3.One, Cover, Width, .25f, false);

    [Fact]
    public void TexelCentresOfTheFinestLevelAreTheTexels()
    {
        for (int i = 0; i < Cover.Length; i++)
        {
            float x = ((i % Width) + .5f) * .25f, y = ((i / Width) + .5f) * .25f;
            Assert.Equal(Cover[i], At(Tiling, x, y, .01f), 1e-6f);
            Assert.Equal(Cover[i], At(Clamped, x, y, .25f), 1e-6f);
            Assert.Equal(Cover[i], At(Tiling, x + (3 * Width * .25f), y + (2 * Height * .25f), .25f), 1e-5f);
        }
    }

    [Fact]
    public void PlacesBetweenAreMixedAndBordersWrapOrGoOn()
    {
        Assert.Equal((Texel(3, 2) + Texel(4, 2) + Texel(3, 3) + Texel(4, 3)) / 4, At(Tiling, 1, .75f, .1f), 1e-6f);
        Assert.Equal((.75f * Texel(3, 2)) + (.25f * Texel(4, 2)), At(Tiling, .9375f, .625f, .1f), 1e-6f);
        Assert.Equal((Texel(0, 0) + Texel(Width - 1, 0)) / 2, At(Tiling, 0, .125f, .1f), 1e-6f);
        Assert.Equal((Texel(0, 0) + Texel(0, Height - 1)) / 2, At(Tiling, .125f, 0, .1f), 1e-6f);
        Assert.Equal(Texel(0, 0), At(Clamped, .125f, 0, .1f), 1e-6f);
        Assert.Equal(Texel(5, Height - 1), At(Clamped, 5.5f * .25f, 9, .1f), 1e-6f);
    }

    /// <summary>A pixel that covers 2ⁿ texels sees their mean; one that covers more than the texture, the mean of
    /// all.</summary>
    [Fact]
    public void FartherPlacesAreMeansOfMoreTexels()
    {
        Assert.Equal(Mean(4, 2, 2), At(Tiling, 5 * .25f, 3 * .25f, .5f), 1e-6f);
        Assert.Equal(Mean(8, 4, 4), At(Tiling, 10 * .25f, 6 * .25f, 1), 1e-6f);
        Assert.Equal((Mean(4, 2, 2) + TwoLevel()) / 2, At(Tiling, 5 * .25f, 3 * .25f, .75f), 1e-6f);
        float most = At(Tiling, 1, .7f, 1000), mean = Cover.Average();
        Assert.InRange(most, mean - .12f, mean + .12f);

        // Halfway between the levels of 2 and 4 texels: the coarser level is interpolated here as anywhere else.
        float TwoLevel()
        {
            float At4(int x, int y) => Mean(((x * 4) + Width) % Width, ((y * 4) + Height) % Height, 4);
            return Mix(Mix(At4(0, 0), At4(1, 0), .75f), Mix(At4(0, 1), At4(1, 1), .75f), .25f);
        }

        static float Mix(float a, float b, float share) => a + (share * (b - a));
    }

    [Fact]
    public void LanesAreIndependent()
    {
        var random = new RandomStream(3, 1);
        for (int i = 0; i < 50; i++)
        {
            float[] x = Numbers(9), y = Numbers(9), footprint = Numbers(3);
            var together = Tiling.Sample(
                Vector256.Create<float>(x), Vector256.Create<float>(y), Vector256.Create<float>(footprint));
            for (int lane = 0; lane < 8; lane++)
                Assert.Equal(At(Tiling, x[lane], y[lane], footprint[lane]), together.Y[lane]);
        }

        float[] Numbers(float high) => [.. Enumerable.Range(0, 8).Select(_ => random.NextSingle(0, high))];
    }

    /// <summary>All walls and floors: their own colour dominates, they are not flat, and they repeat without a
    /// seam.</summary>
    [Fact]
    public void RoomsHaveFiveWallsAndThreeFloors()
    {
        TwoToneTexture[] all =
        [
            .. Enum.GetValues<RoomWall>().Select(TextureTables.Of),
            .. Enum.GetValues<RoomFloor>().Select(TextureTables.Of),
        ];
        Assert.Equal(8, all.Distinct().Count());
        var means = new List<Vector3>();
        foreach (var texture in all)
        {
            var seen = Enumerable.Range(0, 400).Select(
                i => Rgb(texture, (i % 20 * .05f) + .013f, i / 20 * .05f, 1e-3f));
            var mean = seen.Aggregate(Vector3.Zero, (sum, c) => sum + c) / 400;
            means.Add(mean);
            Assert.True(seen.Max(c => Vector3.Distance(c, mean)) > .15f, "flat");
            float period = Array.IndexOf(all, texture) >= 5 ? 1 : 2;
            Assert.All(Enumerable.Range(0, 20), i => Assert.True(Vector3.Distance(
                Rgb(texture, .31f, i * .05f, .01f), Rgb(texture, .31f + period, i * .05f, .01f)) < 1e-3f));
        }

        Assert.True(means[0].X > 2 * means[0].Y && means[0].X > 2 * means[0].Z, "red");
        Assert.True(means[1].Y > 1.5f * means[1].X && means[1].Y > 1.5f * means[1].Z, "green");
        Assert.True(means[2].X > 1.5f * means[2].Z && means[2].Z > 2 * means[2].Y, "cerise");
        Assert.True(means[3].X > 1.5f * means[3].Y && means[3].Y > 2 * means[3].Z, "orange");
        Assert.True(means[4].Y > .7f * means[4].X && means[4].Y > 2 * means[4].Z, "yellow");
        Assert.True(means[5].Y > .7f * means[5].X && means[5].Y > 1.5f * means[5].Z, "yellow floor");
        Assert.True(Vector3.Distance(means[6], new Vector3(means[6].X)) < .05f && means[6].X > .6f, "white floor");
        Assert.True(means[7].Z > 1.3f * means[7].Y && means[7].Y > means[7].X, "blue floor");
    }

    private static float[] MakeCover()
    {
        var random = new RandomStream(1, 1);
        return [.. Enumerable.Range(0, Width * Height).Select(_ => random.NextSingle())];
    }

    private static float Texel(int x, int y) => Cover[(y * Width) + x];

    /// <summary>The mean of a square of texels.</summary>
    private static float Mean(int x, int y, int side) => Enumerable.Range(0, side * side)
        .Average(i => Texel(x + (i % side), y + (i / side)));

    private static float At(TwoToneTexture texture, float x, float y, float footprint) =>
        Rgb(texture, x, y, footprint).Y;

    private static Vector3 Rgb(TwoToneTexture texture, float x, float y, float footprint)
    {
        var colour = texture.Sample(
            Vector256.Create(x), Vector256.Create(y), Vector256.Create(footprint));
        return new Vector3(colour.X[0], colour.Y[0], colour.Z[0]);
    }
}
