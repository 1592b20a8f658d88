using Gqn.Native.Model.Representation;
using Gqn.Native.Scenes;

namespace Gqn.Native.Model.Geometry;

/// <summary>The camera geometry that a network receives besides the viewpoints, determined by its options.</summary>
public sealed class ViewGeometry
{
    private readonly ModelOptions _options;
    private readonly PlaceGrid? _grid;

    private ViewGeometry(ModelOptions options)
    {
        _options = options;
        Bounds = options.Bounds.ToBounds();
        if (options.Representation == RepresentationKind.Volume)
            _grid = new PlaceGrid(options.Volume, Bounds);
    }

    /// <summary>The bounding box of the scenes.</summary>
    public SceneBounds Bounds { get; }

    /// <summary>The geometry that a network with these options needs; null if it needs none.</summary>
    /// <exception cref="OptionException">The bounding box of the scenes is missing.</exception>
    public static ViewGeometry? Of(ModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.NeedsBounds ? new ViewGeometry(options) : null;
    }

    /// <summary>Whether the camera sees a place of the volume; true if there is no volume.</summary>
    public bool IsInSight(in Camera camera) => _grid?.IsSeenBy(camera.WithFieldOfView(_options.FieldOfViewDegrees)) ?? true;

    /// <summary>Allocates arrays for context views.</summary>
    /// <param name="views">The number of views.</param>
    /// <param name="gradients">Whether there will be a backward pass.</param>
    public ViewArrays CreateContexts(int views, bool gradients)
    {
        var volume = _options.Volume;
        // The pyramid takes the view beside the pixels, the other networks in the tower's second block.
        int size = _options.Representation == RepresentationKind.Pyramid
            ? _options.ImageSize
            : _options.ImageSize / Tower.Reduction;
        int cells = size * size;
        var arrays = new ViewArrays { Rays = new float[views * cells * CameraRays.Channels], RayGrid = size };
        if (_options.Representation != RepresentationKind.Volume)
            return arrays;
        SparseRowArrays Rows(int columns, int taps) => new(views, volume.Places, columns, taps, gradients);
        return arrays with
        {
            Sight = new float[views * volume.Places * PlaceGrid.SightChannels],
            Coarse = Rows(cells, PlaceGrid.CellTaps),
            Fine = Rows(4 * cells, PlaceGrid.CellTaps),
            Depth = Rows(cells * volume.DepthBins, PlaceGrid.DepthTaps),
        };
    }

    /// <summary>Allocates arrays for query views.</summary>
    /// <param name="views">The number of views.</param>
    /// <param name="gradients">Whether there will be a backward pass.</param>
    public ViewArrays CreateQueries(int views, bool gradients)
    {
        var (volume, size) = (_options.Volume, _options.LatentSize);
        var arrays = _options.ViewBroadcast == SpatialBroadcast.Rays
            ? new ViewArrays { Rays = new float[views * size * size * CameraRays.Channels], RayGrid = size }
            : new ViewArrays();
        if (_options.Representation != RepresentationKind.Volume)
            return arrays;
        int points = size * size * volume.RaysPerCell * volume.RaysPerCell * volume.RayPoints;
        return arrays with
        {
            Points = new SparseRowArrays(views, points, volume.Places, PlaceGrid.PointTaps, gradients),
        };
    }

    /// <summary>Computes the geometry of one view.</summary>
    /// <param name="arrays">The result of <see cref="CreateContexts"/> or <see cref="CreateQueries"/>.</param>
    /// <param name="position">The index of the view in the arrays.</param>
    /// <param name="camera">The camera of the view.</param>
    public void Write(ViewArrays arrays, int position, in Camera camera)
    {
        ArgumentNullException.ThrowIfNull(arrays);
        var seen = camera.WithFieldOfView(_options.FieldOfViewDegrees);
        if (arrays.Rays.Length > 0)
        {
            int length = arrays.RayGrid * arrays.RayGrid * CameraRays.Channels;
            CameraRays.Write(seen, arrays.RayGrid, Bounds, arrays.Rays.AsSpan(position * length, length));
        }

        if (_grid is null)
            return;
        if (arrays.Points is { } points)
            _grid.March(seen, _options.LatentSize, position, points);
        if (arrays.Coarse is not { } coarse || arrays.Fine is not { } fine)
            return;
        int size = _options.ImageSize / Tower.Reduction, sight = _options.Volume.Places * PlaceGrid.SightChannels;
        _grid.Project(seen, size, position, coarse, arrays.Depth, []);
        _grid.Project(seen, 2 * size, position, fine, null, arrays.Sight.AsSpan(position * sight, sight));
    }
}
