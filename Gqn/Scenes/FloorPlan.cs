using System.Globalization;
using System.Numerics;
using Gqn.Native.Imaging;

namespace Gqn.Native.Scenes;

/// <summary>Draws a scene from straight above, with its cameras as numbered arrows.</summary>
/// <remarks>
/// The x axis points right, the y axis up. Behind the arrows is the rendered scene itself in orthographic projection,
/// with the outline of its walls. Each camera is a point, an arrow along its heading, and a wedge as wide as its field
/// of view; arrow and wedge shorten with the cosine of the pitch, so that a camera looking straight down is a point.
/// </remarks>
public static class FloorPlan
{
    /// <summary>The length of the arrow of a level camera, as a fraction of the plan's side.</summary>
    public const float ArrowLength = .08f;

    private const float WedgeLength = .22f, WedgeOpacity = .25f;

    private static readonly Rgb Paper = new(44, 44, 50), Ink = new(232, 232, 232);
    /// <summary>Offsets that outline an arrow, so that it is visible on any background.</summary>
    private static readonly Vector2[] RimShifts =
        [new(-1, -1), new(0, -1), new(1, -1), new(-1, 0), new(1, 0), new(-1, 1), new(0, 1), new(1, 1)];

    private static readonly Rgb Sight = new(255, 236, 150), Arrow = new(255, 216, 40), Rim = new(24, 24, 28);

    /// <summary>Draws a scene and the first of its cameras.</summary>
    /// <param name="scene">The scene to draw.</param>
    /// <param name="views">The number of its cameras to draw, numbered from 1; at most all.</param>
    /// <param name="size">Height and width in pixels, <see cref="Scene.MinImageSize"/> to
    /// <see cref="Scene.MaxImageSize"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not supported.</exception>
    public static RgbImage Render(Scene scene, int views, int size)
    {
        ArgumentNullException.ThrowIfNull(scene);
        Scene.ThrowIfUnsupported(size);
        var cameras = scene.Cameras[..Math.Min(views, scene.Cameras.Length)];
        var walls = scene.Geometry.Walls;
        var window = PlanWindow.Around(scene.Cameras, walls, size);
        var image = new RgbImage(size, size);
        scene.Geometry.RenderFromAbove(window.Centre, window.HalfSide, size, image.Bytes);
        var canvas = new VectorCanvas(image);
        if (walls is var (low, high))
        {
            Vector2 a = window.ToPixels(low), b = window.ToPixels(high);
            ReadOnlySpan<Vector2> corners = [a, new(b.X, a.Y), b, new(a.X, b.Y)];
            for (int i = 0; i < 4; i++)
                canvas.DrawLine(corners[i], corners[(i + 1) % 4], 2, Rim);
        }

        DrawCameras(canvas, window, cameras);
        return image;
    }

    /// <summary>Draws only cameras, if the scene is unknown.</summary>
    /// <param name="cameras">At least one camera; numbered from 1.</param>
    /// <param name="size">Height and width in pixels, <see cref="Scene.MinImageSize"/> to
    /// <see cref="Scene.MaxImageSize"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not supported.</exception>
    public static RgbImage Render(ReadOnlySpan<Camera> cameras, int size)
    {
        Scene.ThrowIfUnsupported(size);
        var image = new RgbImage(size, size);
        image.Fill(Paper);
        DrawCameras(new VectorCanvas(image), PlanWindow.Around(cameras, null, size), cameras);
        return image;
    }

    /// <summary>The tail and the tip of a camera's arrow, in pixels.</summary>
    internal static (Vector2 Tail, Vector2 Point) ArrowOf(in Camera camera, in PlanWindow window)
    {
        var tail = window.ToPixels(new Vector2(camera.X, camera.Y));
        return (tail, tail + (Heading(camera, 0) * (ArrowLength * window.Size)));
    }

    private static void DrawCameras(VectorCanvas canvas, in PlanWindow window, ReadOnlySpan<Camera> cameras)
    {
        foreach (ref readonly var camera in cameras)
        {
            float half = camera.FieldOfViewDegrees * (MathF.PI / 360), length = WedgeLength * window.Size;
            var at = window.ToPixels(new Vector2(camera.X, camera.Y));
            // The far side of the wedge is straight, like the image plane: all of it has equal depth.
            float side = length / MathF.Cos(half);
            Vector2 left = at + (Heading(camera, half) * side), right = at + (Heading(camera, -half) * side);
            canvas.FillPolygon([at, left, right], Sight, WedgeOpacity);
            canvas.DrawLine(at, left, 1, Rim, WedgeOpacity);
            canvas.DrawLine(at, right, 1, Rim, WedgeOpacity);
        }

        for (int i = 0; i < cameras.Length; i++)
        {
            (var tail, var point) = ArrowOf(cameras[i], window);
            canvas.FillCircle(tail, 4, Rim);
            foreach (var shift in RimShifts)
                canvas.DrawArrow(tail + shift, point + shift, 2, Rim);
            canvas.DrawArrow(tail, point, 2, Arrow);
            canvas.FillCircle(tail, 3, Arrow);
            var behind = Heading(cameras[i], 0);
            var label = tail - ((behind == Vector2.Zero ? Vector2.UnitY : Vector2.Normalize(behind)) * 10);
            canvas.DrawLabel(
                Vector2.Clamp(label, new Vector2(8), new Vector2(window.Size - 8)),
                (i + 1).ToString(CultureInfo.InvariantCulture), Ink, Rim);
        }
    }

    /// <summary>The heading in pixel axes, turned by an angle; its length is the cosine of the pitch.</summary>
    private static Vector2 Heading(in Camera camera, float turn)
    {
        (float sin, float cos) = MathF.SinCos(camera.Yaw + turn);
        return new Vector2(cos, -sin) * MathF.Abs(MathF.Cos(camera.Pitch));
    }
}

/// <summary>The square region of the floor that a plan shows.</summary>
/// <param name="Centre">The centre of the region, in world units.</param>
/// <param name="HalfSide">Half the side of the region, in world units.</param>
/// <param name="Size">The side of the plan, in pixels.</param>
internal readonly record struct PlanWindow(Vector2 Centre, float HalfSide, int Size)
{
    private const float Margin = 1.12f;

    /// <summary>The smallest window around all cameras and the walls, if any, plus a margin.</summary>
    public static PlanWindow Around(ReadOnlySpan<Camera> cameras, (Vector2 Low, Vector2 High)? walls, int size)
    {
        (var low, var high) = walls ?? (new Vector2(float.MaxValue), new Vector2(float.MinValue));
        foreach (ref readonly var camera in cameras)
        {
            var at = new Vector2(camera.X, camera.Y);
            (low, high) = (Vector2.Min(low, at), Vector2.Max(high, at));
        }

        var half = (high - low) / 2;
        // The window must not be empty even if all cameras share one position.
        float side = Math.Max(Math.Max(half.X, half.Y), 1e-3f);
        return new PlanWindow((low + high) / 2, side * Margin, size);
    }

    /// <summary>Maps a point of the world to the plan, in pixels.</summary>
    public Vector2 ToPixels(Vector2 place)
    {
        var unit = (place - Centre) / HalfSide;
        return new Vector2(1 + unit.X, 1 - unit.Y) * (Size / 2f);
    }
}
