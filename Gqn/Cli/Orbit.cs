using Gqn.Native.Scenes;

namespace Gqn.Native.Cli;

/// <summary>A camera path around the centre of a scene.</summary>
internal static class Orbit
{
    private const double Elevation = 20 * Math.PI / 180;

    /// <summary>Cameras evenly spaced on a horizontal circle, all looking at the origin from 20° above it.</summary>
    /// <param name="like">The camera that gives the distance from the origin and the field of view.</param>
    /// <param name="count">The number of cameras.</param>
    public static Camera[] Cameras(in Camera like, int count)
    {
        double distance = Math.Sqrt((like.X * like.X) + (like.Y * like.Y) + (like.Z * like.Z));
        double radius = distance * Math.Cos(Elevation), height = distance * Math.Sin(Elevation);
        var cameras = new Camera[count];
        for (int i = 0; i < count; i++)
        {
            double angle = Math.Tau * i / count;
            // Scenes give yaw in -π..π, and the camera stands opposite to the direction in which it looks.
            double yaw = angle < Math.PI ? angle : angle - Math.Tau;
            cameras[i] = new Camera(
                (float)(-radius * Math.Cos(yaw)), (float)(-radius * Math.Sin(yaw)), (float)height,
                (float)yaw, (float)-Elevation, like.FieldOfViewDegrees);
        }

        return cameras;
    }
}
