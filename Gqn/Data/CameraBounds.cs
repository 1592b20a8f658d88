using System.Numerics;
using Gqn.Native.Scenes;
using Gqn.Native.Scenes.Rendering;

namespace Gqn.Native.Data;

/// <summary>Estimates the bounding box of a data set's scenes from its cameras alone.</summary>
/// <remarks>
/// Cameras that look at a common point surround their scene: the box is centred there and as large as what an image
/// shows at that distance. Other cameras move within their scene: the box encloses their positions, plus a quarter of
/// its extent on each side.
/// </remarks>
internal static class CameraBounds
{
    private const float Margin = .25f;

    // A line of sight that misses the common point by more than a third of its depth is not aimed at it.
    private const float LargestMiss = 1f / 3;

    /// <summary>Estimates the box that these cameras see.</summary>
    public static SceneBounds Of(IReadOnlyList<Camera> cameras)
    {
        ArgumentOutOfRangeException.ThrowIfZero(cameras.Count);
        PinholeView[] views = [.. cameras.Select(camera => new PinholeView(camera, 1))];
        return TryFindCentre(views, out var centre) && IsLookedAt(views, centre)
            ? Around(cameras, views, centre)
            : Within(views);
    }

    /// <summary>The least-squares nearest point to all lines of sight: Σ(I − f·fᵀ)(c − o) = 0.</summary>
    private static bool TryFindCentre(PinholeView[] views, out Vector3 centre)
    {
        var sum = new Matrix4x4();
        var right = Vector3.Zero;
        foreach (var view in views)
        {
            var f = view.Ray(.5f, .5f);
            var projector = new Matrix4x4(
                1 - (f.X * f.X), -f.X * f.Y, -f.X * f.Z, 0, -f.X * f.Y, 1 - (f.Y * f.Y), -f.Y * f.Z, 0,
                -f.X * f.Z, -f.Y * f.Z, 1 - (f.Z * f.Z), 0, 0, 0, 0, 0);
            sum += projector;
            right += Vector3.TransformNormal(view.Origin, projector);
        }

        sum *= 1f / views.Length;
        sum.M44 = 1;
        centre = default;
        if (!(MathF.Abs(sum.GetDeterminant()) > 1e-4f) || !Matrix4x4.Invert(sum, out var inverse))
            return false;
        centre = Vector3.TransformNormal(right / views.Length, inverse);
        return true;
    }

    private static bool IsLookedAt(PinholeView[] views, Vector3 centre)
    {
        int hits = 0;
        foreach (var view in views)
        {
            var offset = centre - view.Origin;
            float depth = view.Depth(offset);
            float miss = MathF.Sqrt(MathF.Max(0, offset.LengthSquared() - (depth * depth)));
            if (depth > 0 && miss < LargestMiss * depth)
                hits++;
        }

        return hits >= .9f * views.Length;
    }

    private static SceneBounds Around(IReadOnlyList<Camera> cameras, PinholeView[] views, Vector3 centre)
    {
        float[] reaches = new float[views.Length];
        for (int i = 0; i < views.Length; i++)
        {
            float tangent = MathF.Tan(cameras[i].FieldOfViewDegrees * (MathF.PI / 360));
            reaches[i] = views[i].Depth(centre - views[i].Origin) * tangent;
        }

        Array.Sort(reaches);
        var reach = new Vector3(reaches[reaches.Length / 2]);
        return new SceneBounds(centre - reach, centre + reach);
    }

    private static SceneBounds Within(PinholeView[] views)
    {
        Vector3 low = views[0].Origin, high = low;
        foreach (var view in views)
            (low, high) = (Vector3.Min(low, view.Origin), Vector3.Max(high, view.Origin));
        var size = high - low;
        // Cameras that never move give no extent; one unit is as good a guess as any.
        float extent = MathF.Max(size.X, size.Y);
        var margin = new Vector3(extent > 0 ? Margin * extent : 1);
        return new SceneBounds(low - margin, high + margin);
    }
}
