using Gqn.Native.Model;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Training;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>A network on which both engines must agree.</summary>
/// <param name="Name">Name in the table.</param>
/// <param name="Change">Turns the preset's options into its own.</param>
/// <param name="Prior">Whether it uses the bound with the prior in place of the posterior.</param>
internal sealed record ParityVariant(string Name, Func<ModelOptions, ModelOptions> Change, bool Prior = false)
{
    // Adjacent axes have different sizes, so that none can be mistaken for its neighbour.
    private static readonly VolumeOptions OddSizes = new()
    {
        Width = 7,
        Height = 3,
        Channels = 13,
        DepthBins = 6,
        RaysPerCell = 3,
        RayPoints = 5,
        RayChannels = 11,
    };

    private static readonly BoundsOptions OddBox = new()
    {
        MinX = -1,
        MaxX = 1.5,
        MinY = -0.7,
        MaxY = 0.9,
        MinZ = -0.1,
        MaxZ = 1,
    };

    /// <summary>All variants.</summary>
    public static IReadOnlyList<ParityVariant> All { get; } = [.. Article, .. BeyondTheArticle, .. WithoutPosterior];

    private static ParityVariant[] Article =>
    [
        new("tower", Tower),
        new("tower, shared cores", options => Tower(options) with { SharedCores = true }),
        new("tower, heads per layer", options => Tower(options) with { HeadsPerLayer = true }),
        new("tower, shared resampling", options => Tower(options) with { SharedResampling = true }),
        new("tower, view by deconvolution", options => Tower(options) with
        {
            ViewBroadcast = SpatialBroadcast.Deconvolution,
        }),
        new("tower, 5 layers", options => Tower(options) with { Layers = 5 }),
        new("pool", options => options with { Representation = RepresentationKind.Pool }),
        new("pool, shared cores", options => options with
        {
            Representation = RepresentationKind.Pool, SharedCores = true,
        }),
        new("pool, both by deconvolution", options => options with
        {
            Representation = RepresentationKind.Pool,
            ViewBroadcast = SpatialBroadcast.Deconvolution,
            RepresentationBroadcast = SpatialBroadcast.Deconvolution,
        }),
        new("pyramid", options => options with { Representation = RepresentationKind.Pyramid }),
        new("pyramid, shared, deconvolution", options => options with
        {
            Representation = RepresentationKind.Pyramid, SharedCores = true,
            RepresentationBroadcast = SpatialBroadcast.Deconvolution,
        }),
    ];

    private static ParityVariant[] BeyondTheArticle =>
    [
        new("tower, rays", options => WithRays(options, RepresentationKind.Tower)),
        new("tower, rays, 65 degrees", options => WithRays(options, RepresentationKind.Tower) with
        {
            FieldOfViewDegrees = 65,
        }),
        new("pool, rays", options => WithRays(options, RepresentationKind.Pool)),
        new("pyramid, rays", options => WithRays(options, RepresentationKind.Pyramid)),
        new("volume", options => options with { Representation = RepresentationKind.Volume }),
        new("volume, rays", options => WithRays(options, RepresentationKind.Volume)),
        new("volume, rays, shared cores", options => WithRays(options, RepresentationKind.Volume) with
        {
            SharedCores = true,
        }),
        new("volume, odd sizes, 65 degrees", options => options with
        {
            Representation = RepresentationKind.Volume, Volume = OddSizes, Bounds = OddBox, CanvasScale = 2,
            FieldOfViewDegrees = 65,
        }),
        new("volume of the quick preset", _ => Presets.Create("quick").Model),
    ];

    private static ParityVariant[] WithoutPosterior =>
    [
        new("tower, no posterior", Tower, Prior: true),
        new("pool, shared cores, no posterior", options => options with
        {
            Representation = RepresentationKind.Pool, SharedCores = true,
        }, Prior: true),
        new("volume, rays, no posterior", options => WithRays(options, RepresentationKind.Volume), Prior: true),
        new("volume of quick, no posterior", _ => Presets.Create("quick").Model, Prior: true),
    ];

    private static ModelOptions Tower(ModelOptions options) =>
        options with { Representation = RepresentationKind.Tower };

    private static ModelOptions WithRays(ModelOptions options, RepresentationKind representation) =>
        options with { Representation = representation, ViewBroadcast = SpatialBroadcast.Rays };
}
