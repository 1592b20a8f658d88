using Gqn.Native.Engine;
using Gqn.Native.Model.Geometry;

namespace Gqn.Native.Model.Representation;

/// <summary>The "volume": r holds a vector for each place of a grid in the scene. Not in the paper.</summary>
/// <remarks>
/// <para>
/// ψ(x, v): each place gathers the tower's features, and finer ones, from its projection into the image; two layers map
/// them and the place's sight channels (how the camera sees it) to features, weighted by the probability that the
/// surface visible there lies at the place's distance (a softmax over distances for each cell). The sight channels
/// follow, with the same weight; the first of them, summed over views, is a soft count of the views that see the place.
/// </para>
/// <para>
/// Reading: r is averaged over the views that see a place, then, for each cell of the latent grid, interpolated at
/// points from near to far along the rays through the cell; one layer per ray and one for all rays of a cell yield the
/// cores' channels. r remains a sum over views, so their order does not matter; perspective need not be learned.
/// </para>
/// </remarks>
public sealed class Volume : RepresentationNetwork
{
    // Added to the count of views that r is divided by: partial views count little, hidden places do not diverge.
    private const float SeenFloor = .2f;

    // Bounds the logits of the softmax over distances; beyond this the distance is decided anyway.
    private const float DepthRange = 8;

    // The inputs of the layer "place".
    private const int Features = 0, Sight = 1, Fine = 2;

    private readonly ModelOptions _options;
    private readonly Tower _tower;
    private readonly Convolution _say, _depth, _mean, _ray, _merge;
    private readonly SumConvolution _place;

    /// <summary>Declares the parameters of the tower, of the places' features, and of the rays.</summary>
    /// <param name="scope">The scope of the parameters.</param>
    /// <param name="options">The sizes of the network.</param>
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
        // The bins of a cell are contiguous in memory, so the pairs of cell and bin are the pixels of a column.
        var there = views.Depth.Apply(surface.Reshape(new Shape(n, 1, h * w * d, 1)));
        // The layer is linear up to its activation, so it is applied to the cells, which are fewer than the places.
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
        // The points of a ray and the rays of a cell are contiguous in memory: they become the channels of a pixel.
        int rays = points.Shape.H / volume.RayPoints;
        var read = _ray.Forward(points.Reshape(new Shape(shape.N, shape.C * volume.RayPoints, rays, 1)));
        var cells = _merge.Forward(
            read.Reshape(new Shape(shape.N, read.Shape.C * rays / (size * size), size, size)));
        // They would accumulate over many queries of one representation.
        foreach (var passing in (ReadOnlySpan<Variable>)[count, seen, divisor, mean, places, points, read])
            tape.Release(passing);
        return cells;
    }
}
