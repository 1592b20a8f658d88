using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;
using Gqn.Native.Tests.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Geometry;

/// <summary>The ray that each cell is told.</summary>
public sealed class CameraRaysTests
{
    public static TheoryData<string> Names => [.. Environments.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void RaysHaveOriginDirectionAndMoment(string name)
    {
        var environment = Environments.Create(name);
        var bounds = environment.Bounds;
        foreach (int size in (int[])[1, 5, 8])
        {
            foreach (float pitch in (float[])[-.4f, 0, .3f])
            {
                var camera = environment.Sample(SceneSplit.Train, 2).Cameras[1] with { Pitch = pitch };
                var reference = new ReferenceCamera(camera, size);
                float[] rays = Rays(camera, size, bounds);
                var origin = (reference.Origin - bounds.Centre) * (1 / bounds.Radius);
                for (int cell = 0; cell < size * size; cell++)
                {
                    var direction = reference.Ray((cell % size) + .5, (cell / size) + .5).Unit;
                    AssertClose(origin, rays.AsSpan(cell * 9, 3));
                    AssertClose(direction, rays.AsSpan((cell * 9) + 3, 3));
                    AssertClose(
                        new Point3(
                            (origin.Y * direction.Z) - (origin.Z * direction.Y),
                            (origin.Z * direction.X) - (origin.X * direction.Z),
                            (origin.X * direction.Y) - (origin.Y * direction.X)),
                        rays.AsSpan((cell * 9) + 6, 3));
                }
            }
        }
    }

    /// <summary>Points on a line have the same moment, and a point off the line has another: origin × direction alone
    /// names the line, whichever way it is followed.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void WhatThePixelShowsLiesOnItsRay(string name)
    {
        const int Size = 16;
        var environment = Environments.Create(name);
        var bounds = environment.Bounds;
        int points = 0;
        foreach (var picture in SeenSurfaces.Of(environment, Size, 2, 3).GroupBy(seen => seen.Camera))
        {
            float[] rays = Rays(picture.Key, Size, bounds);
            foreach (var seen in picture)
            {
                var ray = rays.AsSpan(((seen.Row * Size) + seen.Column) * 9, 9);
                var point = (seen.Point - bounds.Centre) * (1 / bounds.Radius);
                var direction = new Point3(ray[3], ray[4], ray[5]);
                double along = Point3.Dot(point - new Point3(ray[0], ray[1], ray[2]), direction);
                Assert.True(along > 0);
                AssertClose(
                    new Point3(ray[0], ray[1], ray[2]) + (direction * along),
                    [(float)point.X, (float)point.Y, (float)point.Z]);
                points++;
            }
        }

        Assert.True(points > 200);
    }

    private static float[] Rays(in Camera camera, int size, in SceneBounds bounds)
    {
        float[] rays = new float[size * size * CameraRays.Channels];
        CameraRays.Write(camera, size, bounds, rays);
        return rays;
    }

    private static void AssertClose(Point3 expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.X, actual[0], 1e-5);
        Assert.Equal(expected.Y, actual[1], 1e-5);
        Assert.Equal(expected.Z, actual[2], 1e-5);
    }
}
