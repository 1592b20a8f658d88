using Gqn.Native.Engine;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;

namespace Gqn.Native.Model;

/// <summary>The kind of network that maps an image and its viewpoint to a representation.</summary>
public enum RepresentationKind
{
    /// <summary>Convolutions with two skip connections; keeps the latent grid (paper, supplement: "tower").</summary>
    Tower,

    /// <summary>Four strided convolutions down to one pixel ("pyramid").</summary>
    Pyramid,

    /// <summary>The tower, averaged over its pixels ("pool").</summary>
    Pool,

    /// <summary>A grid of places in the scene that views write and the rays of the query read ("volume"); not in the
    /// paper.</summary>
    Volume,
}

/// <summary>How a one-pixel input is broadcast to the latent grid.</summary>
public enum SpatialBroadcast
{
    /// <summary>Repeated in every pixel.</summary>
    Tile,

    /// <summary>By a learned transposed convolution in each core, so that it can vary between pixels.</summary>
    Deconvolution,

    /// <summary>For viewpoints only: each cell receives its own ray instead; not in the paper.</summary>
    Rays,
}

/// <summary>
/// Everything that determines the network's parameters. The defaults are those of the paper (table S1).
/// </summary>
public sealed record ModelOptions
{
    /// <summary>The number of values in an encoded viewpoint.</summary>
    public const int ViewpointDimensions = Viewpoint.Dimensions;

    /// <summary>Colour channels of an image.</summary>
    public const int ImageChannels = 3;

    /// <summary>Side of the images in pixels; a multiple of 8.</summary>
    public int ImageSize { get; init; } = 64;

    /// <summary>
    /// Pixels of the canvas per latent pixel and axis: the latent grid is ImageSize / CanvasScale wide.
    /// </summary>
    public int CanvasScale { get; init; } = 4;

    /// <summary>The representation network.</summary>
    public RepresentationKind Representation { get; init; } = RepresentationKind.Tower;

    /// <summary>Channels of the representation r; a multiple of 8.</summary>
    public int RepresentationChannels { get; init; } = 256;

    /// <summary>L, layers of generation and inference.</summary>
    public int Layers { get; init; } = 12;

    /// <summary>Channels of the recurrent states h, c and of the canvas u.</summary>
    public int Hidden { get; init; } = 128;

    /// <summary>Channels of the latent z of each layer.</summary>
    public int LatentChannels { get; init; } = 3;

    /// <summary>Side of the recurrent kernels and of the prior and posterior heads; odd.</summary>
    public int Kernel { get; init; } = 5;

    /// <summary>One generation and one inference core for all layers instead of one per layer.</summary>
    public bool SharedCores { get; init; }

    /// <summary>One canvas up- and down-sampling for all layers, even if the cores are not shared.</summary>
    public bool SharedResampling { get; init; }

    /// <summary>A separate prior and posterior head for each layer.</summary>
    public bool HeadsPerLayer { get; init; }

    /// <summary>How the viewpoint reaches the latent grid.</summary>
    public SpatialBroadcast ViewBroadcast { get; init; } = SpatialBroadcast.Tile;

    /// <summary>How a one-pixel representation (pool, pyramid) reaches the latent grid.</summary>
    public SpatialBroadcast RepresentationBroadcast { get; init; } = SpatialBroadcast.Tile;

    /// <summary>Initial bias of the forget gates.</summary>
    public float ForgetBias { get; init; } = 1f;

    /// <summary>Order of the encoded camera angles: weights of one order are useless for the other.</summary>
    public ViewpointOrder ViewpointOrder { get; init; } = ViewpointOrder.CosSin;

    /// <summary>The grid of the volume, and how it is read.</summary>
    public VolumeOptions Volume { get; init; } = new();

    /// <summary>The bounding box of the scenes, for rays and the volume.</summary>
    public BoundsOptions Bounds { get; init; } = new();

    /// <summary>The cameras' field of view, for rays and the volume, in degrees; null for that of each camera (45 if a
    /// data set does not state it).</summary>
    public double? FieldOfViewDegrees { get; init; }

    /// <summary>Whether weights before a ReLU are initialised to preserve the variance of the signal through it (He et
    /// al. 2015); otherwise all are initialised as in the paper.</summary>
    public bool HeInitialization { get; init; }

