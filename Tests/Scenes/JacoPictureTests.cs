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
        "4e291d88b74ac2d1d4fc3ccbc66e983497f0de1a2090313c5119b90ddb98d25b")]
    [InlineData(SceneSplit.Test, 12345ul, 10, 32,
        "23c782bbe3b626d6400d7d85be90735c5f47dea94f409b13a1818a7f388f781f")]
    [InlineData(SceneSplit.Train, 7ul, 3, 128,
        "dfe6ae92005d1950275896497b167a7d9a146b75c53f283c1b0b9e9c36be5316")]
    public void PicturesKeepTheirBytes(SceneSplit split, ulong index, int view, int size, string sha256)
    {
        SceneEnvironment environment = Environments.Create("jaco");
        Assert.Equal(1, environment.Version);
        Picture picture = Picture.Of(environment.Sample(split, index), view, size);
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(picture.Rgb)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void BytesAreTheSameOnAnyNumberOfThreads(int threads)
    {
        const int Pictures = 66;
        byte[][] expected = [.. Enumerable.Range(0, Pictures).Select(Numbered)];
        byte[][] actual = new byte[Pictures][];
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(t => new Thread(() =>
        {
            for (int i = t; i < Pictures; i += threads)
                actual[i] = Numbered(i);
        }))];
        Array.ForEach(workers, w => w.Start());
        Array.ForEach(workers, w => w.Join());
        Assert.Equal(expected, actual);
        Assert.Equal(Pictures, expected.Select(Convert.ToHexString).Distinct().Count());

        static byte[] Numbered(int i) =>
            Picture.Of(Environments.Create("jaco").Sample(SceneSplit.Train, (ulong)(i / 11)), i % 11, 48).Rgb;
    }

    /// <summary>Against marching along each ray by the distance to the nearest of the shapes, placed by the published
    /// chain, in double.</summary>
    [Fact]
    public void PartsAndDepthAreThoseOfThePublishedArm()
    {
        const int Size = 48;
        int pixels = 0, wrong = 0, far = 0;
        int[] seen = new int[Parts];
        for (ulong index = 0; index < 22; index++)
        {
            Scene scene = Environments.Create("jaco").Sample(SceneSplit.Train, index);
            var solid = new JacoSolid((JacoFactors)scene.Factors);
            int view = (int)index % 11;
            Picture picture = Picture.Of(scene, view, Size);
            for (int i = 0; i < picture.Parts.Length; i++)
            {
                (int part, double depth) = solid.Seen(scene.Cameras[view], Size, i % Size, i / Size);
                seen[picture.Parts[i]]++;
                if (part == 0 && picture.Parts[i] == 0) continue;
                pixels++;
                if (part != picture.Parts[i]) wrong++;
                else if (Math.Abs(depth - picture.Depth[i]) > .002) far++;
            }
        }
        // Rays that graze an edge may go either way; where two links share a surface either may be named.
        Assert.True(pixels > 2000 && wrong < pixels / 100 && far == 0, $"{wrong} wrong, {far} far of {pixels}");
        Assert.All(seen, n => Assert.True(n > 10, string.Join(' ', seen)));
    }

    [Fact]
    public void LinksAndRingsAreGreyAndTheTargetHasItsHue()
    {
        for (ulong index = 0; index < 20; index++)
        {
            Scene scene = Environments.Create("jaco").Sample(SceneSplit.Test, index).With("target.colour", 1 / 3f);
            Picture picture = Picture.Of(scene, 0, 64);
            foreach (int i in picture.Inside())
            {
                (byte r, byte g, byte b) = (picture.Rgb[3 * i], picture.Rgb[(3 * i) + 1], picture.Rgb[(3 * i) + 2]);
                if (picture.Parts[i] == 1) Assert.True(g > r && g > b && r == b, $"{r} {g} {b}");
                else if (picture.Parts[i] > 1) Assert.True(r == g && g == b, $"{r} {g} {b}");
            }
        }
    }

    [Fact]
    public void AnotherHueChangesOnlyPixelsWithTheTarget()
    {
        int changed = 0;
        for (ulong index = 0; index < 40; index++)
        {
            Scene scene = Environments.Create("jaco").Sample(SceneSplit.Train, index);
            float hue = ((JacoFactors)scene.Factors).TargetHue;
            for (int view = 0; view < 3; view++)
            {
                Picture before = Picture.Of(scene, view, 64);
                Picture after = Picture.Of(scene.With("target.colour", (hue + .4f) % 1), view, 64);
                Assert.Equal(before.Parts, after.Parts);
                Assert.Equal(before.Depth, after.Depth);
                byte[] fine = Picture.Of(scene, view, 64 * Picture.Fineness).Parts;
                for (int i = 0; i < before.Parts.Length; i++)
                {
                    if (before.Rgb.AsSpan(3 * i, 3).SequenceEqual(after.Rgb.AsSpan(3 * i, 3))) continue;
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
            Scene scene = Environments.Create("jaco").Sample(SceneSplit.Train, index);
            Picture before = Picture.Of(scene, 0, 64);
            Picture after = Picture.Of(scene.With("joints[5]", ((JacoFactors)scene.Factors).Joints[5] + 1), 0, 64);
            for (int i = 0; i < before.Parts.Length; i++)
            {
                (byte was, byte now) = (before.Parts[i], after.Parts[i]);
                if (was != now) moved++;
                // Parts 7 to 10 are the palm, its ring and the fingers.
                Assert.True(was == now || was >= 7 || now >= 7, $"part {was} became {now}");
                if (was == now && was is > 0 and < 7) Assert.Equal(before.Depth[i], after.Depth[i]);
            }
        }
        Assert.True(moved > 100, $"{moved} pixels moved");
    }

    [Fact]
    public void TheArmIsInThePictureFromEverywhere()
    {
        SceneEnvironment environment = Environments.Create("jaco");
        int targets = 0, views = 0;
        for (ulong index = 0; index < 40; index++)
        {
            Scene scene = environment.Sample(SceneSplit.Train, index).SeenBy(environment.FixedViews(5));
            for (int view = 0; view < 5; view++)
            {
                Picture picture = Picture.Of(scene, view, 64);
                Assert.InRange(picture.Parts.Count(p => p > 1), 60, 1500);
                if (picture.Parts.Contains((byte)1)) targets++;
                views++;
            }
        }
        Assert.True(targets > views * 8 / 10, $"the target is in {targets} of {views} views");
    }

    [Fact]
    public void RenderingAllocatesNothing()
    {
        Scene scene = Environments.Create("jaco").Sample(SceneSplit.Train, 0);
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

        /// <summary>Whether a pixel or one of its neighbours shows a part, or a place in or at it does.</summary>
        /// <param name="fine">The parts of the same view with <see cref="Fineness"/> times as many pixels a
        /// side.</param>
        public bool IsNear(int pixel, byte part, byte[] fine)
        {
            if (Parts[pixel] == part || Neighbours(pixel).Any(n => Parts[n] == part)) return true;
            int width = Size * Fineness, left = pixel % Size * Fineness, top = pixel / Size * Fineness;
            return (from y in Enumerable.Range(top - 1, Fineness + 2)
                    from x in Enumerable.Range(left - 1, Fineness + 2)
                    where x >= 0 && y >= 0 && x < width && y < width
                    select fine[(y * width) + x]).Contains(part);
        }

        private IEnumerable<int> Neighbours(int pixel)
        {
            if (pixel % Size > 0) yield return pixel - 1;
            if (pixel % Size < Size - 1) yield return pixel + 1;
            if (pixel >= Size) yield return pixel - Size;
            if (pixel < Parts.Length - Size) yield return pixel + Size;
        }
    }
}

/// <summary>The arm and its target as distance functions, in world units, in double.</summary>
internal sealed class JacoSolid
{
    private const double Scale = 2.2;

    private static readonly double[] LinkRadii = [.05, .045, .04, .035, .035, .03];
    private static readonly double[] RingRadii = [.055, .056, .051, .046, .041, .041];

    private readonly List<(int Part, Func<V3, double> Distance)> _shapes = [];

    public JacoSolid(JacoFactors factors)
    {
        PublishedArm arm = PublishedArm.At([.. factors.Joints]);
        V3 target = new(factors.Target.X * Scale, factors.Target.Y * Scale, factors.Target.Z * Scale);
        _shapes.Add((1, p => (p - target).Length - (.08 * Scale)));
        V3[] joints = [.. arm.Frames.Take(6).Select(f => V3.At(f, 0, 0, 0))];
        V3 palm = V3.At(arm.Frames[5], 0, 0, -.1);
        for (int i = 0; i < 6; i++)
        {
            V3 from = i == 0 ? new V3(0, 0, 0) : joints[i], to = i == 5 ? palm : joints[i + 1];
            AddCapsule(2 + i, from, to, LinkRadii[i]);
            V3 axis = V3.At(arm.Frames[i], 0, 0, 1 / Scale) - joints[i];
            V3 middle = joints[i];
            double radius = RingRadii[i] * Scale;
            _shapes.Add((2 + i, p =>
            {
                double along = (p - middle).Dot(axis);
                double across = ((p - middle) - (along * axis)).Length - radius;
                double beyond = Math.Abs(along) - (.02 * Scale);
                return Math.Min(Math.Max(across, beyond), 0)
                    + Math.Sqrt(Math.Pow(Math.Max(across, 0), 2) + Math.Pow(Math.Max(beyond, 0), 2));
            }
            ));
        }
        for (int i = 0; i < 3; i++)
        {
            AddCapsule(8 + i, V3.At(arm.Frames[6 + i], 0, 0, 0), V3.At(arm.Frames[6 + i], .084, -.063 / 11, 0), .012);
        }
    }

    /// <summary>The part that a pixel's centre shows, and its distance along the camera's forward axis.</summary>
    public (int Part, double Depth) Seen(Camera camera, int size, int column, int row)
    {
        double tangent = Math.Tan(camera.FieldOfViewDegrees * Math.PI / 360);
        (double sy, double cy) = Math.SinCos(camera.Yaw);
        (double sp, double cp) = Math.SinCos(camera.Pitch);
        double h = tangent * ((2 * (column + .5) / size) - 1), v = tangent * (1 - (2 * (row + .5) / size));
        V3 ray = new((cp * cy) + (h * sy) - (v * sp * cy), (cp * sy) - (h * cy) - (v * sp * sy), sp + (v * cp));
        V3 origin = new(camera.X, camera.Y, camera.Z);
        // The floor ends the ray.
        double end = ray.Z < 0 ? -origin.Z / ray.Z : 20;
        double depth = 0;
        while (depth < end)
        {
            V3 at = origin + (depth * ray);
            (int part, double distance) = _shapes.Select(s => (s.Part, s.Distance(at))).MinBy(s => s.Item2);
            if (distance < 1e-6) return (part, depth);
            depth += distance / ray.Length;
        }
        return (0, end);
    }

    private void AddCapsule(int part, V3 from, V3 to, double radius)
    {
        V3 along = to - from;
        double square = Math.Max(along.Dot(along), 1e-12);
        _shapes.Add((part, p =>
        {
            double share = Math.Clamp((p - from).Dot(along) / square, 0, 1);
            return (p - from - (share * along)).Length - (radius * Scale);
        }
        ));
    }

    internal readonly record struct V3(double X, double Y, double Z)
    {
        public double Length => Math.Sqrt(Dot(this));

        public static V3 At(double[,] frame, double x, double y, double z)
        {
            double[,] point = PublishedArm.Point(frame, x, y, z);
            return new V3(point[0, 3] * Scale, point[1, 3] * Scale, point[2, 3] * Scale);
        }

        public double Dot(V3 other) => (X * other.X) + (Y * other.Y) + (Z * other.Z);

        public static V3 operator +(V3 a, V3 b) => new(a.X + b.X, a.Y + b.Y, a.Z + b.Z);

        public static V3 operator -(V3 a, V3 b) => new(a.X - b.X, a.Y - b.Y, a.Z - b.Z);

        public static V3 operator *(double s, V3 a) => new(s * a.X, s * a.Y, s * a.Z);
    }
}
