using Gqn.Native.Engine.Autodiff;
using Gqn.Native.Engine.Random;
using Gqn.Native.Engine.Tensors;
using Gqn.Native.Model;
using TorchSharp;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>Random images and viewpoints for both engines: neither speed nor gradients need real scenes.</summary>
internal sealed class RandomBatch : IDisposable
{
    private readonly Input _images, _views, _queryImages, _queryViews;

    /// <summary>Draws the batch.</summary>
    /// <param name="options">The model's: image size.</param>
    /// <param name="scenes">B, scenes.</param>
    /// <param name="contexts">M, context images per scene.</param>
    /// <param name="seed">Of the numbers.</param>
    public RandomBatch(ModelOptions options, int scenes, int contexts, ulong seed)
    {
        Scenes = scenes;
        Contexts = contexts;
        var random = new RandomStream(seed, 0x42617463);
        int size = options.ImageSize;
        var image = new Shape(scenes, ModelOptions.ImageChannels, size, size);
        var view = new Shape(scenes, ModelOptions.ViewpointDimensions, 1, 1);
        _images = new Input(image with { N = scenes * contexts }, random.NextSingle);
        _views = new Input(view with { N = scenes * contexts }, random.NextNormal);
        _queryImages = new Input(image, random.NextSingle);
        _queryViews = new Input(view, random.NextNormal);
    }

    /// <summary>B, scenes.</summary>
    public int Scenes { get; }

    /// <summary>M, context images per scene.</summary>
    public int Contexts { get; }

    /// <summary>(B·M, 3, size, size) for libtorch.</summary>
    public torch.Tensor Images => _images.Torch;

    /// <summary>(B·M, 7, 1, 1) for libtorch.</summary>
    public torch.Tensor Views => _views.Torch;

    /// <summary>(B, 3, size, size) for libtorch.</summary>
    public torch.Tensor QueryImages => _queryImages.Torch;

    /// <summary>(B, 7, 1, 1) for libtorch.</summary>
    public torch.Tensor QueryViews => _queryViews.Torch;

    /// <summary>This engine's representation of the scenes.</summary>
    public Variable Represent(GenerativeQueryNetwork network, Tape tape) =>
        network.Represent(_images.On(tape), _views.On(tape), Contexts);

    /// <summary>The query viewpoints for this engine.</summary>
    public Variable QueryViewsOn(Tape tape) => _queryViews.On(tape);

    /// <summary>This engine's forward pass, as the trainer runs it.</summary>
    public Elbo EstimateElbo(GenerativeQueryNetwork network, Tape tape, float sigma, RandomStream noise)
    {
        var representation = Represent(network, tape);
        return network.EstimateElbo(representation, _queryViews.On(tape), _queryImages.On(tape), sigma, noise);
    }

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

        // Made when asked for: a process that measures this engine alone does not load libtorch.
        public torch.Tensor Torch => _torch ??= Make();

        public Variable On(Tape tape) => tape.Constant(_shape, _values);

        public void Dispose() => _torch?.Dispose();

        private torch.Tensor Make() => TwinNetwork.FromChannelsLast(_values, _shape).DetachFromDisposeScope();
    }
}
