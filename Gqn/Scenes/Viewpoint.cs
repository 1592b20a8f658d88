namespace Gqn.Native.Scenes;

/// <summary>The order of sine and cosine in a viewpoint.</summary>
public enum ViewpointOrder
{
    /// <summary>(x, y, z, cos yaw, sin yaw, cos pitch, sin pitch).</summary>
    CosSin,

    /// <summary>(x, y, z, sin yaw, cos yaw, sin pitch, cos pitch), the order of the reader released with the data
    /// sets of the paper; only weights trained on that order need it.</summary>
    SinCos,
}

/// <summary>A camera as an input of the network: its position and its two angles, each as a point on the unit
/// circle.</summary>
public static class Viewpoint
{
    /// <summary>The number of values of a viewpoint.</summary>
    public const int Dimensions = 7;

    /// <summary>v = (x, y, z, cos yaw, sin yaw, cos pitch, sin pitch), or with sines before cosines.</summary>
    /// <param name="camera">The camera; its field of view is not part of a viewpoint.</param>
    /// <param name="order">Whether cosines or sines come first.</param>
    /// <param name="seven">Receives the viewpoint.</param>
    /// <exception cref="ArgumentException"><paramref name="seven"/> does not hold seven numbers.</exception>
    public static void Encode(in Camera camera, ViewpointOrder order, Span<float> seven)
    {
        if (seven.Length != Dimensions)
            throw new ArgumentException($"A viewpoint has {Dimensions} numbers, not {seven.Length}.", nameof(seven));

        // Angles pass through double so that every platform's mathematics library rounds to the same float.
        (double sinYaw, double cosYaw) = Math.SinCos(camera.Yaw);
        (double sinPitch, double cosPitch) = Math.SinCos(camera.Pitch);
        int cos = order == ViewpointOrder.CosSin ? 0 : 1;
        seven[0] = camera.X;
        seven[1] = camera.Y;
        seven[2] = camera.Z;
        seven[3 + cos] = (float)cosYaw;
        seven[4 - cos] = (float)sinYaw;
        seven[5 + cos] = (float)cosPitch;
        seven[6 - cos] = (float)sinPitch;
    }
}
