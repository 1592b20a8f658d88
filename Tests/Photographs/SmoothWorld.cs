using System.Numerics;
using Gqn.Native.Imaging;

namespace Gqn.Native.Tests.Photographs;

/// <summary>An infinitely distant world whose colour is a smooth function of the direction, so that any camera's
/// picture of it is known, whatever its roll and lens.</summary>
internal static class SmoothWorld
{
    /// <summary>A picture.</summary>
    /// <param name="right">The direction of the picture's rows.</param>
    /// <param name="up">The direction against its columns.</param>
    /// <param name="size">Width and height, in pixels.</param>
    /// <param name="focal">Focal lengths in widths and heights of a pixel.</param>
    /// <param name="centre">The principal point, in pixels.</param>
    public static RgbImage Render(
        Vector3 right, Vector3 up, (int Width, int Height) size, (double X, double Y) focal,
        (double X, double Y) centre)
    {
        var ahead = Vector3.Cross(up, right);
        float[] values = new float[size.Width * size.Height * 3];
        for (int i = 0; i < size.Width * size.Height; i++)
        {
            float x = (float)(((i % size.Width) + 0.5 - centre.X) / focal.X);
            float y = (float)(((i / size.Width) + 0.5 - centre.Y) / focal.Y);
            var direction = Vector3.Normalize(ahead + (x * right) - (y * up));
            values[i * 3] = 0.5f + (0.4f * MathF.Sin((5 * direction.X) + (2 * direction.Z)));
            values[(i * 3) + 1] = 0.5f + (0.4f * MathF.Sin((4 * direction.Y) - direction.X));
            values[(i * 3) + 2] = 0.5f + (0.4f * MathF.Sin(6 * direction.Z));
        }

        return RgbImage.FromUnit(values, size.Width, size.Height);
    }

    /// <summary>The axes of a camera with a roll.</summary>
    public static (Vector3 Right, Vector3 Up) Axes(double yaw, double pitch, double roll)
    {
        (float sy, float cy) = ((float)Math.Sin(yaw), (float)Math.Cos(yaw));
        (float sp, float cp) = ((float)Math.Sin(pitch), (float)Math.Cos(pitch));
        (float s, float c) = ((float)Math.Sin(roll), (float)Math.Cos(roll));
        Vector3 right = new(sy, -cy, 0), up = new(-sp * cy, -sp * sy, cp);
        return ((c * right) + (s * up), (c * up) - (s * right));
    }

    /// <summary>The camera-to-world matrix of these axes, row by row.</summary>
    public static double[] Matrix(Vector3 right, Vector3 up, Vector3 at)
    {
        var back = -Vector3.Cross(up, right);
        return
        [
            right.X, up.X, back.X, at.X, right.Y, up.Y, back.Y, at.Y, right.Z, up.Z, back.Z, at.Z, 0, 0, 0, 1,
        ];
    }
}
