using System.Numerics;

namespace Gqn.Native.Scenes;

/// <summary>The geometry and appearance of a scene: everything that rendering needs besides the camera. Immutable and
/// thread-safe.</summary>
internal abstract class SceneGeometry
{
    /// <summary>Renders an image; all bytes are a function of the arguments alone, on every processor.</summary>
    /// <param name="camera">The camera to render from.</param>
    /// <param name="size">Height and width in pixels.</param>
    /// <param name="rgb">Receives size × size × 3 bytes.</param>
    /// <param name="parts">Receives size × size part numbers at pixel centres: 0 for the surroundings (nothing, sky,
    /// walls, floor), from 1 on for the objects; empty if not needed.</param>
    /// <param name="depth">Receives size × size distances along the camera's forward axis at pixel centres, in world
    /// units, +∞ where nothing is hit; empty if not needed.</param>
    public abstract void Render(in Camera camera, int size, Span<byte> rgb, Span<byte> parts, Span<float> depth);

    /// <summary>The rectangle enclosed by walls, seen from above, in world units; null if there are none.</summary>
    public virtual (Vector2 Low, Vector2 High)? Walls => null;

    /// <summary>Renders an orthographic image from straight above, x to the right and y up.</summary>
    /// <param name="centre">The centre of the square to show, in world units.</param>
    /// <param name="halfSide">Half the side of that square, in world units.</param>
    /// <param name="size">Height and width in pixels.</param>
    /// <param name="rgb">Receives size × size × 3 bytes.</param>
    public virtual void RenderFromAbove(Vector2 centre, float halfSide, int size, Span<byte> rgb)
    {
        // At this distance the rays are parallel, and their ends accurate, to within a fraction of a pixel.
        const double Distance = 200;
        var camera = new Camera(
            centre.X, centre.Y, (float)(Distance * halfSide), MathF.PI / 2, -MathF.PI / 2,
            (float)(Math.Atan(1 / Distance) * (360 / Math.PI)));
        Render(camera, size, rgb, [], []);
    }
}
