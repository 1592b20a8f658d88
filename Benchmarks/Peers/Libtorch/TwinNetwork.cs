using Gqn.Native.Engine;
using Gqn.Native.Kernels.Random;
using Gqn.Native.Model;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>A GenerativeQueryNetwork in libtorch, with the same weights.</summary>
/// <remarks>
/// Written the way PyTorch models are: inputs of a convolution are concatenated, states and canvas start as zero
/// tensors, autograd does the rest. It thus shares neither kernels nor sums of convolutions nor backward code with the
/// network that it checks.
/// </remarks>
internal sealed class TwinNetwork : IDisposable
{
    private readonly ModelOptions _options;
    private readonly TwinRepresentation _representation;

    /// <summary>Copies the weights of a network.</summary>
    public TwinNetwork(GenerativeQueryNetwork network)
    {
        _options = network.Options;
        Weights = new TwinWeights(network);
        _representation = new TwinRepresentation(Weights, _options);
    }

    /// <summary>All trained weights.</summary>
    public TwinWeights Weights { get; }

    /// <summary>−ELBO in nats per image: Σ KL(q‖p) − ln N(x | mean, σ²), averaged over the batch.</summary>
    /// <param name="batch">Images and viewpoints.</param>
    /// <param name="sigma">σ, standard deviation of a pixel.</param>
    /// <param name="noise">ε of each layer, (B, latent channels, h, w); null to draw it here.</param>
    public Tensor NegElbo(RandomBatch batch, float sigma, IReadOnlyList<Tensor>? noise)
    {
        int size = _options.LatentSize, scenes = batch.Scenes;
        var representation = _representation.Read(Represent(batch), batch.QueryViews);
        var canvas = zeros(scenes, _options.Hidden, _options.ImageSize, _options.ImageSize);
        var zero = zeros(scenes, _options.Hidden, size, size);
        (Tensor Hidden, Tensor Cell) generation = (zero, zero), inference = (zero, zero);
        var kl = zeros(1);
        for (int layer = 0; layer < _options.Layers; layer++)
        {
            string generator = Name("generation", layer, _options.SharedCores);
            string encoder = Name("inference", layer, _options.SharedCores);
            string resampling = Name("resampling", layer, _options.SharedCores || _options.SharedResampling);
            var prior = Head("prior", layer, generation.Hidden);
            var (view, code) = Condition(encoder, batch.QueryViews.View, representation);
            var image = Weights.Convolve(resampling + ".image_down", batch.QueryImages, _options.CanvasScale);
            var seen = Weights.Convolve(resampling + ".canvas_down", canvas, _options.CanvasScale);
            inference = ConvLstm(encoder, [image, view, code, generation.Hidden, seen], inference);
            var posterior = Head("posterior", layer, inference.Hidden);
            var epsilon = noise is null ? randn_like(posterior[0]) : noise[layer];
            var latent = posterior[0] + (exp(0.5 * posterior[1]) * epsilon);
            (view, code) = Condition(generator, batch.QueryViews.View, representation);
            generation = ConvLstm(generator, [view, code, latent], generation);
            canvas = canvas + Weights.ConvolveTransposed(resampling + ".up", generation.Hidden, _options.CanvasScale);
            kl = kl + Divergence(posterior[0], posterior[1], prior[0], prior[1]);
        }

        return (kl + Nll(Weights.Convolve("output", canvas), batch.QueryImages, sigma)) / scenes;
    }

    /// <summary>The same with the prior as the posterior: − ln N(x | mean, σ²), without a divergence.</summary>
    /// <param name="batch">Images and viewpoints.</param>
    /// <param name="sigma">σ, standard deviation of a pixel.</param>
    /// <param name="noise">As for <see cref="NegElbo"/>.</param>
    public Tensor PriorNegElbo(RandomBatch batch, float sigma, IReadOnlyList<Tensor>? noise) =>
        Nll(Generate(Represent(batch), batch.QueryViews, noise), batch.QueryImages, sigma) / batch.Scenes;

    /// <summary>r, the representation of each scene.</summary>
    public Tensor Represent(RandomBatch batch) =>
        _representation.Forward(batch.Images, batch.Views).unflatten(0, batch.Scenes, batch.Contexts).sum(1);

