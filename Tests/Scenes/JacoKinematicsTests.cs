using System.Numerics;
using Gqn.Native.Engine;
using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Scenes;

public sealed class JacoKinematicsTests
{
    private static readonly double[] StraightUp = [0, Math.PI, Math.PI, 0, 0, 0, .15, .15, .15];

    /// <summary>Against products of 4×4 matrices whose rotations come from quaternion products, at random angles over
    /// more than a full circle.</summary>
    [Fact]
    public void FramesAreProductsOfMatrices()
    {
        var random = new RandomStream(1, 0);
        for (int trial = 0; trial < 100; trial++)
        {
            float[] angles = [.. Enumerable.Range(0, 9).Select(_ => random.NextSingle(-7, 7))];
            var arm = PublishedArm.At(angles);
            var pose = JacoKinematics.Forward(angles);
            LinkFrame[] frames = [.. pose.Links, .. pose.Fingers];
            for (int i = 0; i < frames.Length; i++)
            {
                double[,] expected = arm.Frames[i];
                AssertNear(expected, 0, frames[i].XAxis);
                AssertNear(expected, 1, frames[i].YAxis);
                AssertNear(expected, 2, frames[i].ZAxis);
                AssertNear(expected, 3, frames[i].Position);
            }

            AssertNear(PublishedArm.Point(arm.Frames[5], 0, -.0001, -.159), 3, pose.GripPoint);
            AssertNear(PublishedArm.Point(arm.Frames[5], .015, .0024, -.193), 3, pose.PinchPoint);
            for (int i = 0; i < 3; i++)
                AssertNear(PublishedArm.Point(arm.Frames[6 + i], .084, -.063 / 11, 0), 3, pose.Fingertips[i]);
        }

        static void AssertNear(double[,] matrix, int column, Vector3 actual)
        {
            for (int row = 0; row < 3; row++)
                Assert.Equal(matrix[row, column], actual[row], 2e-7);
        }
    }

    [Fact]
    public void LinksAreAsLongAsPublishedAtAnyAngles()
    {
        var random = new RandomStream(2, 0);
        for (int trial = 0; trial < 100; trial++)
        {
            float[] angles = [.. JacoKinematics.Joints.Select(j => random.NextSingle(j.Lower, j.Upper))];
            var pose = JacoKinematics.Forward(angles);
            Vector3[] at = [Vector3.Zero, .. pose.Links.ToArray().Select(l => l.Position)];
            double[] lengths =
            [
                .15675, Length(.0016, .11875), .410, Length(.2073, .0114), Length(.03703, .06414),
                Length(.03703, .06414),
            ];
            Assert.All(
                lengths.Index(), l => Assert.Equal(l.Item, Vector3.Distance(at[l.Index], at[l.Index + 1]), 1e-6));
            Assert.Equal(.159, Vector3.Distance(at[6], pose.GripPoint), 1e-6);
            Assert.Equal(.2755, at[2].Z, 1e-6);
            // The three links of the wrist meet at sixty degrees.
            Assert.Equal(.5, Vector3.Dot(pose.Links[3].ZAxis, pose.Links[4].ZAxis), 1e-5);
            Assert.Equal(.5, Vector3.Dot(pose.Links[4].ZAxis, pose.Links[5].ZAxis), 1e-5);
        }

        static double Length(double a, double b) => Math.Sqrt((a * a) + (b * b));
    }

    [Fact]
    public void AnArmStretchedUpIsAsHighAsTheSumOfItsLinks()
    {
        var pose = JacoKinematics.Forward([.. StraightUp.Select(a => (float)a)]);
        double[] heights = [.15675, .2755, .6855, .8928, .95694, 1.02108];
        Assert.All(heights.Index(), h => Assert.Equal(h.Item, pose.Links[h.Index].Position.Z, 1e-5));
        Assert.Equal(1.18008, pose.GripPoint.Z, 1e-5);
        Assert.Equal(1.21408, pose.PinchPoint.Z, 1e-5);
        // The base turns everything about the vertical: clockwise seen from above, as its axis points down.
        float[] turned = [.. StraightUp.Select(a => (float)a)];
        turned[0] = .5f;
        turned[1] = 2;
        var leaning = JacoKinematics.Forward(turned);
        turned[0] = 1.5f;
        var further = JacoKinematics.Forward(turned);
        var rotated = Vector3.Transform(leaning.GripPoint, Matrix4x4.CreateRotationZ(-1));
        Assert.True(Vector3.Distance(rotated, further.GripPoint) < 1e-6f);
    }

    [Fact]
    public void FingersCloseTowardsThePinchPoint()
    {
        float[] open = [.. StraightUp.Select(a => (float)a)];
        float[] closed = [.. open[..6], 1.35f, 1.35f, 1.35f];
        Assert.All(JacoKinematics.Forward(open).Fingertips.ToArray(),
            tip => Assert.InRange(Vector3.Distance(tip, JacoKinematics.Forward(open).PinchPoint), .07f, .12f));
        var pose = JacoKinematics.Forward(closed);
        Assert.InRange(Vector3.Distance(pose.Fingertips[0], pose.PinchPoint), 0, .003f);
        Assert.All(pose.Fingertips.ToArray(), tip => Assert.InRange(Vector3.Distance(tip, pose.PinchPoint), 0, .04f));
        Assert.All(pose.Fingers.ToArray().Zip(pose.Fingertips.ToArray()),
            f => Assert.Equal(.0842, Vector3.Distance(f.First.Position, f.Second), 1e-4));
    }

    [Fact]
    public void LimitsAndSpeedsAreThePublishedOnes()
    {
        var joints = JacoKinematics.Joints;
        Assert.Equal(9, joints.Count);
        Assert.Equal([true, false, false, true, true, true, false, false, false], joints.Select(j => j.IsFree));
        (double, double)[] limits = [(47, 313), (19, 341)];
        for (int i = 0; i < limits.Length; i++)
        {
            Assert.Equal(limits[i].Item1, joints[1 + i].Lower * 180 / Math.PI, 1e-4);
            Assert.Equal(limits[i].Item2, joints[1 + i].Upper * 180 / Math.PI, 1e-4);
        }

        Assert.All(joints.Skip(6), j => Assert.Equal((.15f, 1.35f), (j.Lower, j.Upper)));
        Assert.All(new double[] { 36, 36, 36, 48, 48, 48 }.Index(),
            s => Assert.Equal(s.Item, joints[s.Index].MaxSpeed * 180 / Math.PI, 1e-5));

        Assert.True(joints[0].Allows(100) && joints[1].Allows(3) && joints[6].Allows(.15f));
        Assert.False(joints[1].Allows(.82f) || joints[1].Allows(5.47f) || joints[6].Allows(1.36f));
        Assert.False(joints[0].Allows(float.NaN) || joints[0].Allows(float.PositiveInfinity));
        Assert.Contains("not 8", Assert.Throws<ArgumentException>(() => JacoKinematics.Forward(new float[8])).Message,
            StringComparison.Ordinal);
    }
}
