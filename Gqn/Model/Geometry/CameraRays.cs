using System.Numerics;
using Gqn.Native.Scenes;
using Gqn.Native.Scenes.Rendering;

namespace Gqn.Native.Model.Geometry;

/// <summary>Encodes a viewpoint per cell: the ray through the centre of each cell of a square image.</summary>
/// <remarks>
/// A grid of size x size cells covers an image of any resolution: from its upper left corner, the centre of cell
/// (column, row) lies at ((column + ½) / size, (row + ½) / size) of the image, as <see cref="Camera"/> defines for
/// pixels. All geometry in this folder uses <see cref="PinholeView"/>, as does the renderer.
/// </remarks>
internal static class CameraRays
{
    /// <summary>
    /// Channels of a ray: its origin relative to the scene's centre, its direction (a unit vector), and its moment,
    /// origin × direction. Lengths are in units of the scene's radius.
    /// </summary>
    public const int Channels = 9;

    /// <summary>Writes the rays of an image's cells.</summary>
    /// <param name="camera">The camera of the image.</param>
    /// <param name="size">The number of cells along a side of the image.</param>
    /// <param name="bounds">The bounding box of the scene.</param>
    /// <param name="rays">Receives [row][column][<see cref="Channels"/>].</param>
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
