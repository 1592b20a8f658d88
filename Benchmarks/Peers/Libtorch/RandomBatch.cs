using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Training;
using TorchSharp;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>Random images and cameras for both engines: neither speed nor gradients need real scenes.</summary>
internal sealed class RandomBatch : IDisposable
{
    private readonly Input _images, _queryImages;
    private readonly RandomViews _views, _queryViews;

    /// <summary>Draws the batch.</summary>
    /// <param name="options">The model's options: image size, geometry.</param>
    /// <param name="scenes">B, scenes.</param>
    /// <param name="contexts">M, context images per scene.</param>
    /// <param name="seed">Seed of the numbers.</param>
    public RandomBatch(ModelOptions options, int scenes, int contexts, ulong seed)
    {
        Scenes = scenes;
        Contexts = contexts;
        var random = new RandomStream(seed, 0x42617463);
        int size = options.ImageSize;
        var image = new Shape(scenes, ModelOptions.ImageChannels, size, size);
        _images = new Input(image with { N = scenes * contexts }, random.NextSingle);
        _views = new RandomViews(options, scenes * contexts, areContexts: true, random);
        _queryImages = new Input(image, random.NextSingle);
        _queryViews = new RandomViews(options, scenes, areContexts: false, random);
    }

    /// <summary>B, scenes.</summary>
    public int Scenes { get; }

    /// <summary>M, context images per scene.</summary>
    public int Contexts { get; }

    /// <summary>(B·M, 3, size, size) for libtorch.</summary>
    public torch.Tensor Images => _images.Torch;

    /// <summary>The B·M context cameras, for libtorch.</summary>
    public TwinViews Views => _views.Torch;

    /// <summary>(B, 3, size, size) for libtorch.</summary>
    public torch.Tensor QueryImages => _queryImages.Torch;

    /// <summary>The B query cameras, for libtorch.</summary>
    public TwinViews QueryViews => _queryViews.Torch;

    /// <summary>This engine's representation of the scenes.</summary>
    public Variable Represent(GenerativeQueryNetwork network, Tape tape) =>
        network.Represent(_images.On(tape), _views.On(tape), Contexts);

    /// <summary>The query cameras for this engine.</summary>
    public Views QueryViewsOn(Tape tape) => _queryViews.On(tape);

    /// <summary>The batch for an update of this engine.</summary>
    /// <param name="tape">The tape to compute on.</param>
    /// <param name="sigma">σ, standard deviation of a pixel.</param>
    /// <param name="learningRate">η</param>
    /// <param name="prior">Whether to use the bound with the prior in place of the posterior.</param>
    public StepInputs Inputs(Tape tape, float sigma, double learningRate, bool prior) => new(
        _images.On(tape), _views.On(tape), _queryImages.On(tape), _queryViews.On(tape), Contexts)
    {
        Sigma = sigma,
        LearningRate = learningRate,
        HasPosterior = !prior,
    };

    /// <inheritdoc />
    public void Dispose()
    {
        _images.Dispose();
        _views.Dispose();
        _queryImages.Dispose();
        _queryViews.Dispose();
    }

    private sealed class Input : IDisposable
    {
        private readonly Shape _shape;
        private readonly float[] _values;
        private torch.Tensor? _torch;

        public Input(Shape shape, Func<float> draw)
        {
            _shape = shape;
            _values = new float[shape.Count];
            for (int i = 0; i < _values.Length; i++)
                _values[i] = draw();
        }

        // Made on demand: a process that measures this engine alone does not load libtorch.
        public torch.Tensor Torch => _torch ??= Make();

        public Variable On(Tape tape) => tape.Constant(_shape, _values);

        public void Dispose() => _torch?.Dispose();

        private torch.Tensor Make() => TwinNetwork.FromChannelsLast(_values, _shape).DetachFromDisposeScope();
    }
}
