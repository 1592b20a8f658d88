using Gqn.Native.Engine.Tensors;
using Gqn.Native.Scenes;

namespace Gqn.Native.Model;

/// <summary>Which network turns an image and its viewpoint into a representation.</summary>
public enum RepresentationKind
{
    /// <summary>Convolutions with two skip connections; keeps the latent grid (article, supplement: "tower").</summary>
    Tower,

    /// <summary>Four strided convolutions down to one pixel ("pyramid").</summary>
    Pyramid,

    /// <summary>The tower, averaged over its pixels ("pool").</summary>
    Pool,
}

/// <summary>How a one-pixel input is brought to the size of the latent grid.</summary>
public enum SpatialBroadcast
{
    /// <summary>Repeated in every pixel.</summary>
    Tile,

    /// <summary>By a learned transposed convolution of each core, so that it may differ from pixel to pixel.</summary>
    Deconvolution,
}

/// <summary>
/// Everything that decides the network's parameters. The defaults are those of the article (table S1).
/// </summary>
public sealed record ModelOptions
{
    /// <summary>Numbers in an encoded viewpoint.</summary>
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

    /// <summary>One canvas up- and down-sampling for all layers, even where the cores are not shared.</summary>
    public bool SharedResampling { get; init; }

    /// <summary>A prior and a posterior head of its own for each layer.</summary>
    public bool HeadsPerLayer { get; init; }

    /// <summary>How the viewpoint reaches the latent grid.</summary>
    public SpatialBroadcast ViewBroadcast { get; init; } = SpatialBroadcast.Tile;

    /// <summary>How a one-pixel representation (pool, pyramid) reaches the latent grid.</summary>
    public SpatialBroadcast RepresentationBroadcast { get; init; } = SpatialBroadcast.Tile;

    /// <summary>Where the bias of the forget gates starts.</summary>
    public float ForgetBias { get; init; } = 1f;

    /// <summary>Order of the encoded camera angles: weights of one order are useless for the other.</summary>
    public ViewpointOrder ViewpointOrder { get; init; } = ViewpointOrder.CosSin;

    /// <summary>Side of the latent grid.</summary>
    public int LatentSize => ImageSize / CanvasScale;

    /// <summary>Numbers in an image.</summary>
    public int ImageLength => ImageSize * ImageSize * ImageChannels;

    /// <summary>The shape of some encoded viewpoints.</summary>
    public static Shape ViewShape(int views) => new(views, ViewpointDimensions, 1, 1);

    /// <summary>The shape of some images.</summary>
    public Shape ImageShape(int images) => new(images, ImageChannels, ImageSize, ImageSize);

    /// <summary>Checks that the sizes fit together.</summary>
    /// <exception cref="OptionException">They do not; the message names the option and both sizes.</exception>
    public void Validate()
    {
        Require(
            ImageSize is >= 8 and <= 256 && ImageSize % 8 == 0,
            $"imageSize {ImageSize} must be a multiple of 8 from 8 to 256.");
        Require(
            CanvasScale >= 1 && ImageSize % Math.Max(1, CanvasScale) == 0,
            $"canvasScale {CanvasScale} does not divide imageSize {ImageSize}.");
        Require(
            Representation is RepresentationKind.Pyramid or RepresentationKind.Pool || CanvasScale == 4,
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
            RepresentationBroadcast == SpatialBroadcast.Tile || Representation != RepresentationKind.Tower,
            "representationBroadcast deconvolution needs a one-pixel representation; "
            + $"the tower's is {LatentSize}x{LatentSize}: use pool or pyramid.");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
            throw new OptionException(message);
    }
}
