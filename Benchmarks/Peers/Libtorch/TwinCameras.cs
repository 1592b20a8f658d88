using Gqn.Native.Model;
using Gqn.Native.Scenes;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>The geometry of cameras, from its definition and in float64.</summary>
/// <remarks>
/// It shares nothing with the geometry that it checks but the cameras, the scene's box and the sizes: axes are cross
/// products, places map to pictures in coordinates from −1 to 1, and weights are left to grid_sample. Lengths are in
/// world units, except where stated in radii, which are half the box's longer horizontal edge. Vectors are (N, 1, 3).
/// </remarks>
internal sealed class TwinCameras
{
    /// <summary>Whether a camera sees a place, its distance, the direction to it and its position.</summary>
    public const int SightChannels = 8;

    // In radii: the distance below which depth is not resolved, and how far the scene extends from its middle.
    private const double Nearest = 0.05, Reaching = 1.2;

    // The coordinate of places that are not in front of the camera: far enough from any cell.
    private const double Outside = -3;

    private readonly ModelOptions _options;
    private readonly double _radius;
    private readonly Tensor _low, _size, _middle;
    private readonly Tensor _origin, _forward, _right, _up, _tangent, _near, _far;

    /// <summary>The axes and the reach of the cameras.</summary>
    /// <param name="cameras">N cameras.</param>
    /// <param name="options">Options of a network that is told more than viewpoints.</param>
    public TwinCameras(Camera[] cameras, ModelOptions options)
    {
        _options = options;
        var bounds = options.Bounds.ToBounds();
        _low = Vector(bounds.Low.X, bounds.Low.Y, bounds.Low.Z);
        _size = Vector(bounds.High.X, bounds.High.Y, bounds.High.Z) - _low;
        _middle = _low + (_size / 2);
        _radius = Math.Max((double)bounds.High.X - bounds.Low.X, (double)bounds.High.Y - bounds.Low.Y) / 2;

        _origin = cat([.. cameras.Select(camera => Vector(camera.X, camera.Y, camera.Z))]);
        _forward = cat([.. cameras.Select(camera => Vector(
            Math.Cos(camera.Pitch) * Math.Cos(camera.Yaw), Math.Cos(camera.Pitch) * Math.Sin(camera.Yaw),
            Math.Sin(camera.Pitch)))]);
        _right = Normalized(linalg.cross(_forward, Vector(0.0, 0.0, 1.0).expand_as(_forward)));
        _up = linalg.cross(_right, _forward);
        double[] degrees = [.. cameras.Select(camera => options.FieldOfViewDegrees ?? camera.FieldOfViewDegrees)];
        _tangent = (tensor(degrees, [cameras.Length, 1, 1]) * (Math.PI / 180) / 2).tan();

        var away = Length(_origin - _middle);
        _near = (away - (Reaching * _radius)).clamp(min: Nearest * _radius);
        _far = away + (Reaching * _radius);
    }

    /// <summary>The information about cameras from which scenes are represented.</summary>
    public TwinViews AsContexts()
    {
        bool pyramid = _options.Representation == RepresentationKind.Pyramid;
        var rays = Rays(pyramid ? _options.ImageSize : _options.ImageSize / 4);
        return _options.Representation == RepresentationKind.Volume ? WithPlaces(rays) : new TwinViews(rays);
    }

    /// <summary>The information about cameras to predict.</summary>
    /// <param name="poses">Their viewpoints, (N, 7, 1, 1).</param>
    public TwinViews AsQueries(Tensor poses) => new(
        _options.ViewBroadcast == SpatialBroadcast.Rays ? Rays(_options.LatentSize) : poses,
        points: _options.Representation == RepresentationKind.Volume ? Points() : null);

    /// <summary>The rays through the middles of a picture's cells: origin relative to the scene's middle, in radii,
    /// direction, and moment.</summary>
    /// <returns>(N, 9, size, size)</returns>
    private Tensor Rays(long size)
    {
        var directions = Directions(size);
        var origins = ((_origin - _middle) / _radius).expand_as(directions);
        var rays = cat([origins, directions, linalg.cross(origins, directions)], -1);
        return ToSingle(rays.reshape(-1, size, size, 9).permute(0, 3, 1, 2));
    }

