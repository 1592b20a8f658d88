using System.Numerics;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using Gqn.Native.Scenes;
using Gqn.Native.Scenes.Rendering;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

public sealed class RayCasterTests
{
    private static readonly Lighting Light = new(Vector3.Normalize(new Vector3(1, .6f, 1.2f)), .5f, .3f, 1.3f);

    /// <summary>A picture changes only together with <see cref="SceneEnvironment.Version"/>.</summary>
    [Theory]
    [InlineData("shepard-metzler-5", SceneSplit.Train, 0ul, 0, 64,
        "c37c34e3fc8f06f7e15e8214b389b11303420def2bd7a1c5079d98099e43e1a8")]
    [InlineData("shepard-metzler-5", SceneSplit.Test, 12345ul, 14, 32,
        "54a90b3258196cfcbf497cbc1242eb56140385c6d22b26b6afd4f5a6bb491519")]
    [InlineData("shepard-metzler-7", SceneSplit.Train, 7ul, 3, 64,
        "d442a168e77a6a12d95873c011107988f98df2799d4e33759ad931253db6ab87")]
    [InlineData("shepard-metzler-7", SceneSplit.Test, ulong.MaxValue, 9, 128,
        "fafad609601ff017882d200fbb26a8054d9226a982f466129dc2ad792a442d9c")]
    public void PicturesKeepTheirBytes(string name, SceneSplit split, ulong index, int view, int size, string sha256)
    {
        var environment = Environments.Create(name);
        Assert.Equal(1, environment.Version);
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(Picture(environment, split, index, view, size))));
    }

    /// <summary>Against double precision, 16×16 rays per pixel and no rectangles. The bound is in levels of 255, over
    /// the whole picture; one ray per pixel would differ by 2.1 and 1.3.</summary>
    [Theory]
    [InlineData("shepard-metzler-5", 32)]
    [InlineData("shepard-metzler-7", 64)]
    public void AgreesWithDenseSupersampling(string name, int size)
    {
        var environment = Environments.Create(name);
        double error = 0;
        int count = 0, far = 0;
        for (ulong index = 0; index < 8; index++)
        {
            var scene = environment.Sample(SceneSplit.Train, index);
            byte[] fast = Picture(environment, SceneSplit.Train, index, (int)index, size);
            double[] dense = DenselySampled(
                ((PolycubeGeometry)scene.Geometry).Boxes, scene.Cameras[(int)index], size, grid: 16);
            for (int i = 0; i < fast.Length; i++)
            {
                double difference = Math.Abs(fast[i] - (255 * dense[i]));
                error += difference;
                if (difference > 32)
                    far++;
                count++;
            }
        }

        Assert.True(error / count < .6, $"mean error {error / count:F3} levels");
        Assert.True(far < count / 1000, $"{far} of {count} values differ by more than 32 levels");
    }

    /// <summary>A camera almost inside an object, and one that looks along the axes from a cell's border, where rays
    /// run within the planes that cubes share.</summary>
    [Fact]
    public void ObjectsHaveNoCracks()
    {
        Box[] wall = [.. from x in Enumerable.Range(-2, 4)
                         from z in Enumerable.Range(-2, 4)
                         select new Box(new Vector3(x, 0, z) * .36f, new Vector3(x + 1, 1, z + 1) * .36f, Vector3.One)];
        foreach (float offset in new[] { 0f, .01f, .18f, .36f })
        {
            byte[] rgb = new byte[65 * 65 * 3], parts = new byte[65 * 65];
            var camera = new Camera(offset, -.5f, offset, MathF.PI / 2, 0, 45);
            new PolycubeGeometry(wall, Light).Render(camera, 65, rgb, parts, []);
            Assert.DoesNotContain((byte)0, parts);
            // One flat face: whichever part a pixel shows, its colour is that of the whole wall.
            Assert.Equal((byte)128, Assert.Single(rgb.Distinct()));
        }
    }

    [Fact]
    public void NearerBoxesHideFartherOnesAndPartsSayWhich()
    {
        Box near = new(new Vector3(1, -.2f, -.2f), new Vector3(1.4f, .2f, .2f), new Vector3(1, 0, 0));
        Box far = new(new Vector3(2, -.8f, -.8f), new Vector3(2.4f, .8f, .8f), new Vector3(0, 1, 0));
        byte[] rgb = new byte[33 * 33 * 3], parts = new byte[33 * 33];
        new PolycubeGeometry([far, near], Light).Render(new Camera(0, 0, 0, 0, 0, 45), 33, rgb, parts, []);
        int centre = (16 * 33) + 16;
        Assert.Equal(2, parts[centre]);
        Assert.Equal(1, parts[(16 * 33) + 4]);
        Assert.Equal(0, parts[0]);
        // Faces towards −x are in shadow: half of the colour.
        Assert.Equal([128, 0, 0], rgb.AsSpan(centre * 3, 3).ToArray());
    }

    /// <summary>Distances along the forward axis, computed without intersections.</summary>
    [Fact]
    public void DepthIsThatOfPixelCentres()
    {
        const int Size = 33;
        var scene = Environments.Create("shepard-metzler-7").Sample(SceneSplit.Train, 3);
        foreach (var camera in scene.Cameras[..4])
        {
            byte[] parts = new byte[Size * Size];
            float[] depth = new float[Size * Size];
            scene.Render(camera, Size, new byte[Size * Size * 3], parts, depth);
            var view = new PinholeView(camera, Size);
            int hits = 0;
            for (int i = 0; i < depth.Length; i++)
            {
                Assert.Equal(parts[i] == 0, float.IsPositiveInfinity(depth[i]));
                if (parts[i] == 0)
                    continue;
                hits++;
                var ray = view.Rays(
                    Vector256.Create((i % Size) + .5f), Vector256.Create((i / Size) + .5f)).Direction;
                var at = (Point3)view.Origin + (new Point3(ray.X[0], ray.Y[0], ray.Z[0]) * depth[i]);
                var box = ((PolycubeGeometry)scene.Geometry).Boxes[parts[i] - 1];
                var solid = new Primitive(PrimitiveKind.Box, Frame.World, box.Low, box.High, box.Colour, 1);
                Assert.InRange(DistanceField.Of(solid, at), -2e-6, 2e-6);
                Assert.InRange(depth[i], 1, 5);
            }

            Assert.True(hits > 30);
        }
    }

    [Fact]
    public void LeftIsTowardsPositiveYAndTopIsUpForACameraLookingAlongX()
    {
        Box box = new(new Vector3(2, .3f, .4f), new Vector3(2.2f, .5f, .6f), Vector3.One);
        byte[] rgb = new byte[64 * 64 * 3], parts = new byte[64 * 64];
        new PolycubeGeometry([box], Light).Render(new Camera(0, 0, 0, 0, 0, 45), 64, rgb, parts, []);
        int[] seen = [.. Enumerable.Range(0, parts.Length).Where(i => parts[i] == 1)];
        Assert.InRange(seen.Length, 16, 200);
        Assert.All(seen, i => Assert.True(i % 64 < 28 && i / 64 < 28));
    }

    [Fact]
    public void BoxesBehindTheCameraAreNotSeenAndBoxesAroundItDoNotFail()
    {
        Box behind = new(new Vector3(-2, -1, -1), new Vector3(-1, 1, 1), Vector3.One);
        Box around = new(new Vector3(-1, -1, -1), new Vector3(1, 1, 1), Vector3.One);
        byte[] rgb = new byte[16 * 16 * 3];
        new PolycubeGeometry([behind, around], Light).Render(new Camera(0, 0, 0, 0, 0, 45), 16, rgb, [], []);
        Assert.Equal((byte)0, Assert.Single(rgb.Distinct()));
    }

    [Fact]
    public void RenderingAllocatesNothing()
    {
        var environment = Environments.Create("shepard-metzler-7");
        var scene = environment.Sample(SceneSplit.Train, 0);
        byte[] rgb = new byte[64 * 64 * 3];
        scene.Render(scene.Cameras[0], 64, rgb);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 15; i++)
            scene.Render(scene.Cameras[i], 64, rgb);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void SizesAreChecked()
    {
        var environment = Environments.Create("shepard-metzler-5");
        var scene = environment.Sample(SceneSplit.Train, 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => scene.Render(scene.Cameras[0], 7, new byte[147]));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => scene.Render(scene.Cameras[0], 257, new byte[257 * 257 * 3]));
        Assert.Throws<ArgumentException>(() => scene.Render(scene.Cameras[0], 8, new byte[191]));
        Assert.Throws<ArgumentException>(
            () => scene.Render(scene.Cameras[0], 8, new byte[192], new byte[63]));
        scene.Render(scene.Cameras[0], 8, new byte[192], new byte[64]);
        scene.Render(scene.Cameras[0], 256, new byte[256 * 256 * 3]);
    }

    private static byte[] Picture(SceneEnvironment environment, SceneSplit split, ulong index, int view, int size)
    {
        var scene = environment.Sample(split, index);
        byte[] rgb = new byte[size * size * 3];
        scene.Render(scene.Cameras[view], size, rgb);
        return rgb;
    }

    /// <summary>The slow renderer: every ray against every plane of every box, in double precision.</summary>
    private static double[] DenselySampled(ReadOnlySpan<Box> boxes, Camera camera, int size, int grid)
    {
        double[] picture = new double[size * size * 3];
        double tangent = Math.Tan(camera.FieldOfViewDegrees * Math.PI / 360);
        (double sy, double cy) = Math.SinCos(camera.Yaw);
        (double sp, double cp) = Math.SinCos(camera.Pitch);
        double[] origin = [camera.X, camera.Y, camera.Z];
        for (int row = 0; row < size * grid; row++)
        {
            for (int column = 0; column < size * grid; column++)
            {
                double h = tangent * ((2 * (column + .5) / (size * grid)) - 1);
                double v = tangent * (1 - (2 * (row + .5) / (size * grid)));
                double[] ray =
                    [(cp * cy) + (h * sy) - (v * sp * cy), (cp * sy) - (h * cy) - (v * sp * sy), sp + (v * cp)];
                var colour = Seen(boxes, origin, ray);
                int pixel = ((row / grid * size) + (column / grid)) * 3;
                for (int c = 0; c < 3; c++)
                    picture[pixel + c] += colour[c] / (grid * grid);
            }
        }

        return picture;
    }

    private static Vector3 Seen(ReadOnlySpan<Box> boxes, double[] origin, double[] ray)
    {
        double nearest = double.MaxValue;
        var colour = Vector3.Zero;
        foreach (var box in boxes)
        {
            for (int axis = 0; axis < 3; axis++)
            {
                float plane = ray[axis] > 0 ? box.Low[axis] : box.High[axis];
                double t = (plane - origin[axis]) / ray[axis];
                bool inside = t > 0 && t < nearest;
                for (int other = 0; other < 3; other++)
                {
                    double at = origin[other] + (t * ray[other]);
                    inside &= other == axis || (at >= box.Low[other] && at <= box.High[other]);
                }

                if (!inside)
                    continue;
                nearest = t;
                var normal = Vector3.Zero;
                normal[axis] = -Math.Sign(ray[axis]);
                float sky = normal.Z < 0 ? .3f : .5f;
                float light = sky + (1.3f * Math.Max(0, Vector3.Dot(normal, Light.Direction)));
                colour = Vector3.Min(box.Colour * light, Vector3.One);
            }
        }

        return colour;
    }
}
