using System.Numerics;
using Gqn.Native.Scenes;
using Gqn.Native.Scenes.Rendering;

namespace Gqn.Native.Model.Geometry;

/// <summary>The geometry of a volume: which cells of an image show a place, and which places a ray passes.</summary>
/// <remarks>
/// Place (i, j, k) is the centre of one of width x width x height equal boxes that fill the scene's box; its index is
/// (k·width + j)·width + i. Distances along the rays of a camera are clamped to near..far, the range within 1.2 radii
/// of the scene's centre. Farther corners of a room fall into the last distance bin, and the last point of a ray lies
/// in front of them.
/// </remarks>
internal sealed class PlaceGrid(VolumeOptions options, SceneBounds bounds)
{
    /// <summary>
    /// Channels that describe how a camera sees a place: visibility, distance, direction, and the place's position.
    /// </summary>
    public const int SightChannels = 8;

    /// <summary>Weights per place over cells, per place over cells and bins, and per point over places.</summary>
    public const int CellTaps = 4, DepthTaps = 2 * CellTaps, PointTaps = 8;

    // In radii of the scene. Places nearer than Nearest are ignored: their projections are unstable.
    private const float Nearest = .05f, Reaching = 1.2f;

    private readonly float _radius = bounds.Radius;
    private readonly Vector3[] _middles = Middles(options, bounds);
    private readonly Vector3 _places = new(options.Across, options.Across, options.Up);

    /// <summary>Computes the bilinear weights of the cells that show each place.</summary>
    /// <param name="camera">The camera of the image.</param>
    /// <param name="size">The number of cells along a side of the image.</param>
    /// <param name="view">The index of the view in the arrays.</param>
    /// <param name="cells">A row for each place, a column for each cell; places outside the image have no
    /// entry.</param>
    /// <param name="depths">A row for each place, a column for each cell and distance bin, [cell][bin]; weights are
    /// multiplied by the number of bins, so that a uniform distribution over the bins sums to 1. Null if not
    /// needed.</param>
    /// <param name="sight">[place][<see cref="SightChannels"/>], all 0 if the place is outside the image; empty if not
    /// needed.</param>
    public void Project(
        in Camera camera, int size, int view, SparseRowArrays cells, SparseRowArrays? depths, Span<float> sight)
    {
        var pinhole = new PinholeView(camera, size);
        var (near, far) = Reach(pinhole.Origin);
        cells.Begin(view);
        depths?.Begin(view);
        sight.Clear();
        for (int place = 0; place < options.Places; place++)
        {
            var here = Place(place);
            var offset = here - pinhole.Origin;
            float distance = offset.Length();
            float bin = ((distance - near) / (far - near) * options.DepthBins) - .5f;
            float inside = IsInFront(pinhole, offset, out float column, out float row)
                ? Interpolate(column - .5f, row - .5f, size, bin, cells, depths)
                : 0f;
            cells.EndRow();
            depths?.EndRow();
            if (inside > 0f && !sight.IsEmpty)
                Describe(sight.Slice(place * SightChannels, SightChannels), inside, distance, offset, here);
        }

        cells.End();
        depths?.End();
    }

    /// <summary>Computes the trilinear weights of the places around the sample points of each cell's rays.</summary>
    /// <param name="camera">The camera of the image.</param>
    /// <param name="size">The number of cells along a side of the image; each has rays x rays rays.</param>
    /// <param name="view">The index of the view in the arrays.</param>
    /// <param name="points">A row for each point, [cell][ray][point], a column for each place; points outside the box
    /// have no entry.</param>
    public void March(in Camera camera, int size, int view, SparseRowArrays points)
    {
        int rays = options.RaysPerCell;
        var pinhole = new PinholeView(camera, size * rays);
        // All rays of a camera share the same distances. Clipped to the box, a ray's points would be denser, but a
        // point's index would no longer determine its distance, and that cost more (docs/volume.md).
        var (near, far) = Reach(pinhole.Origin);
        points.Begin(view);
        for (int index = 0; index < size * size * rays * rays; index++)
        {
            int cell = index / (rays * rays), ray = index % (rays * rays);
            int column = (cell % size * rays) + (ray % rays), row = (cell / size * rays) + (ray / rays);
            var direction = Vector3.Normalize(pinhole.Ray(column + .5f, row + .5f));
            for (int point = 0; point < options.RayPoints; point++)
            {
                float distance = near + ((point + .5f) / options.RayPoints * (far - near));
                Surround(pinhole.Origin + (direction * distance), points);
                points.EndRow();
            }
        }

        points.End();
    }

