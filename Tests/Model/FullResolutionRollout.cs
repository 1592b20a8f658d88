using Gqn.Native.Engine;
using Gqn.Native.Model;

namespace Gqn.Native.Tests.Model;

/// <summary>
/// The recurrence of the network as the article writes it, for the tower: a canvas at the resolution of the image,
/// transposed convolutions onto it, convolutions and a 1 x 1 head that read it. Same parameters, names included.
/// </summary>
internal sealed class FullResolutionRollout : IDisposable
{
    private readonly ModelOptions _options;
    private readonly GenerationCore[] _generation;
    private readonly InferenceCore[] _inference;
    private readonly TransposedConvolution[] _up;
    private readonly Convolution[] _canvasDown, _imageDown, _priorHeads, _posteriorHeads;
    private readonly Convolution _output;

    /// <summary>A rollout with a network's parameter values.</summary>
    public FullResolutionRollout(GenerativeQueryNetwork network, Device device)
    {
        _options = network.Options;
        int hidden = _options.Hidden, scale = _options.CanvasScale, colours = ModelOptions.ImageChannels;
        bool cores = _options.SharedCores, resampling = cores || _options.SharedResampling;
        _generation = Layers(cores, "generation", scope => new GenerationCore(scope, _options));
        _inference = Layers(cores, "inference", scope => new InferenceCore(scope, _options));
        _up = Layers(resampling, "resampling",
            scope => new TransposedConvolution(scope.Child("up"), hidden, hidden, scale));
        _canvasDown = Layers(resampling, "resampling",
            scope => new Convolution(scope.Child("canvas_down"), hidden, hidden, scale, scale, bias: false));
        _imageDown = Layers(resampling, "resampling",
            scope => new Convolution(scope.Child("image_down"), colours, colours, scale, scale, bias: false));
        _priorHeads = Layers(true, "prior", Head);
        _posteriorHeads = Layers(true, "posterior", Head);
        _output = new Convolution(Store.Root.Child("output"), hidden, colours, 1);
        Store.Materialize(device, 1);
        foreach (var parameter in Store.Parameters)
        {
            // The values are floats, so nothing is lost on the way.
            float[] values = new float[parameter.Shape.Count];
            network.Parameters.Read(network.Parameters[parameter.Name], values);
            Store.Write(parameter, values);
        }
    }

    public ParameterStore Store { get; } = new();

    /// <summary>The mean image and, with a query image, the divergence of each layer.</summary>
    public (Variable Mean, List<Variable> Divergences) Roll(
        Variable representation, Variable views, Variable image, RandomStream noise)
    {
        int size = _options.LatentSize;
        var tape = representation.Tape;
        var condition = new Conditioning(views, representation);
        var head = new Shape(views.Shape.N, 2 * _options.LatentChannels, size, size);
        ConvLstmState generation = default, inference = default;
        Variable canvas = default;
        List<Variable> divergences = [];
        for (int layer = 0; layer < _options.Layers; layer++)
        {
            var prior = layer == 0
                ? _priorHeads[0].ForwardZero(tape, head)
                : _priorHeads[0].Forward(generation.Hidden);
            Variable latent;
            if (image.Exists)
            {
                var seen = canvas.Exists ? At(_canvasDown, layer).Forward(canvas) : default;
                inference = At(_inference, layer).Step(
                    condition, At(_imageDown, layer).Forward(image), generation.Hidden, seen, inference);
                (latent, var divergence) = _posteriorHeads[0].Forward(inference.Hidden).GaussianLatent(prior, noise);
                divergences.Add(divergence);
            }
            else
            {
                latent = prior.GaussianSample(noise);
            }

            generation = At(_generation, layer).Step(condition, latent, generation);
            var drawn = At(_up, layer).Forward(generation.Hidden);
            canvas = canvas.Exists ? canvas.Add(drawn) : drawn;
        }

        return (_output.Forward(canvas), divergences);
    }

    public void Dispose() => Store.Dispose();

    private static T At<T>(T[] layers, int layer) => layers[layer % layers.Length];

    private Convolution Head(ParameterScope scope) =>
        new(scope, _options.Hidden, 2 * _options.LatentChannels, _options.Kernel);

    private T[] Layers<T>(bool shared, string name, Func<ParameterScope, T> create)
    {
        var scope = Store.Root.Child(name);
        return shared
            ? [create(scope)]
            : [.. Enumerable.Range(0, _options.Layers).Select(layer => create(scope.Child($"{layer}")))];
    }
}