    /// <summary>Unit vectors, (N, size·size, 3), row by row.</summary>
    private Tensor Directions(long size)
    {
        var middles = (2.0 * Middles(size)) - 1;
        var across = middles.reshape(1, 1, size, 1).expand(1, size, size, 1).reshape(1, -1, 1);
        var down = middles.reshape(1, size, 1, 1).expand(1, size, size, 1).reshape(1, -1, 1);
        return Normalized(_forward + (_tangent * ((across * _right) - (down * _up))));
    }

    /// <summary>Where and how the pictures show the places.</summary>
    private TwinViews WithPlaces(Tensor rays)
    {
        var places = Places();
        var offset = places - _origin;
        var depth = Dot(offset, _forward);
        var at = cat([Dot(offset, _right), -Dot(offset, _up)], -1) / (depth * _tangent);
        at = where((depth > Nearest * _radius).expand_as(at), at, full_like(at, Outside));

        var distance = Length(offset);
        double half = 0.5 / _options.Volume.DepthBins;
        var bin = ((distance - _near) / (_far - _near)).clamp(half, 1 - half);
        var inPicture = ToSingle(at.unsqueeze(2));
        var inDepth = ToSingle(cat([at, (2.0 * bin) - 1], -1).unsqueeze(2).unsqueeze(2));
        var sight = cat(
            [
                ones_like(distance), distance / _radius, offset / distance,
                ((places - _middle) / _radius).expand_as(offset),
            ],
            -1);
        var seen = Inside(inPicture) * ToSingle(sight.permute(0, 2, 1).unsqueeze(-1));
        return new TwinViews(rays, seen, inPicture, inDepth);
    }

    /// <summary>How much of each place lies in the picture of the fine features: 1, except at its border.</summary>
    private Tensor Inside(Tensor inPicture)
    {
        long size = _options.ImageSize / 2;
        return grid_sample(ones(inPicture.shape[0], 1, size, size), inPicture, align_corners: false);
    }

    /// <summary>The middles of the boxes of the grid, (1, places, 3), x fastest.</summary>
    private Tensor Places()
    {
        long across = _options.Volume.Width!.Value, up = _options.Volume.Height!.Value;
        var x = Middles(across).reshape(1, 1, across, 1).expand(up, across, across, 1);
        var y = Middles(across).reshape(1, across, 1, 1).expand(up, across, across, 1);
        var z = Middles(up).reshape(up, 1, 1, 1).expand(up, across, across, 1);
        return _low + (_size * cat([x, y, z], -1).reshape(1, -1, 3));
    }

    /// <summary>The positions in the grid of the points of the rays, at equal distances between near and far.</summary>
    private Tensor Points()
    {
        var volume = _options.Volume;
        long size = (long)_options.LatentSize * volume.RaysPerCell;
        var distance = _near + ((_far - _near) * Middles(volume.RayPoints).reshape(1, -1, 1));
        var points = _origin.unsqueeze(1) + (Directions(size).unsqueeze(2) * distance.unsqueeze(1));
        var at = (2.0 * (points - _low) / _size) - 1;
        return ToSingle(at.reshape(-1, size, size, volume.RayPoints, 3));
    }

    /// <summary>(i + ½) / count</summary>
    private static Tensor Middles(long count) => (arange(count, dtype: ScalarType.Float64) + 0.5) / (double)count;

    private static Tensor Vector(params double[] components) => tensor(components, [1, 1, 3]);

    private static Tensor Dot(Tensor a, Tensor b) => (a * b).sum(-1, keepdim: true);

    private static Tensor Length(Tensor vectors) => Dot(vectors, vectors).sqrt();

    private static Tensor Normalized(Tensor vectors) => vectors / Length(vectors);

    private static Tensor ToSingle(Tensor x) => x.to(ScalarType.Float32).contiguous();
}
