using System.Numerics;
using Gqn.Native.Scenes.Rendering;

namespace Gqn.Native.Scenes;

/// <summary>Whether other cameras see what a pixel shows.</summary>
public enum PixelVisibility : byte
{
    /// <summary>The pixel shows nothing: the sky, or the void around an object.</summary>
    Nothing,

    /// <summary>At least one of the cameras sees it.</summary>
    Visible,

    /// <summary>None of the cameras sees it: for each it lies outside the picture, or behind something.</summary>
    Hidden,
}

/// <summary>What a picture shows that other pictures of the scene do not.</summary>
/// <remarks>
/// The point that the query's ray meets through the centre of a pixel is projected into the picture of each other
/// camera and its depth compared with what that camera sees at the four pixel centres around it, in a depth map finer
/// than the picture. On one surface the point lies between the least and the greatest of the four depths, however
/// obliquely the surface is seen: the inverse depth of a plane is linear there. Where the four differ by more than
/// <see cref="Step"/>, an edge passes between them, and the point must be at the depth of one of them, up to
/// <see cref="Tolerance"/>. So the borders of what is hidden are right to a part of a pixel, and a surface that a
/// camera sees so obliquely that it covers less than that counts as hidden. What a camera looks through from behind, as
/// through the walls of a room from outside, it does not see: its depth there is greater.
/// </remarks>
public static class Visibility
{
    /// <summary>How much nearer or farther than what a camera sees a point may be and still be it, as a part of its
    /// depth: smaller than that are errors of curvature and of creases, larger the thickness of objects.</summary>
    public const float Tolerance = .005f;

    /// <summary>By which part of the depth neighbouring pixels of one surface may differ.</summary>
    public const float Step = .25f;

    /// <summary>The side that depth maps have at most, unless the picture is larger.</summary>
    private const int MaxMapSize = 192;

    /// <summary>Says of each pixel of a query's picture whether the contexts show what it shows.</summary>
    /// <param name="scene">What is seen.</param>
    /// <param name="query">From where.</param>
    /// <param name="contexts">The other cameras; without any nothing is visible.</param>
    /// <param name="size">Height and width of the query's picture, in pixels.</param>
    /// <param name="pixels">Receives size × size answers, row by row.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not supported.</exception>
    /// <exception cref="ArgumentException">The span has another length.</exception>
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

    /// <summary>An odd multiple of the picture's side: centres of the picture's pixels are centres of the map's, so that
    /// a camera sees exactly what it sees itself.</summary>
    private static int MapSize(int size)
    {
        int multiple = Math.Max(1, MaxMapSize / size);
        return size * (multiple % 2 == 0 ? multiple - 1 : multiple);
    }

    /// <summary>What the centres of a picture's pixels show; null where that is nothing.</summary>
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
        // The four centres around the point; at the picture's border two of them, or one.
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
