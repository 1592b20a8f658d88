using Gqn.Native.Engine;

namespace Gqn.Native.Tests.Autodiff;

/// <summary>A small model with every kind of op that a recurrent image model has, and its training step.</summary>
internal sealed class MixedGraph : IDisposable
{
    private const int Images = 2, Side = 8, Hidden = 6, Latent = 3, View = 4;

    private readonly Device _device;
    private readonly Convolution _encode, _posterior, _prior;
    private readonly SumConvolution _merge;
    private readonly ConvLstmCell _cell;
    private readonly TransposedConvolution _decode;
    private readonly Parameter _draw;
    private readonly Linear _mix;
    private readonly Adam _adam;
    private readonly RandomStream _noise = new(3, 2);
    private readonly float[] _pixels = new float[Images * 3 * Side * Side];

    public MixedGraph(Device device)
    {
        _device = device;
        var root = Store.Root;
        _encode = new Convolution(root.Child("encode"), 3, 7, 2, 2, Activation.Relu);
        _merge = new SumConvolution(root.Child("merge"), [("code", 7), ("view", View)], 7, 3, 1, Activation.Sigmoid);
        _cell = new ConvLstmCell(root.Child("cell"), [("image", 7), ("view", View), ("latent", Latent)], Hidden, 5, 1f);
        _posterior = new Convolution(root.Child("posterior"), Hidden + 7, 2 * Latent, 3);
        _prior = new Convolution(root.Child("prior"), Hidden, 2 * Latent, 3, activation: Activation.Tanh);
        _decode = new TransposedConvolution(root.Child("decode"), Hidden, 3, 2);
        _draw = root.Dense("draw", new Shape(Hidden, 2 * 2 * 3, 1, 1), Initializer.TruncatedNormal(Hidden));
        _mix = new Linear(root.Child("mix"), 3, 3);
        Store.Materialize(device, 3);
        _adam = new Adam(Store, new AdamOptions { ClipNorm = 1f, WeightDecay = 0.01f });
        Tape = new Tape(device);
        var random = new RandomStream(3, 1);
        for (int i = 0; i < _pixels.Length; i++)
            _pixels[i] = random.NextSingle();
    }

    public ParameterStore Store { get; } = new();

    public Tape Tape { get; }

    /// <summary>The loss after three recurrent steps.</summary>
    public Variable Loss()
    {
        _noise.Position = 0;
        var image = Tape.Constant(new Shape(Images, 3, Side, Side), _pixels);
        var view = Tape.Constant(new Shape(Images, View, 1, 1), _pixels.AsSpan(0, Images * View));
        var code = _merge.Forward([_encode.Forward(image), view]);
        var prepared = _cell.Prepare([code, view, default], (Side / 2, Side / 2));
        ConvLstmState state = default;
        Variable latent = default, canvas = default, blocks = default, divergence = default;
        for (int step = 0; step < 3; step++)
        {
            // With prepared inputs, and with the same inputs not prepared.
            state = step == 0
                ? _cell.Step([code, view, latent], state)
                : _cell.Step([default, default, latent], state, prepared);
            var prior = _prior.Forward(state.Hidden);
            var posterior = _posterior.Forward(state.Hidden.ConcatChannels(code));
            (latent, var kl) = posterior.GaussianLatent(prior, _noise);
            divergence = divergence.Exists ? divergence.Add(kl.Sum()) : kl.Sum();
            var drawn = _decode.Forward(state.Hidden);
            canvas = canvas.Exists ? canvas.Add(drawn) : drawn;
            blocks = state.Hidden.MatMul(Tape.Watch(_draw), blocks);
        }

        var mean = _mix.Forward(canvas.Add(blocks.DepthToSpace(2))).Sigmoid();
        return mean.GaussianNll(image, 0.7f).Sum().Add(divergence.Scale(0.1f)).Affine(1f / Images, 0f);
    }

    /// <summary>One training step.</summary>
    public void Train()
    {
        Tape.Backward(Loss());
        _adam.Step(1e-3);
        Tape.Reset();
    }

    /// <summary>All values after training, for byte-by-byte comparison.</summary>
    public float[] Values()
    {
        float[] values = new float[Store.Values.Shape.Count];
        _device.Download(Store.Values, values);
        return values;
    }

    public void Dispose()
    {
        Tape.Dispose();
        _adam.Dispose();
        Store.Dispose();
    }
}
