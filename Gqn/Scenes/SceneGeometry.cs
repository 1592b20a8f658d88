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
}