    /// <summary>Whether a camera sees any of the places.</summary>
    public bool IsSeenBy(in Camera camera)
    {
        var pinhole = new PinholeView(camera, 1);
        for (int place = 0; place < options.Places; place++)
        {
            if (IsInFront(pinhole, Place(place) - pinhole.Origin, out float column, out float row)
                && column is > 0 and < 1 && row is > 0 and < 1)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The position of a place, in world units.</summary>
    public Vector3 Place(int index) => _middles[index];

    private static Vector3[] Middles(VolumeOptions options, in SceneBounds bounds)
    {
        int width = options.Across;
        var middles = new Vector3[options.Places];
        var places = new Vector3(width, width, options.Up);
        for (int index = 0; index < middles.Length; index++)
        {
            var place = new Vector3(index % width, index / width % width, index / (width * width)) + new Vector3(.5f);
            middles[index] = bounds.Low + (place / places * bounds.Size);
        }

        return middles;
    }

    private bool IsInFront(in PinholeView pinhole, Vector3 offset, out float column, out float row)
    {
        pinhole.Project(offset.X, offset.Y, offset.Z, out column, out row);
        return pinhole.Depth(offset) > Nearest * _radius;
    }

    /// <summary>Adds the cells around an image position, given in cells from the centre of the first; returns the sum
    /// of their weights, less than 1 at the border.</summary>
    private float Interpolate(
        float column, float row, int size, float bin, SparseRowArrays cells, SparseRowArrays? depths)
    {
        if (!(column > -1 && row > -1 && column < size && row < size))
            return 0f;
        int left = (int)MathF.Floor(column), above = (int)MathF.Floor(row), bins = options.DepthBins;
        bin = Math.Clamp(bin, 0, bins - 1);
        int lower = Math.Min((int)bin, bins - 2);
        float sum = 0;
        for (int corner = 0; corner < CellTaps; corner++)
        {
            int c = left + (corner & 1), r = above + (corner >> 1);
            if (c < 0 || r < 0 || c >= size || r >= size)
                continue;
            float weight = Share(column - left, corner & 1) * Share(row - above, corner >> 1);
            int cell = (r * size) + c;
            sum += weight;
            cells.Add(cell, weight);
            depths?.Add((cell * bins) + lower, weight * Share(bin - lower, 0) * bins);
            depths?.Add((cell * bins) + lower + 1, weight * Share(bin - lower, 1) * bins);
        }

        return sum;
    }

    private void Describe(Span<float> sight, float inside, float distance, Vector3 offset, Vector3 here)
    {
        (sight[0], sight[1]) = (inside, inside * distance / _radius);
        (offset * (inside / distance)).CopyTo(sight[2..]);
        ((here - bounds.Centre) * (inside / _radius)).CopyTo(sight[5..]);
    }

    private void Surround(Vector3 point, SparseRowArrays points)
    {
        var at = ((point - bounds.Low) / bounds.Size * _places) - new Vector3(.5f);
        int width = options.Across, height = options.Up;
        if (!(at.X > -1 && at.Y > -1 && at.Z > -1 && at.X < width && at.Y < width && at.Z < height))
            return;
        int x = (int)MathF.Floor(at.X), y = (int)MathF.Floor(at.Y), z = (int)MathF.Floor(at.Z);
        for (int corner = 0; corner < PointTaps; corner++)
        {
            int i = x + (corner & 1), j = y + ((corner >> 1) & 1), k = z + (corner >> 2);
            if (i < 0 || j < 0 || k < 0 || i >= width || j >= width || k >= height)
                continue;
            points.Add(
                (((k * width) + j) * width) + i,
                Share(at.X - x, corner & 1) * Share(at.Y - y, (corner >> 1) & 1) * Share(at.Z - z, corner >> 2));
        }
    }

    /// <summary>The range of distances from a camera to points within reach of the scene's centre.</summary>
    private (float Near, float Far) Reach(Vector3 origin)
    {
        float away = (origin - bounds.Centre).Length(), reach = Reaching * _radius;
        return (MathF.Max(Nearest * _radius, away - reach), away + reach);
    }

    /// <summary>The weight of the lower (0) or the upper (1) of two neighbours.</summary>
    private static float Share(float fraction, int upper) => upper == 0 ? 1 - fraction : fraction;
}
