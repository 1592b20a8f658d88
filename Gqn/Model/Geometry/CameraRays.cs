using System.Numerics;
using Gqn.Native.Scenes;
using Gqn.Native.Scenes.Rendering;

namespace Gqn.Native.Model.Geometry;

/// <summary>Viewpoints cell by cell: the ray through the middle of each cell of a square picture.</summary>
/// <remarks>
/// A grid of size x size cells covers a picture whatever its pixels: cell (column, row) has its middle at
/// ((column + ½) / size, (row + ½) / size) of the picture from its upper left corner, as <see cref="Camera"/> says of
/// pixels. All geometry of this folder goes through <see cref="PinholeView"/>, as the renderer's does.
/// </remarks>
internal static class CameraRays
{
    /// <summary>
    /// Numbers of a ray: its origin relative to the middle of the scene, its direction (a unit vector), and its moment,
    /// origin × direction. Lengths are in radii of the scene.
    /// </summary>
    public const int Channels = 9;

    /// <summary>Writes the rays of a picture's cells.</summary>
    /// <param name="camera">Who looks.</param>
    /// <param name="size">Cells along a side.</param>
    /// <param name="bounds">The scene's box.</param>
    /// <param name="rays">[row][column][<see cref="Channels"/>]</param>
    public static void Write(in Camera camera, int size, in SceneBounds bounds, Span<float> rays)
    {
        var view = new PinholeView(camera, size);
        var origin = (view.Origin - bounds.Centre) / bounds.Radius;
        for (int cell = 0; cell < size * size; cell++)
        {
            var direction = Vector3.Normalize(view.Ray((cell % size) + .5f, (cell / size) + .5f));
            var ray = rays.Slice(cell * Channels, Channels);
            origin.CopyTo(ray);
            direction.CopyTo(ray[3..]);
            Vector3.Cross(origin, direction).CopyTo(ray[6..]);
        }
    }
}
