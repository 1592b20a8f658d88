using System.Numerics;

namespace Gqn.Native.Scenes;

/// <summary>What a scene's causes look like: everything that a picture needs besides the camera. It never changes and
/// may be shared by threads.</summary>
internal abstract class SceneGeometry
{
    /// <summary>Takes a picture; all bytes are a function of the arguments alone, on every processor.</summary>
    /// <param name="camera">From where.</param>
    /// <param name="size">Height and width in pixels.</param>
    /// <param name="rgb">Receives size × size × 3 bytes.</param>
    /// <param name="parts">Receives size × size numbers of what pixel centres show: 0 for the surroundings (nothing,
    /// sky, walls, floor), from 1 for the objects; or empty.</param>
    /// <param name="depth">Receives size × size distances along the camera's forward axis at pixel centres, in world
    /// units, +∞ where nothing is; or empty.</param>
    public abstract void Render(in Camera camera, int size, Span<byte> rgb, Span<byte> parts, Span<float> depth);

    /// <summary>The rectangle, seen from above, that walls surround, in world units; null where there are
    /// none.</summary>
    public virtual (Vector2 Low, Vector2 High)? Walls => null;

    /// <summary>Takes a picture from straight above without perspective, x to the right and y up.</summary>
    /// <param name="centre">The middle of the square that it shows, in world units.</param>
    /// <param name="halfSide">Half the side of that square, in world units.</param>
    /// <param name="size">Height and width in pixels.</param>
    /// <param name="rgb">Receives size × size × 3 bytes.</param>
    public virtual void RenderFromAbove(Vector2 centre, float halfSide, int size, Span<byte> rgb)
    {
        // From so far away the rays are parallel to within a fraction of a pixel, and their ends still exact to one.
        const double Distance = 200;
        var camera = new Camera(
            centre.X, centre.Y, (float)(Distance * halfSide), MathF.PI / 2, -MathF.PI / 2,
            (float)(Math.Atan(1 / Distance) * (360 / Math.PI)));
        Render(camera, size, rgb, [], []);
    }
}