    /// <summary>Whether the network receives more of a camera than its viewpoint, which requires the scenes' bounding
    /// box.</summary>
    public bool NeedsBounds =>
        Representation == RepresentationKind.Volume || ViewBroadcast == SpatialBroadcast.Rays;

    /// <summary>Channels of the query's camera in the inputs of the cores.</summary>
    internal int ViewChannels =>
        ViewBroadcast == SpatialBroadcast.Rays ? CameraRays.Channels : ViewpointDimensions;

    /// <summary>Side of the latent grid, in cells.</summary>
    public int LatentSize => ImageSize / CanvasScale;

    /// <summary>The number of values in an image.</summary>
    public int ImageLength => ImageSize * ImageSize * ImageChannels;

    /// <summary>A copy with the geometry of the scenes, if the network needs it and no option gives it.</summary>
    /// <param name="scenes">The bounding box of the scenes.</param>
    /// <param name="gridWidth">Places along the longer horizontal side of the box.</param>
    public ModelOptions WithScenes(SceneBounds scenes, int gridWidth)
    {
        if (!NeedsBounds)
            return this;
        var bounds = Bounds.CompletedBy(scenes);
        return this with { Bounds = bounds, Volume = Volume.CompletedBy(bounds.ToBounds(), gridWidth) };
    }

    /// <summary>The shape of encoded viewpoints.</summary>
    public static Shape ViewShape(int views) => new(views, ViewpointDimensions, 1, 1);

    /// <summary>The shape of a batch of images.</summary>
    public Shape ImageShape(int images) => new(images, ImageChannels, ImageSize, ImageSize);

    /// <summary>The shape of the representations of several scenes.</summary>
    public Shape RepresentationShape(int scenes) => Representation switch
    {
        RepresentationKind.Tower => new(scenes, RepresentationChannels, LatentSize, LatentSize),
        RepresentationKind.Volume => new(scenes, Volume.Channels, Volume.Places, 1),
        _ => new(scenes, RepresentationChannels, 1, 1),
    };

    /// <summary>Checks that the options are consistent.</summary>
    /// <exception cref="OptionException">An option is invalid or in conflict; the message names it.</exception>
    public void Validate()
    {
        Require(
            ImageSize is >= 8 and <= 256 && ImageSize % 8 == 0,
            $"imageSize {ImageSize} must be a multiple of 8 from 8 to 256.");
        Require(
            CanvasScale >= 1 && ImageSize % Math.Max(1, CanvasScale) == 0,
            $"canvasScale {CanvasScale} does not divide imageSize {ImageSize}.");
        Require(
            Representation != RepresentationKind.Tower || CanvasScale == 4,
            $"The tower makes a {ImageSize / 4}x{ImageSize / 4} representation, "
            + $"but canvasScale {CanvasScale} makes a {LatentSize}x{LatentSize} latent grid; use canvasScale 4.");
        Require(
            RepresentationChannels >= 8 && RepresentationChannels % 8 == 0,
            $"representationChannels {RepresentationChannels} must be a positive multiple of 8.");
        Require(Layers is >= 1 and <= 64, $"layers {Layers} must be from 1 to 64.");
        Require(Hidden is >= 1 and <= 4096, $"hidden {Hidden} must be from 1 to 4096.");
        Require(LatentChannels is >= 1 and <= 1024, $"latentChannels {LatentChannels} must be from 1 to 1024.");
        Require(Kernel % 2 == 1 && Kernel is >= 1 and <= 15, $"kernel {Kernel} must be odd, from 1 to 15.");
        Require(float.IsFinite(ForgetBias), "forgetBias must be a finite number.");
        Require(
            RepresentationBroadcast != SpatialBroadcast.Rays, "representationBroadcast must be tile or deconvolution.");
        Require(
            RepresentationBroadcast == SpatialBroadcast.Tile
                || Representation is RepresentationKind.Pool or RepresentationKind.Pyramid,
            "representationBroadcast deconvolution needs a one-pixel representation; "
            + $"what the cores get of {Representation.ToString().ToLowerInvariant()} is {LatentSize}x{LatentSize}: "
            + "use pool or pyramid.");
        if (NeedsBounds)
            ValidateGeometry();
    }

    private void ValidateGeometry()
    {
        Require(
            FieldOfViewDegrees is null or (> 0 and < 180),
            $"fieldOfViewDegrees {FieldOfViewDegrees} must be between 0 and 180, or none.");
        Volume.Validate();
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
            throw new OptionException(message);
    }
}