    /// <summary>The mean image of a sample from the prior.</summary>
    /// <param name="representation">What <see cref="Represent"/> returned.</param>
    /// <param name="views">The cameras to predict, one per scene.</param>
    /// <param name="noise">As for <see cref="NegElbo"/>.</param>
    public Tensor Generate(Tensor representation, TwinViews views, IReadOnlyList<Tensor>? noise)
    {
        long size = _options.LatentSize, scenes = representation.shape[0];
        var read = _representation.Read(representation, views);
        var canvas = zeros(scenes, _options.Hidden, _options.ImageSize, _options.ImageSize);
        var zero = zeros(scenes, _options.Hidden, size, size);
        (Tensor Hidden, Tensor Cell) generation = (zero, zero);
        for (int layer = 0; layer < _options.Layers; layer++)
        {
            string generator = Name("generation", layer, _options.SharedCores);
            string resampling = Name("resampling", layer, _options.SharedCores || _options.SharedResampling);
            var prior = Head("prior", layer, generation.Hidden);
            var epsilon = noise is null ? randn_like(prior[0]) : noise[layer];
            var latent = prior[0] + (exp(0.5 * prior[1]) * epsilon);
            var (view, code) = Condition(generator, views.View, read);
            generation = ConvLstm(generator, [view, code, latent], generation);
            canvas = canvas + Weights.ConvolveTransposed(resampling + ".up", generation.Hidden, _options.CanvasScale);
        }

        return Weights.Convolve("output", canvas);
    }

    /// <summary>The engine's noise of each layer: number i of the layer's key is element i in memory order.</summary>
    public static List<Tensor> DrawNoise(ModelOptions options, int scenes, RandomStream stream)
    {
        var shape = new Shape(scenes, options.LatentChannels, options.LatentSize, options.LatentSize);
        var noise = new List<Tensor>();
        for (int layer = 0; layer < options.Layers; layer++)
        {
            var key = stream.NextKey();
            float[] values = new float[shape.Count];
            for (int i = 0; i < values.Length; i++)
                values[i] = Philox.Normal(key, (uint)i);
            noise.Add(FromChannelsLast(values, shape));
        }

        return noise;
    }

    /// <summary>An NCHW tensor of numbers in the engine's memory order [N][H][W][C].</summary>
    public static Tensor FromChannelsLast(float[] values, Shape shape)
    {
        using var memory = tensor(values, [shape.N, shape.H, shape.W, shape.C]);
        using var permuted = memory.permute(0, 3, 1, 2);
        return permuted.contiguous();
    }

    /// <inheritdoc />
    public void Dispose() => Weights.Dispose();

    private static string Name(string module, int layer, bool shared) => shared ? module : $"{module}.{layer}";

    private static Tensor Divergence(Tensor meanQ, Tensor logVarianceQ, Tensor meanP, Tensor logVarianceP) =>
        (0.5 * (logVarianceP - logVarianceQ
            + ((exp(logVarianceQ) + (meanQ - meanP).square()) / exp(logVarianceP)) - 1)).sum();

    /// <summary>− ln N(x | mean, σ²), summed over the images.</summary>
    private static Tensor Nll(Tensor mean, Tensor images, float sigma)
    {
        double constant = Math.Log(sigma) + (0.5 * Math.Log(2 * Math.PI));
        return (((images - mean).square() / (2.0 * sigma * sigma)) + constant).sum();
    }

    /// <summary>Mean and logarithm of the variance of a layer's latents.</summary>
    private Tensor[] Head(string name, int layer, Tensor hidden) =>
        Weights.Convolve(Name(name, layer, !_options.HeadsPerLayer), hidden).chunk(2, 1);

    private (Tensor View, Tensor Representation) Condition(string core, Tensor view, Tensor representation)
    {
        int size = _options.LatentSize;
        var broadcast = _options.ViewBroadcast == SpatialBroadcast.Deconvolution
            ? Weights.ConvolveTransposed(core + ".broadcast.view", view, size)
            : TwinRepresentation.Tile(view, size);
        return (broadcast, _options.RepresentationBroadcast == SpatialBroadcast.Deconvolution
            ? Weights.ConvolveTransposed(core + ".broadcast.representation", representation, size)
            : TwinRepresentation.Tile(representation, size));
    }

    private (Tensor Hidden, Tensor Cell) ConvLstm(string core, Tensor[] inputs, (Tensor Hidden, Tensor Cell) state)
    {
        var gates = Weights.Convolve(core + ".cell", cat([.. inputs, state.Hidden], 1)).chunk(4, 1);
        var cell = (gates[1].sigmoid() * state.Cell) + (gates[0].sigmoid() * gates[2].tanh());
        return (gates[3].sigmoid() * cell.tanh(), cell);
    }
}
