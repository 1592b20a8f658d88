using Gqn.Native.Engine;
using Gqn.Native.Model.Geometry;

namespace Gqn.Native.Model.Representation;

/// <summary>The "volume": r holds a vector for each place of a grid in the scene. Beyond the article.</summary>
/// <remarks>
/// <para>
/// ψ(x, v): a place takes the tower's features, and finer ones, from where the camera shows it; two layers turn them and
/// how the camera sees the place into what the view says of it, weighted by how probable it is that the surface which
/// the camera shows there lies at the place's distance (a softmax over distances for each cell). Beside it stands, with
/// the same weight, how the camera sees the place; the first of these numbers, summed over views, has counted, softly,
/// how often the place was seen.
/// </para>
/// <para>
/// Reading: the mean over the views, then, for each cell of the latent grid, the places along the rays through it,
/// interpolated at points from near to far; one layer for each ray, one for the rays of a cell, to the channels that the
/// cores take. r stays a sum over views, so their order does not matter; what the network need not learn is perspective.
/// </para>
/// </remarks>
public sealed class Volume : RepresentationNetwork
{
    // What a place must have been seen of to count as seen: views by halves count little, hidden places do not explode.
    private const float SeenFloor = .2f;

    // Softmax takes exponentials; beyond this the distance is decided anyway.
    private const float DepthRange = 8;

    // The inputs of the layer of places.
    private const int Features = 0, Sight = 1, Fine = 2;

    private readonly ModelOptions _options;
    private readonly Tower _tower;
    private readonly Convolution _say, _depth, _mean, _ray, _merge;
    private readonly SumConvolution _place;

    /// <summary>Declares the parameters of the tower, of what views say of places, and of what rays read.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="options">Sizes.</param>
    public Volume(ParameterScope scope, ModelOptions options)
        : base(scope)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        var volume = options.Volume;
        int features = options.RepresentationChannels, said = volume.Channels - PlaceGrid.SightChannels;
        _tower = new Tower(Scope.Child("tower"), features, CameraRays.Channels);
        _place = new SumConvolution(
            Scope.Child("place"),
            [("features", features), ("sight", PlaceGrid.SightChannels), ("fine", features / 2)], said, 1,
            activation: Activation.Relu);
        _say = new Convolution(Scope.Child("say"), said, said, 1, 1, Activation.Relu);
        _depth = new Convolution(Scope.Child("depth"), features, volume.DepthBins, 1);
        _mean = new Convolution(Scope.Child("mean"), volume.Channels, volume.Channels, 1, 1, Activation.Relu);
        _ray = new Convolution(
            Scope.Child("ray"), volume.Channels * volume.RayPoints, volume.RayChannels, 1, 1, Activation.Relu);
        _merge = new Convolution(
            Scope.Child("merge"), volume.RayChannels * volume.RaysPerCell * volume.RaysPerCell, features, 1, 1,
            Activation.Relu);
    }

    /// <inheritdoc />
    public override Variable Forward(Variable images, Views views)
    {
        var features = _tower.Forward(images, views, out var fine);
        var (n, d, h, w) = (features.Shape.N, _options.Volume.DepthBins, features.Shape.H, features.Shape.W);
        var surface = _depth.Forward(features).Scale(1 / DepthRange).Tanh().Scale(DepthRange).Softmax();
        // In memory the bins of a cell follow one another, so that pairs of cell and bin are the pixels of a column.
        var there = views.Depth.Apply(surface.Reshape(new Shape(n, 1, h * w * d, 1)));
        // What a place takes from the pictures is linear up to the activation, and there are fewer cells than places.
        var taken = views.Coarse.Apply(_place.Part(Features, features))
            .Add(views.Fine.Apply(_place.Part(Fine, fine)));
        var said = _say.Forward(_place.Finish(taken, Sight, views.Sight));
        var place = said.ConcatChannels(views.Sight);
        return place.Multiply(there.BroadcastTo(place.Shape));
    }

    /// <inheritdoc />
    /// <returns>(N, channels, h, w), on the latent grid.</returns>
    public override Variable Read(Variable representation, Views queries)
    {
        var (tape, shape, volume, size) =
            (representation.Tape, representation.Shape, _options.Volume, _options.LatentSize);
        var count = representation.SliceChannels(shape.C - PlaceGrid.SightChannels, 1);
        var seen = count.Affine(1f, SeenFloor);
        var divisor = seen.BroadcastTo(shape);
        var mean = representation.Divide(divisor);
        var places = _mean.Forward(mean);
        var points = queries.Points.Apply(places);
        // In memory the points of a ray follow one another, and the rays of a cell: they are the channels of a pixel.
        int rays = points.Shape.H / volume.RayPoints;
        var read = _ray.Forward(points.Reshape(new Shape(shape.N, shape.C * volume.RayPoints, rays, 1)));
        var cells = _merge.Forward(
            read.Reshape(new Shape(shape.N, read.Shape.C * rays / (size * size), size, size)));
        // Many queries of one representation would pile these up.
        foreach (var passing in (ReadOnlySpan<Variable>)[count, seen, divisor, mean, places, points, read])
            tape.Release(passing);
        return cells;
    }
}
