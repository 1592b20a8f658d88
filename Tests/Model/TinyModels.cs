using Gqn.Native.Engine.Autodiff;
using Gqn.Native.Engine.Random;
using Gqn.Native.Engine.Tensors;
using Gqn.Native.Model;
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

    /// <summary>Name and options of every variant that the options allow.</summary>
    public static IReadOnlyDictionary<string, ModelOptions> Variants { get; } = new Dictionary<string, ModelOptions>
    {
        ["tower"] = Options,
        ["shared"] = Options with { SharedCores = true, Layers = 3 },
        ["pool"] = Options with { Representation = RepresentationKind.Pool },
        ["pyramid"] = Options with { Representation = RepresentationKind.Pyramid },
        ["heads per layer"] = Options with { HeadsPerLayer = true },
        ["shared resampling"] = Options with { SharedResampling = true },
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
        var values = new float[count];
        foreach (ref float value in values.AsSpan())
            value = random.NextSingle(low, high);
        return values;
    }

    /// <summary>
    /// A batch of random images and views on a tape: context images and views, query views and images.
    /// </summary>
    public static (Variable Images, Variable Views, Variable QueryViews, Variable QueryImages) Batch(
        Tape tape, int size, int scenes = Scenes, int contexts = Contexts)
    {
        var images = new Shape(scenes * contexts, 3, size, size);
        var views = new Shape(scenes * contexts, 7, 1, 1);
        return (
            tape.Constant(images, Random(images.Count, 1)), tape.Constant(views, Random(views.Count, 2, -1f, 1f)),
            tape.Constant(views with { N = scenes }, Random(scenes * 7, 3, -1f, 1f)),
            tape.Constant(images with { N = scenes }, Random((images with { N = scenes }).Count, 4)));
    }

    /// <summary>−ELBO of the random batch, with noise of a fixed seed.</summary>
    public static Elbo Loss(GenerativeQueryNetwork network, Tape tape, float sigma = 0.7f)
    {
        var (images, views, queryViews, queryImages) = Batch(tape, network.Options.ImageSize);
        return network.EstimateElbo(
            network.Represent(images, views, Contexts), queryViews, queryImages, sigma, new RandomStream(5, 1));
    }
}
