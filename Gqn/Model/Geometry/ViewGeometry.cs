using Gqn.Native.Model.Representation;
using Gqn.Native.Scenes;

namespace Gqn.Native.Model.Geometry;

/// <summary>What of the geometry of cameras a network is told besides their viewpoints: a function of its
/// options.</summary>
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

    /// <summary>The box that the scenes lie in.</summary>
    public SceneBounds Bounds { get; }

    /// <summary>The geometry that a network of these options needs; null where it needs none.</summary>
    /// <exception cref="OptionException">The scene's box is not given.</exception>
    public static ViewGeometry? Of(ModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.NeedsBounds ? new ViewGeometry(options) : null;
    }

    /// <summary>True where the camera sees a place of the volume, or there is none.</summary>
    public bool IsInSight(in Camera camera) => _grid?.IsSeenBy(camera.WithFieldOfView(_options.FieldOfViewDegrees)) ?? true;

    /// <summary>Arrays for the views that a scene is represented from.</summary>
    /// <param name="views">How many.</param>
    /// <param name="gradients">Whether there will be a backward pass.</param>
    public ViewArrays CreateContexts(int views, bool gradients)
    {
        var volume = _options.Volume;
        // The pyramid takes the view beside the pixels, the others beside the tower's second block.
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

    /// <summary>Arrays for query views.</summary>
    /// <param name="views">How many.</param>
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
    /// <param name="arrays">What <see cref="CreateContexts"/> or <see cref="CreateQueries"/> has made.</param>
    /// <param name="position">Number of the view in them.</param>
    /// <param name="camera">The view.</param>
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
