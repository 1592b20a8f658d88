using System.Numerics;
using Gqn.Native.Scenes.Rendering;

namespace Gqn.Native.Scenes;

/// <summary>Whether other cameras see the point that a pixel shows.</summary>
public enum PixelVisibility : byte
{
    /// <summary>The pixel shows nothing: the sky, or the void around an object.</summary>
    Nothing,

    /// <summary>At least one of the cameras sees it.</summary>
    Visible,

    /// <summary>None of the cameras sees it: for each it lies outside the image, or is occluded.</summary>
    Hidden,
}

/// <summary>Determines which points of an image are visible in other images of the scene.</summary>
/// <remarks>
/// The point that the query's ray through the centre of a pixel hits is projected into the image of each other camera,
/// and its depth is compared with the depths that this camera sees at the four pixel centres around it, in a depth map
/// finer than the image. On a single surface the point lies between the smallest and the largest of the four depths,
/// however obliquely the surface is seen: the inverse depth of a plane is linear there. If the four differ by more than
/// <see cref="Step"/>, an edge passes between them, and the point must be at the depth of one of them, up to
/// <see cref="Tolerance"/>. The borders of hidden regions are therefore accurate to a fraction of a pixel, and a
/// surface that a camera sees so obliquely that it covers less than that counts as hidden. A camera does not see what
/// it looks through from behind, such as the walls of a room from outside: its depth there is greater.
/// </remarks>
public static class Visibility
{
    /// <summary>The largest difference, relative to its depth, between a point and what a camera sees for both to count
    /// as the same: larger than the errors at curvature and creases, smaller than the thickness of objects.</summary>
    public const float Tolerance = .005f;

    /// <summary>The largest relative difference in depth between neighbouring pixels of one surface.</summary>
    public const float Step = .25f;

    /// <summary>The maximum side of depth maps, unless the image is larger.</summary>
    private const int MaxMapSize = 192;

    /// <summary>Classifies each pixel of a query image by whether the contexts show what it shows.</summary>
    /// <param name="scene">The scene that all cameras see.</param>
    /// <param name="query">The camera of the query image.</param>
    /// <param name="contexts">The other cameras; without any, nothing is visible.</param>
    /// <param name="size">Height and width of the query image, in pixels.</param>
    /// <param name="pixels">Receives size × size classes, row by row.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not supported.</exception>
    /// <exception cref="ArgumentException">The span has a different length.</exception>
    public static void Classify(
        Scene scene, in Camera query, ReadOnlySpan<Camera> contexts, int size, Span<PixelVisibility> pixels)
    {
        ArgumentNullException.ThrowIfNull(scene);
        Scene.ThrowIfUnsupported(size);
        if (pixels.Length != size * size)
            throw new ArgumentException($"A picture of {size}x{size} has {size * size} pixels, not {pixels.Length}.");
        int mapSize = MapSize(size);
        byte[] rgb = new byte[mapSize * mapSize * 3];
        float[] depth = new float[mapSize * mapSize];
        var points = Points(scene, query, size, rgb, depth);
        for (int i = 0; i < points.Length; i++)
            pixels[i] = points[i] is null ? PixelVisibility.Nothing : PixelVisibility.Hidden;
        foreach (ref readonly var context in contexts)
        {
            scene.Render(context, mapSize, rgb, default, depth);
            var view = new PinholeView(context, mapSize);
            for (int i = 0; i < points.Length; i++)
            {
                if (pixels[i] == PixelVisibility.Hidden && Sees(view, depth, points[i]!.Value))
                    pixels[i] = PixelVisibility.Visible;
            }
        }
    }

    /// <summary>An odd multiple of the image's side: centres of image pixels are centres of map pixels, so that a
    /// camera sees exactly all that its own image shows.</summary>
    private static int MapSize(int size)
    {
        int multiple = Math.Max(1, MaxMapSize / size);
        return size * (multiple % 2 == 0 ? multiple - 1 : multiple);
    }

    /// <summary>The points that the centres of an image's pixels show; null for nothing.</summary>
    private static Vector3?[] Points(Scene scene, in Camera camera, int size, Span<byte> rgb, Span<float> depth)
    {
        scene.Render(camera, size, rgb[..(size * size * 3)], default, depth[..(size * size)]);
        var view = new PinholeView(camera, size);
        var points = new Vector3?[size * size];
        for (int i = 0; i < points.Length; i++)
        {
            if (float.IsFinite(depth[i]))
                points[i] = view.Origin + (depth[i] * view.Ray((i % size) + .5f, (i / size) + .5f));
        }

        return points;
    }

    private static bool Sees(in PinholeView view, ReadOnlySpan<float> depth, Vector3 point)
    {
        var offset = point - view.Origin;
        bool inFront = view.Project(offset.X, offset.Y, offset.Z, out float column, out float row);
        int size = view.Size;
        if (!inFront || !(column >= 0 && column < size && row >= 0 && row < size))
            return false;
        // The four centres around the point; at the image's border two of them, or one.
        int left = (int)MathF.Floor(column - .5f), top = (int)MathF.Floor(row - .5f);
        float own = view.Depth(offset), nearest = float.PositiveInfinity, farthest = 0;
        for (int y = Math.Max(top, 0); y <= Math.Min(top + 1, size - 1); y++)
        {
            for (int x = Math.Max(left, 0); x <= Math.Min(left + 1, size - 1); x++)
            {
                float seen = depth[(y * size) + x];
                if (MathF.Abs(seen - own) <= Tolerance * own)
                    return true;
                (nearest, farthest) = (MathF.Min(nearest, seen), MathF.Max(farthest, seen));
            }
        }

        return farthest <= nearest * (1 + Step) && own >= nearest && own <= farthest;
    }
}
