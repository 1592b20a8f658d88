using Gqn.Native.Scenes;

namespace Gqn.Native.Experiments;

/// <summary>A query, a context from which a part of it is hidden, and a view that shows that part.</summary>
/// <param name="Query">The camera of the query.</param>
/// <param name="Truth">The image of the query, in [0, 1].</param>
/// <param name="Parts">What each of its pixels shows: 0 if not an object.</param>
/// <param name="Cameras">The cameras of the context and of the view that is added.</param>
/// <param name="Context">The image of the context.</param>
/// <param name="Added">The image of the view that is added.</param>
/// <param name="FromContext">Which pixels of the query show what the context shows.</param>
/// <param name="FromAdded">Which pixels of the query show what the added view shows.</param>
internal sealed record OccludedScene(
    Camera Query, float[] Truth, byte[] Parts, Camera[] Cameras, float[] Context, float[] Added,
    PixelVisibility[] FromContext, PixelVisibility[] FromAdded)
{
    /// <summary>Chooses the views of a scene.</summary>
    /// <param name="scene">The scene.</param>
    /// <param name="views">Its views in random order; the last is the query.</param>
    /// <param name="candidates">How many of the others to choose from.</param>
    /// <param name="size">Height and width of the images, in pixels.</param>
    /// <param name="leastShare">The least share of the query's pixels that are hidden from the context and seen by the
    /// added view.</param>
    /// <returns>The pair of views with the most such pixels, of objects if the query shows any; null if they are too
    /// few.</returns>
    public static OccludedScene? Choose(Scene scene, int[] views, int candidates, int size, double leastShare)
    {
        var query = scene.Cameras[views[^1]];
        byte[] truth = new byte[size * size * 3], parts = new byte[size * size];
        scene.Render(query, size, truth, parts);
        bool hasObjects = parts.Any(part => part != 0);
        int[] others = views[..Math.Min(candidates, views.Length - 1)];
        var seen = new PixelVisibility[others.Length][];
        for (int i = 0; i < others.Length; i++)
        {
            seen[i] = new PixelVisibility[size * size];
            Visibility.Classify(scene, query, [scene.Cameras[others[i]]], size, seen[i]);
        }

        int context = 0, added = 0, most = -1;
        for (int i = 0; i < others.Length; i++)
        {
            for (int j = 0; j < others.Length; j++)
            {
                int revealed = 0;
                for (int pixel = 0; pixel < parts.Length; pixel++)
                {
                    if (IsRevealed(seen[i][pixel], seen[j][pixel]) && (!hasObjects || parts[pixel] != 0))
                        revealed++;
                }

                if (revealed > most)
                    (context, added, most) = (i, j, revealed);
            }
        }

        if (most < Math.Max(1, leastShare * parts.Length))
            return null;
        Camera[] cameras = [scene.Cameras[others[context]], scene.Cameras[others[added]]];
        return new OccludedScene(
            query, Unit(truth), parts, cameras, Unit(scene.Render(cameras[0], size).Bytes),
            Unit(scene.Render(cameras[1], size).Bytes), seen[context], seen[added]);
    }

    /// <summary>Whether a pixel shows what is hidden from the context and seen by the added view.</summary>
    public static bool IsRevealed(PixelVisibility fromContext, PixelVisibility fromAdded) =>
        fromContext == PixelVisibility.Hidden && fromAdded == PixelVisibility.Visible;

    private static float[] Unit(ReadOnlySpan<byte> bytes)
    {
        float[] values = new float[bytes.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = bytes[i] / 255f;
        return values;
    }
}
