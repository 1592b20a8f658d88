using System.Numerics;
using Gqn.Native.Data;
using Gqn.Native.Engine;
using Gqn.Native.Photographs;
using Xunit;

namespace Gqn.Native.Tests.Photographs;

/// <summary>Matrices in OpenGL's axes as position, yaw, pitch and roll.</summary>
public sealed class CameraPoseTests
{
    private const double Right = Math.PI / 2;

    [Theory]
    // Looks along +y, +x, −x with the picture's upper edge up.
    [InlineData(new double[] { 1, 0, 0, 5, 0, 0, -1, 6, 0, 1, 0, 7, 0, 0, 0, 1 }, Right, 0, 0)]
    [InlineData(new double[] { 0, 0, -1, 5, -1, 0, 0, 6, 0, 1, 0, 7, 0, 0, 0, 1 }, 0, 0, 0)]
    [InlineData(new double[] { 0, 0, 1, 5, 1, 0, 0, 6, 0, 1, 0, 7, 0, 0, 0, 1 }, Math.PI, 0, 0)]
    // The identity looks straight down; the heading is that of the upper edge.
    [InlineData(new double[] { 1, 0, 0, 5, 0, 1, 0, 6, 0, 0, 1, 7, 0, 0, 0, 1 }, Right, -Right, 0)]
    // Straight up: leaning back further than upright, the upper edge points backwards.
    [InlineData(new double[] { 1, 0, 0, 5, 0, -1, 0, 6, 0, 0, -1, 7, 0, 0, 0, 1 }, Right, Right, 0)]
    // Along +y, turned so that the right side is up; then its left side; then upside down. Three rows suffice.
    [InlineData(new double[] { 0, -1, 0, 5, 0, 0, -1, 6, 1, 0, 0, 7 }, Right, 0, Right)]
    [InlineData(new double[] { 0, 1, 0, 5, 0, 0, -1, 6, -1, 0, 0, 7 }, Right, 0, -Right)]
    [InlineData(new double[] { -1, 0, 0, 5, 0, 0, -1, 6, 0, -1, 0, 7 }, Right, 0, Math.PI)]
    public void KnownMatrices(double[] matrix, double yaw, double pitch, double roll)
    {
        var pose = TransformsFile.ToPose(matrix, UpAxis.Z, "file", "frames[0]").Pose;
        Assert.Equal((5, 6, 7), (pose.X, pose.Y, pose.Z));
        AssertAngle(yaw, pose.Yaw);
        AssertAngle(pitch, pose.Pitch);
        AssertAngle(roll, pose.Roll);
    }

    [Fact]
    public void WithYUpTheWorldIsTurnedAboutX()
    {
        // Looks along −z of a world whose y is up: level, along +y of ours.
        var pose = TransformsFile.ToPose(
            [1, 0, 0, 1, 0, 1, 0, 2, 0, 0, 1, 3, 0, 0, 0, 1], UpAxis.Y, "file", "frames[0]").Pose;
        Assert.Equal((1, -3, 2), (pose.X, pose.Y, pose.Z));
        AssertAngle(Right, pose.Yaw);
        AssertAngle(0, pose.Pitch);
        AssertAngle(0, pose.Roll);
    }

    [Fact]
    public void AnyCameraIsRecoveredFromItsMatrix()
    {
        var random = new RandomStream(seed: 3, stream: 0);
        for (int trial = 0; trial < 1000; trial++)
        {
            double yaw = random.NextSingle(-3.1f, 3.1f), pitch = random.NextSingle(-1.5f, 1.5f);
            double roll = random.NextSingle(-3.1f, 3.1f), scale = trial % 2 == 0 ? 1 : 0.3;
            var (right, up) = SmoothWorld.Axes(yaw, pitch, roll);
            double[] matrix = SmoothWorld.Matrix(right, up, new Vector3(1, -2, 3));
            // Matrices that scale the world leave directions as they are.
            for (int i = 0; i < 12; i++)
                matrix[i] *= i % 4 == 3 ? 1 : scale;
            var (pose, axes) = TransformsFile.ToPose(matrix, UpAxis.Z, "file", "frames[0]");
            AssertAngle(yaw, pose.Yaw);
            AssertAngle(pitch, pose.Pitch);
            AssertAngle(roll, pose.Roll);
            var level = SmoothWorld.Axes(yaw, pitch, 0).Up;
            Assert.True(Vector3.Distance(level, axes.UpWithout(roll)) < 1e-5f);
        }
    }

    [Theory]
    [InlineData(new double[] { -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1 }, "left-handed")]
    [InlineData(new double[] { 1, 0.1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1 }, "is not a rotation")]
    [InlineData(new double[] { 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1 }, "is not a rotation")]
    [InlineData(new double[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, "is not a rotation")]
    [InlineData(new double[] { 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 4, 5, 6, 1 }, "as if rows and columns were swapped")]
    public void MatricesThatAreNoPosesAreRefused(double[] matrix, string problem)
    {
        var error = Assert.Throws<DatasetException>(
            () => TransformsFile.ToPose(matrix, UpAxis.Z, "the file", "frames[8]"));
        Assert.Contains("'the file': frames[8].transform_matrix", error.Message, StringComparison.Ordinal);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    private static void AssertAngle(double expected, double actual) =>
        Assert.InRange(Math.Abs(Math.IEEERemainder(expected - actual, 2 * Math.PI)), 0, 1e-5);
}
