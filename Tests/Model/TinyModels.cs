using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;
using Xunit;

namespace Gqn.Native.Tests.Model;

/// <summary>Small models of every variant, and random scenes for them.</summary>
internal static class TinyModels
{
    public const int Scenes = 2, Contexts = 2;

    public static ModelOptions Options { get; } = new()
    {
        ImageSize = 16,
        RepresentationChannels = 8,
        Layers = 2,
        Hidden = 8,
        LatentChannels = 2,
    };

    private static BoundsOptions Bounds { get; } =
        new() { MinX = -1, MaxX = 1, MinY = -1, MaxY = 1, MinZ = 0, MaxZ = 1 };

    private static ModelOptions Volume { get; } = Options with
    {
        Representation = RepresentationKind.Volume,
        Bounds = Bounds,
        Volume = new VolumeOptions
        {
            Width = 3,
            Height = 2,
            Channels = 11,
            DepthBins = 3,
            RaysPerCell = 2,
            RayPoints = 4,
            RayChannels = 4,
        },
    };

    /// <summary>Name and options of each variant that the options allow.</summary>
    public static IReadOnlyDictionary<string, ModelOptions> Variants { get; } = new Dictionary<string, ModelOptions>
    {
        ["tower"] = Options,
        ["shared"] = Options with { SharedCores = true, Layers = 3 },
        ["pool"] = Options with { Representation = RepresentationKind.Pool },
        ["pyramid"] = Options with { Representation = RepresentationKind.Pyramid },
        ["heads per layer"] = Options with { HeadsPerLayer = true },
        ["shared resampling"] = Options with { SharedResampling = true },
        ["volume"] = Volume,
        ["volume, rays"] = Volume with { ViewBroadcast = SpatialBroadcast.Rays, HeInitialization = true },
        ["tower, rays"] = Options with { ViewBroadcast = SpatialBroadcast.Rays, Bounds = Bounds },
        ["pyramid, rays"] = Options with
        {
            Representation = RepresentationKind.Pyramid,
            ViewBroadcast = SpatialBroadcast.Rays,
            Bounds = Bounds,
        },
        ["pool, rays"] = Options with
        {
            Representation = RepresentationKind.Pool,
            ViewBroadcast = SpatialBroadcast.Rays,
            Bounds = Bounds,
        },
        ["view deconvolution"] = Options with { ViewBroadcast = SpatialBroadcast.Deconvolution },
        ["pool, both deconvolutions"] = Options with
        {
            Representation = RepresentationKind.Pool,
            ViewBroadcast = SpatialBroadcast.Deconvolution,
            RepresentationBroadcast = SpatialBroadcast.Deconvolution,
        },
    };

    public static TheoryData<string> VariantNames => [.. Variants.Keys];

    public static float[] Random(long count, uint stream, float low = 0f, float high = 1f)
    {
        var random = new RandomStream(11, stream);
        float[] values = new float[count];
        foreach (ref float value in values.AsSpan())
            value = random.NextSingle(low, high);
        return values;
    }

    /// <summary>
    /// A batch of random images on a tape, seen by cameras around a scene: context images and views, query views and
    /// images.
    /// </summary>
    public static (Variable Images, Views Views, Views QueryViews, Variable QueryImages) Batch(
        Tape tape, ModelOptions options, int scenes = Scenes, int contexts = Contexts)
    {
        var images = options.ImageShape(scenes * contexts);
        var queries = options.ImageShape(scenes);
        var encoder = new CameraEncoder(options, gradients: true);
        return (
            tape.Constant(images, Random(images.Count, 1)),
            encoder.Contexts(tape, Cameras(images.N, 2)),
            encoder.Queries(tape, Cameras(scenes, 3)),
            tape.Constant(queries, Random(queries.Count, 4)));
    }

    /// <summary>Cameras inside and outside the box of <see cref="Bounds"/>, looking around its middle.</summary>
    public static Camera[] Cameras(int count, uint stream)
    {
        var random = new RandomStream(11, stream);
        var cameras = new Camera[count];
        for (int i = 0; i < count; i++)
        {
            float angle = random.NextSingle(-MathF.PI, MathF.PI), away = random.NextSingle(0.3f, 3f);
            cameras[i] = new Camera(
                away * MathF.Cos(angle), away * MathF.Sin(angle), random.NextSingle(0f, 1.5f),
                angle + MathF.PI + random.NextSingle(-0.3f, 0.3f), random.NextSingle(-0.4f, 0.2f), 50);
        }

        return cameras;
    }

    /// <summary>−ELBO of the random batch, with noise of a fixed seed.</summary>
    public static Elbo Loss(GenerativeQueryNetwork network, Tape tape, float sigma = 0.7f)
    {
        var (images, views, queryViews, queryImages) = Batch(tape, network.Options);
        return network.EstimateElbo(
            network.Represent(images, views, Contexts), queryViews, queryImages, sigma, new RandomStream(5, 1));
    }
}
