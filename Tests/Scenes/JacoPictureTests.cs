using System.Security.Cryptography;
using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

/// <summary>What the arm's pictures show.</summary>
public sealed class JacoPictureTests
{
    private const int Parts = 11;

    /// <summary>A picture changes only together with <see cref="SceneEnvironment.Version"/>.</summary>
    [Theory]
    [InlineData(SceneSplit.Train, 0ul, 0, 64,
        "7f0494f1b2c8b61a661f012f413968bd4a41d0745c010b10b5ab9a6daca80500")]
    [InlineData(SceneSplit.Test, 12345ul, 10, 32,
        "0b79ab7b6938e5bb4eeb9c70f75ffb9a857fa63f8258ca8eb842db45ef43db78")]
    [InlineData(SceneSplit.Train, 7ul, 3, 128,
        "bf2e4ddc38132e05d60ef3e9496ce43c398607b5bd55b779f0bdd64e91a05f87")]
    public void PicturesKeepTheirBytes(SceneSplit split, ulong index, int view, int size, string sha256)
    {
        var environment = Environments.Create("jaco");
        Assert.Equal(1, environment.Version);
        var picture = Picture.Of(environment.Sample(split, index), view, size);
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(picture.Rgb)));
    }

    /// <summary>Against marching along each ray by the distance to the nearest shape, placed by the published chain, in
    /// double precision.</summary>
    [Fact]
    public void PartsAndDepthAreThoseOfThePublishedArm()
    {
        const int Size = 48;
        int pixels = 0, wrong = 0, far = 0;
        int[] seen = new int[Parts];
        for (ulong index = 0; index < 22; index++)
        {
            var scene = Environments.Create("jaco").Sample(SceneSplit.Train, index);
            var solid = new JacoSolid((JacoFactors)scene.Factors);
            int view = (int)index % 11;
            var picture = Picture.Of(scene, view, Size);
            for (int i = 0; i < picture.Parts.Length; i++)
            {
                (int part, double depth) = solid.Seen(scene.Cameras[view], Size, i % Size, i / Size);
                seen[picture.Parts[i]]++;
                if (part == 0 && picture.Parts[i] == 0)
                    continue;
                pixels++;
                if (part != picture.Parts[i])
                    wrong++;
                else if (Math.Abs(depth - picture.Depth[i]) > .002)
                    far++;
            }
        }
        // Rays that graze an edge may go either way; if two links share a surface, either may be named.
        Assert.True(pixels > 2000 && wrong < pixels / 100 && far == 0, $"{wrong} wrong, {far} far of {pixels}");
        Assert.All(seen, n => Assert.True(n > 10, string.Join(' ', seen)));
    }

    [Fact]
    public void LinksAndRingsAreGreyAndTheTargetHasItsHue()
    {
        for (ulong index = 0; index < 20; index++)
        {
            var scene = Environments.Create("jaco").Sample(SceneSplit.Test, index).With("target.colour", 1 / 3f);
            var picture = Picture.Of(scene, 0, 64);
            foreach (int i in picture.Inside())
            {
                (byte r, byte g, byte b) = (picture.Rgb[3 * i], picture.Rgb[(3 * i) + 1], picture.Rgb[(3 * i) + 2]);
                if (picture.Parts[i] == 1)
                    Assert.True(g > r && g > b && r == b, $"{r} {g} {b}");
                else if (picture.Parts[i] > 1)
                    Assert.True(r == g && g == b, $"{r} {g} {b}");
            }
        }
    }

    [Fact]
    public void AnotherHueChangesOnlyPixelsWithTheTarget()
    {
        int changed = 0;
        for (ulong index = 0; index < 40; index++)
        {
            var scene = Environments.Create("jaco").Sample(SceneSplit.Train, index);
            float hue = ((JacoFactors)scene.Factors).TargetHue;
            for (int view = 0; view < 3; view++)
            {
                var before = Picture.Of(scene, view, 64);
                var after = Picture.Of(scene.With("target.colour", (hue + .4f) % 1), view, 64);
                Assert.Equal(before.Parts, after.Parts);
                Assert.Equal(before.Depth, after.Depth);
                byte[] fine = Picture.Of(scene, view, 64 * Picture.Fineness).Parts;
                for (int i = 0; i < before.Parts.Length; i++)
                {
                    if (before.Rgb.AsSpan(3 * i, 3).SequenceEqual(after.Rgb.AsSpan(3 * i, 3)))
                        continue;
                    changed++;
                    Assert.True(before.IsNear(i, part: 1, fine), $"pixel {i} of scene {index}");
                }
            }
        }

        Assert.True(changed > 1000, $"{changed} pixels changed");
    }

    /// <summary>Turning the last joint moves the hand and what its shadow falls on, but no link before it.</summary>
    [Fact]
    public void TurningTheHandLeavesTheArmWhereItIs()
    {
        int moved = 0;
        for (ulong index = 0; index < 20; index++)
        {
            var scene = Environments.Create("jaco").Sample(SceneSplit.Train, index);
            var before = Picture.Of(scene, 0, 64);
            var after = Picture.Of(scene.With("joints[5]", ((JacoFactors)scene.Factors).Joints[5] + 1), 0, 64);
            for (int i = 0; i < before.Parts.Length; i++)
            {
                (byte was, byte now) = (before.Parts[i], after.Parts[i]);
                if (was != now)
                    moved++;
                // Parts 7 to 10 are the palm, its ring and the fingers.
                Assert.True(was == now || was >= 7 || now >= 7, $"part {was} became {now}");
                if (was == now && was is > 0 and < 7)
                    Assert.Equal(before.Depth[i], after.Depth[i]);
            }
        }

        Assert.True(moved > 100, $"{moved} pixels moved");
    }

    [Fact]
    public void TheArmIsInThePictureFromEverywhere()
    {
        var environment = Environments.Create("jaco");
        int targets = 0, views = 0;
        for (ulong index = 0; index < 40; index++)
        {
            var scene = environment.Sample(SceneSplit.Train, index).SeenBy(environment.FixedViews(5));
            for (int view = 0; view < 5; view++)
            {
                var picture = Picture.Of(scene, view, 64);
                Assert.InRange(picture.Parts.Count(p => p > 1), 60, 1500);
                if (picture.Parts.Contains((byte)1))
                    targets++;
                views++;
            }
        }

        Assert.True(targets > views * 8 / 10, $"the target is in {targets} of {views} views");
    }

    [Fact]
    public void RenderingAllocatesNothing()
    {
        var scene = Environments.Create("jaco").Sample(SceneSplit.Train, 0);
        byte[] rgb = new byte[64 * 64 * 3], parts = new byte[64 * 64];
        float[] depth = new float[64 * 64];
        scene.Render(scene.Cameras[0], 64, rgb, parts, depth);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 11; i++)
            scene.Render(scene.Cameras[i], 64, rgb, parts, depth);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private sealed record Picture(int Size, byte[] Rgb, byte[] Parts, float[] Depth)
    {
        public const int Fineness = 4;

        public static Picture Of(Scene scene, int view, int size)
        {
            var picture = new Picture(size, new byte[size * size * 3], new byte[size * size], new float[size * size]);
            scene.Render(scene.Cameras[view], size, picture.Rgb, picture.Parts, picture.Depth);
            return picture;
        }

        /// <summary>Pixels whose four neighbours show the same part.</summary>
        public IEnumerable<int> Inside() => Enumerable.Range(0, Parts.Length)
            .Where(i => Neighbours(i).Count() == 4 && Neighbours(i).All(n => Parts[n] == Parts[i]));

        /// <summary>Whether a pixel, a neighbour, or a finer pixel in or beside it shows a part.</summary>
        /// <param name="fine">The parts of the same view with <see cref="Fineness"/> times as many pixels per
        /// side.</param>
        public bool IsNear(int pixel, byte part, byte[] fine)
        {
            if (Parts[pixel] == part || Neighbours(pixel).Any(n => Parts[n] == part))
                return true;
            int width = Size * Fineness, left = pixel % Size * Fineness, top = pixel / Size * Fineness;
            return (from y in Enumerable.Range(top - 1, Fineness + 2)
                    from x in Enumerable.Range(left - 1, Fineness + 2)
                    where x >= 0 && y >= 0 && x < width && y < width
                    select fine[(y * width) + x]).Contains(part);
        }

        private IEnumerable<int> Neighbours(int pixel)
        {
            if (pixel % Size > 0)
                yield return pixel - 1;
            if (pixel % Size < Size - 1)
                yield return pixel + 1;
            if (pixel >= Size)
                yield return pixel - Size;
            if (pixel < Parts.Length - Size)
                yield return pixel + Size;
        }
    }
}
