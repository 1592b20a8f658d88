using Gqn.Native.Model;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>The representation networks in libtorch: tower, pool, pyramid and volume.</summary>
/// <remarks>
/// The volume reads pictures and places by grid_sample, with zeros outside, so it shares neither sparse matrices nor
/// their transposes with the network that it checks.
/// </remarks>
/// <param name="weights">The network's weights.</param>
/// <param name="options">The network's options.</param>
internal sealed class TwinRepresentation(TwinWeights weights, ModelOptions options)
{
    private const string Module = "representation.";
    private const double DepthRange = 8, SeenFloor = 0.2;

    /// <summary>ψ(x, v) of each image by itself.</summary>
    /// <param name="images">(N, 3, size, size)</param>
    /// <param name="views">Views of the N cameras.</param>
    /// <returns>(N, channels, h, w); for the volume (N, channels, places, 1).</returns>
    public Tensor Forward(Tensor images, TwinViews views) => options.Representation switch
    {
        RepresentationKind.Pyramid => Pyramid(images, views.View),
        RepresentationKind.Pool => Tower(Module, images, views.View).Features.mean([2, 3], keepdim: true),
        RepresentationKind.Volume => Lift(images, views),
        _ => Tower(Module, images, views.View).Features,
    };

    /// <summary>The input of the cores for a scene: r itself, or what the query's rays read in the volume.</summary>
    /// <param name="representation">r, the sum over a scene's views.</param>
    /// <param name="queries">Views of the query cameras, one per scene.</param>
    public Tensor Read(Tensor representation, TwinViews queries) =>
        options.Representation == RepresentationKind.Volume ? March(representation, queries.Points!) : representation;

    /// <summary>A pixel repeated over a map of that size; a map of that size stays as it is.</summary>
    public static Tensor Tile(Tensor x, long size) => x.expand(-1, -1, size, size);

    private Tensor Pyramid(Tensor images, Tensor view)
    {
        var x = Layer(Module + "conv1", cat([images, Tile(view, options.ImageSize)], 1), 2);
        x = Layer(Module + "conv2", x, 2);
        x = Layer(Module + "conv3", x, 2);
        return Layer(Module + "conv4", x, options.ImageSize / 8);
    }

    private (Tensor Features, Tensor Fine) Tower(string module, Tensor images, Tensor view)
    {
        var a = Layer(module + "conv1", images, 2);
        var fine = Layer(module + "conv3", a);
        var b = Layer(module + "conv4", fine, 2) + Layer(module + "conv2", a, 2);
        var merged = cat([b, Tile(view, options.ImageSize / 4)], 1);
        var d = Layer(module + "conv7", Layer(module + "conv6", merged)) + Layer(module + "conv5", merged);
        return (Layer(module + "conv8", d), fine);
    }

    /// <summary>What each view says of each place, and how it sees the place, both weighted by the probability that the
    /// surface which the camera shows there lies at the place's distance.</summary>
    private Tensor Lift(Tensor images, TwinViews views)
    {
        var (features, fine) = Tower(Module + "tower.", images, views.View);
        // As in that network, cells are convolved before places are interpolated: fewer sums, and the fastest way.
        long coarseChannels = features.shape[1], sightChannels = TwinCameras.SightChannels;
        var coarseThere = Sample(weights.ConvolvePart(Module + "place", 0, features), views.InPicture!);
        var seen = weights.ConvolvePart(Module + "place", coarseChannels, views.Sight!);
        var fineThere = Sample(
            weights.ConvolvePart(Module + "place", coarseChannels + sightChannels, fine), views.InPicture!);
        var place = relu(coarseThere + fineThere + seen + weights.Bias(Module + "place"));
        var said = Layer(Module + "say", place);

        var logits = DepthRange * (weights.Convolve(Module + "depth", features) / DepthRange).tanh();
        // The distance bins are the planes of a one-channel volume; a uniform distribution over them has weight 1.
        var surface = logits.softmax(1).unsqueeze(1) * options.Volume.DepthBins;
        var there = Sample(surface, views.InDepth!).flatten(2).unsqueeze(-1);
        return cat([said, views.Sight!], 1) * there;
    }

    /// <summary>The places along the rays of each cell of the latent grid.</summary>
    private Tensor March(Tensor representation, Tensor points)
    {
        var volume = options.Volume;
        long scenes = representation.shape[0], size = options.LatentSize, rays = volume.RaysPerCell;
        long across = volume.Width!.Value, up = volume.Height!.Value;
        var seen = representation.narrow(1, volume.Channels - TwinCameras.SightChannels, 1) + SeenFloor;
        var mean = Layer(Module + "mean", representation / seen);
        var grid = mean.reshape(scenes, volume.Channels, up, across, across);
        var along = Sample(grid, points).permute(0, 4, 1, 2, 3).flatten(1, 2);
        var ray = Layer(Module + "ray", along);
        var cells = ray.reshape(scenes, volume.RayChannels, size, rays, size, rays).permute(0, 3, 5, 1, 2, 4);
        return Layer(Module + "merge", cells.flatten(1, 3));
    }

    private static Tensor Sample(Tensor x, Tensor at) => grid_sample(x, at, align_corners: false);

    private Tensor Layer(string module, Tensor x, long stride = 1) => relu(weights.Convolve(module, x, stride));
}
