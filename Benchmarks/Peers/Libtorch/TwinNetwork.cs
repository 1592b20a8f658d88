using Gqn.Native.Engine.Nn;
using Gqn.Native.Engine.Random;
using Gqn.Native.Engine.Tensors;
using Gqn.Native.Kernels.Random;
using Gqn.Native.Model;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;
using TorchParameter = TorchSharp.Modules.Parameter;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>A GenerativeQueryNetwork in libtorch, with the same weights.</summary>
/// <remarks>
/// Written the way PyTorch models are: inputs of a convolution are concatenated, states and canvas start as zero
/// tensors, autograd does the rest. So it shares neither kernels nor sums of convolutions nor backward code with the
/// network that it checks. Each weight of a sum of convolutions is a range of input channels of one weight here.
/// </remarks>
internal sealed class TwinNetwork : IDisposable
{
    private const string SourceMark = ".weight.";
    private readonly ModelOptions _options;
    private readonly Dictionary<string, TorchParameter> _weights = [];
    private readonly Dictionary<string, (string Weight, long First)> _places = [];

    /// <summary>Copies the weights of a network.</summary>
    public TwinNetwork(GenerativeQueryNetwork network)
    {
        _options = network.Options;
        foreach (var group in network.Parameters.Parameters.GroupBy(parameter => WeightName(parameter.Name)))
        {
            using var scope = NewDisposeScope();
            long channels = 0;
            foreach (var parameter in group)
            {
                _places.Add(parameter.Name, (group.Key, channels));
                channels += parameter.Shape.C;
            }

            var weight = cat([.. group.Select(parameter => Copy(network.Parameters, parameter))], 1);
            if (group.Key.EndsWith(".bias", StringComparison.Ordinal))
                weight = weight.flatten();
            _weights.Add(group.Key, new TorchParameter(weight.contiguous().DetachFromDisposeScope()));
        }
    }

    /// <summary>All trained tensors.</summary>
    public IReadOnlyCollection<TorchParameter> Weights => _weights.Values;

    /// <summary>The part of this network's weights that is a parameter of the other; biases are flat.</summary>
    public Tensor Value(Parameter parameter) => Part(parameter, _weights[_places[parameter.Name].Weight]);

    /// <summary>The part of the gradients that belongs to a parameter.</summary>
    public Tensor Gradient(Parameter parameter) => Part(parameter, _weights[_places[parameter.Name].Weight].grad!);

    /// <summary>Forgets the gradients, so that the next backward writes them anew.</summary>
    public void ForgetGradients()
    {
        foreach (var weight in _weights.Values)
            weight.grad = null;
    }

    /// <summary>−ELBO in nats per image: Σ KL(q‖p) − ln N(x | mean, σ²), averaged over the batch.</summary>
    /// <param name="batch">Images and viewpoints.</param>
    /// <param name="sigma">σ, standard deviation of a pixel.</param>
    /// <param name="noise">ε of each layer, (B, latent channels, h, w); null to draw it here.</param>
    public Tensor NegElbo(RandomBatch batch, float sigma, IReadOnlyList<Tensor>? noise)
    {
        int size = _options.LatentSize, scenes = batch.Scenes;
        var representation = Represent(batch);
        var canvas = zeros(scenes, _options.Hidden, _options.ImageSize, _options.ImageSize);
        var zero = zeros(scenes, _options.Hidden, size, size);
        (Tensor Hidden, Tensor Cell) generation = (zero, zero), inference = (zero, zero);
        var kl = zeros(1);
        for (int layer = 0; layer < _options.Layers; layer++)
        {
            string generator = Name("generation", layer, _options.SharedCores);
            string encoder = Name("inference", layer, _options.SharedCores);
            string resampling = Name("resampling", layer, _options.SharedCores || _options.SharedResampling);
            var prior = Convolve(Name("prior", layer, !_options.HeadsPerLayer), generation.Hidden).chunk(2, 1);
            var (view, code) = Condition(encoder, batch.QueryViews, representation);
            var image = Convolve(resampling + ".image_down", batch.QueryImages, _options.CanvasScale);
            var seen = Convolve(resampling + ".canvas_down", canvas, _options.CanvasScale);
            inference = ConvLstm(encoder, [image, view, code, generation.Hidden, seen], inference);
            var posterior = Convolve(Name("posterior", layer, !_options.HeadsPerLayer), inference.Hidden).chunk(2, 1);
            var epsilon = noise is null ? randn_like(posterior[0]) : noise[layer];
            var latent = posterior[0] + (exp(0.5 * posterior[1]) * epsilon);
            (view, code) = Condition(generator, batch.QueryViews, representation);
            generation = ConvLstm(generator, [view, code, latent], generation);
            canvas = canvas + ConvolveTransposed(resampling + ".up", generation.Hidden, _options.CanvasScale);
            kl = kl + Divergence(posterior[0], posterior[1], prior[0], prior[1]);
        }

        var mean = Convolve("output", canvas);
        double constant = Math.Log(sigma) + (0.5 * Math.Log(2 * Math.PI));
        var nll = ((batch.QueryImages - mean).square() / (2.0 * sigma * sigma)) + constant;
        return (kl + nll.sum()) / scenes;
    }

    /// <summary>r, the representation of each scene.</summary>
    public Tensor Represent(RandomBatch batch) =>
        Represent(batch.Images, batch.Views).unflatten(0, batch.Scenes, batch.Contexts).sum(1);

