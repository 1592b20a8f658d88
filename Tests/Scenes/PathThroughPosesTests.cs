using System.Numerics;
using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

public sealed class PathThroughPosesTests
{
    [Fact]
    public void CamerasOnARingAreTakenInTheOrderOfTheRing()
    {
        // Recorded in a jumbled order; heights and pitches vary.
        int[] jumbled = [3, 0, 7, 1, 9, 4, 8, 2, 6, 5];
        Camera[] poses = [.. jumbled.Select(OnRing)];
        var path = PathThroughPoses.Through(poses, 40);
        Assert.Equal(40, path.Length);
        Assert.Equal(poses[0], path[0]);
        Assert.Equal(path, PathThroughPoses.Through(poses, 40));
        double turned = 0;
        for (int i = 0; i < path.Length; i++)
        {
            Camera camera = path[i], next = path[(i + 1) % path.Length];
            Assert.InRange(camera.Yaw, -MathF.PI, MathF.PI);
            Assert.Equal(0, DistanceFromChords(camera, poses), 1e-5);
            double turn = Math.IEEERemainder(next.Yaw - camera.Yaw, Math.Tau);
            Assert.InRange(Math.Abs(turn), 0, Math.Tau / 20);
            Assert.True(Vector3.Distance(At(camera), At(next)) < .8f);
            turned += turn;
        }

        Assert.Equal(Math.Tau, Math.Abs(turned), 1e-4);
    }

    [Fact]
    public void NothingLiesOutsideWhatWasRecorded()
    {
        Camera[] poses = [.. Environments.Create("mazes").Sample(SceneSplit.Train, 1).Cameras];
        foreach (int count in (int[])[5, 60, 360])
        {
            var path = PathThroughPoses.Through(poses, count);
            Assert.Equal(count, path.Length);
            Assert.All(path, camera =>
            {
                Assert.InRange(camera.X, poses.Min(pose => pose.X), poses.Max(pose => pose.X));
                Assert.InRange(camera.Y, poses.Min(pose => pose.Y), poses.Max(pose => pose.Y));
                Assert.Equal((.5f, 0f, 80f), (camera.Z, camera.Pitch, camera.FieldOfViewDegrees));
                Assert.Equal(0, DistanceFromChords(camera, poses), 1e-4);
            });
            // Fewer views than poses are on a part of the round, so that they are near each other: each step is as long
            // as a recorded one on average, and random cameras are 3.6 units apart.
            double step = Enumerable.Range(1, count - 1).Average(i => Vector3.Distance(At(path[i - 1]), At(path[i])));
            Assert.True(step < 1.2, $"{step}");
        }
    }

    [Fact]
    public void YawTurnsTheShorterWay()
    {
        var low = new Camera(0, 0, 1, 3, 0, 45);
        var path = PathThroughPoses.Through([low, low with { X = 1, Yaw = -3, Pitch = .5f }], 4);
        Assert.Equal(0, Math.IEEERemainder(path[1].Yaw - Math.PI, Math.Tau), 1e-6);
        Assert.Equal((.5f, .25f), (path[1].X, path[1].Pitch));
        Assert.Equal((1f, -3f), (path[2].X, path[2].Yaw));
        Assert.Equal((.5f, .25f), (path[3].X, path[3].Pitch));
    }

    [Fact]
    public void OneCameraOrEqualOnesStayWhereTheyAre()
    {
        var only = new Camera(1, 2, 3, .5f, -.25f, 60);
        Assert.All(PathThroughPoses.Through([only], 3), camera => Assert.Equal(only, camera));
        Assert.All(PathThroughPoses.Through([only, only, only], 5), camera => Assert.Equal(only, camera));
        Assert.Throws<ArgumentOutOfRangeException>(() => PathThroughPoses.Through([], 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => PathThroughPoses.Through([only], 0));
    }

    private static Camera OnRing(int place)
    {
        double angle = Math.Tau * place / 10;
        return new Camera(
            (float)(4 * Math.Cos(angle)), (float)(4 * Math.Sin(angle)), 1 + (.02f * place),
            (float)Math.IEEERemainder(angle + Math.PI, Math.Tau), -.01f * place, 45);
    }

    private static Vector3 At(Camera camera) => new(camera.X, camera.Y, camera.Z);

    /// <summary>The distance of a camera's place from the nearest line between two recorded places.</summary>
    private static double DistanceFromChords(Camera camera, Camera[] poses) => poses.Min(a => poses.Min(b =>
    {
        Vector3 from = At(a), side = At(b) - from, to = At(camera) - from;
        float share = side == Vector3.Zero ? 0 : Math.Clamp(Vector3.Dot(to, side) / side.LengthSquared(), 0, 1);
        return (double)Vector3.Distance(to, side * share);
    }));
}