    /// <summary>The mean image of a sample from the prior.</summary>
    /// <param name="representation">What <see cref="Represent(RandomBatch)"/> returned.</param>
    /// <param name="views">Query viewpoints, (B, 7, 1, 1).</param>
    /// <param name="noise">As for <see cref="NegElbo"/>.</param>
    public Tensor Generate(Tensor representation, Tensor views, IReadOnlyList<Tensor>? noise)
    {
        long size = _options.LatentSize, scenes = views.shape[0];
        var canvas = zeros(scenes, _options.Hidden, _options.ImageSize, _options.ImageSize);
        var zero = zeros(scenes, _options.Hidden, size, size);
        (Tensor Hidden, Tensor Cell) generation = (zero, zero);
        for (int layer = 0; layer < _options.Layers; layer++)
        {
            string generator = Name("generation", layer, _options.SharedCores);
            string resampling = Name("resampling", layer, _options.SharedCores || _options.SharedResampling);
            var prior = Convolve(Name("prior", layer, !_options.HeadsPerLayer), generation.Hidden).chunk(2, 1);
            var epsilon = noise is null ? randn_like(prior[0]) : noise[layer];
            var latent = prior[0] + (exp(0.5 * prior[1]) * epsilon);
            var (view, code) = Condition(generator, views, representation);
            generation = ConvLstm(generator, [view, code, latent], generation);
            canvas = canvas + ConvolveTransposed(resampling + ".up", generation.Hidden, _options.CanvasScale);
        }

        return Convolve("output", canvas);
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
    public void Dispose()
    {
        foreach (var weight in _weights.Values)
            weight.Dispose();
    }

    private static string WeightName(string parameter)
    {
        int at = parameter.IndexOf(SourceMark, StringComparison.Ordinal);
        return at < 0 ? parameter : parameter[..(at + SourceMark.Length - 1)];
    }

    private static string Name(string module, int layer, bool shared) => shared ? module : $"{module}.{layer}";

    private static Tensor Copy(ParameterStore store, Parameter parameter)
    {
        float[] logical = new float[parameter.Shape.Count];
        store.Read(parameter, logical);
        var s = parameter.Shape;
        return tensor(logical, [s.N, s.C, s.H, s.W]);
    }

    private static Tensor Divergence(Tensor meanQ, Tensor logVarianceQ, Tensor meanP, Tensor logVarianceP) =>
        (0.5 * (logVarianceP - logVarianceQ
            + ((exp(logVarianceQ) + (meanQ - meanP).square()) / exp(logVarianceP)) - 1)).sum();

    private Tensor Part(Parameter parameter, Tensor whole) => whole.Dimensions == 1
        ? whole
        : whole.narrow(1, _places[parameter.Name].First, parameter.Shape.C);

    private Tensor Represent(Tensor images, Tensor views)
    {
        const string Module = "representation.";
        if (_options.Representation == RepresentationKind.Pyramid)
        {
            var x = relu(Convolve(Module + "conv1", cat([images, Tile(views, _options.ImageSize)], 1), 2));
            x = relu(Convolve(Module + "conv2", x, 2));
            x = relu(Convolve(Module + "conv3", x, 2));
            return relu(Convolve(Module + "conv4", x, _options.ImageSize / 8));
        }

        var a = relu(Convolve(Module + "conv1", images, 2));
        var block = relu(Convolve(Module + "conv3", a));
        var b = relu(Convolve(Module + "conv4", block, 2)) + relu(Convolve(Module + "conv2", a, 2));
        var merged = cat([b, Tile(views, _options.ImageSize / 4)], 1);
        block = relu(Convolve(Module + "conv6", merged));
        var d = relu(Convolve(Module + "conv7", block)) + relu(Convolve(Module + "conv5", merged));
        var tower = relu(Convolve(Module + "conv8", d));
        return _options.Representation == RepresentationKind.Pool ? tower.mean([2, 3], keepdim: true) : tower;
    }

    private (Tensor View, Tensor Representation) Condition(string core, Tensor views, Tensor representation)
    {
        int size = _options.LatentSize;
        var view = _options.ViewBroadcast == SpatialBroadcast.Deconvolution
            ? ConvolveTransposed(core + ".broadcast.view", views, size)
            : Tile(views, size);
        if (_options.RepresentationBroadcast == SpatialBroadcast.Deconvolution)
            return (view, ConvolveTransposed(core + ".broadcast.representation", representation, size));
        return (view, representation.shape[2] == size ? representation : Tile(representation, size));
    }

    private (Tensor Hidden, Tensor Cell) ConvLstm(string core, Tensor[] inputs, (Tensor Hidden, Tensor Cell) state)
    {
        var gates = Convolve(core + ".cell", cat([.. inputs, state.Hidden], 1)).chunk(4, 1);
        var cell = (gates[1].sigmoid() * state.Cell) + (gates[0].sigmoid() * gates[2].tanh());
        return (gates[3].sigmoid() * cell.tanh(), cell);
    }

    private Tensor Convolve(string module, Tensor x, long stride = 1)
    {
        var weight = _weights[module + ".weight"];
        long padding = stride == 1 ? weight.shape[2] / 2 : 0;
        return conv2d(x, weight, _weights.GetValueOrDefault(module + ".bias"), [stride, stride], [padding, padding]);
    }

    private Tensor ConvolveTransposed(string module, Tensor x, long stride) =>
        conv_transpose2d(x, _weights[module + ".weight"], strides: [stride, stride]);

    private static Tensor Tile(Tensor x, long size) => x.expand(-1, -1, size, size);
}
