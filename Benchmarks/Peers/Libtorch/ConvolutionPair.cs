using Gqn.Native.Engine;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;
using EngineTensor = Gqn.Native.Engine.Tensor;
using Tensor = TorchSharp.torch.Tensor;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>A convolution of the model.</summary>
/// <param name="Images">N</param>
/// <param name="Inputs">Channels of each input; several are summed, which libtorch does by concatenation.</param>
/// <param name="Outputs">Channels of the output.</param>
/// <param name="Size">Side of the input in pixels.</param>
/// <param name="Kernel">Side of the kernel.</param>
/// <param name="Stride">1, or the kernel's side.</param>
/// <param name="IsTransposed">True for the transposed convolution.</param>
/// <param name="OfImages">True if the input is data, whose gradient is not needed.</param>
internal sealed record ConvolutionShape(
    int Images, int[] Inputs, int Outputs, int Size, int Kernel, int Stride = 1, bool IsTransposed = false,
    bool OfImages = false)
{
    /// <summary>Multiplications and additions of the forward pass; taps on padding count.</summary>
    public double Operations
    {
        get
        {
            double positions = IsTransposed ? Size : Size / Stride;
            return 2 * Images * positions * positions * Outputs * Inputs.Sum() * Kernel * Kernel;
        }
    }

    /// <inheritdoc />
    public override string ToString() =>
        $"{Kernel}x{Kernel}{(Stride > 1 ? $"/{Stride}" : "")}{(IsTransposed ? " transposed" : "")} N{Images} "
        + $"{string.Join('+', Inputs)}->{Outputs} {Size}x{Size}";
}

/// <summary>A convolution in both engines: forward alone, and with the gradients of inputs and weights.</summary>
internal sealed class ConvolutionPair : OperationPair
{
    private readonly ConvolutionShape _shape;
    private readonly CpuDevice _device;
    private readonly Tape _tape;
    private readonly ParameterStore _store = new();
    private readonly Parameter[] _weights;
    private readonly EngineTensor[] _inputs;
    private readonly EngineTensor _gradient;
    private readonly Variable[] _variables;
    private readonly ConvolutionTerm[] _terms;
    private readonly Tensor[] _torchInputs;
    private readonly Tensor _torchWeight, _torchGradient, _torchGradientSource;
    private bool? _explicitIsFaster;

    /// <summary>Random inputs of both engines.</summary>
    public ConvolutionPair(ConvolutionShape shape, CpuDevice device)
    {
        (_shape, _device, _tape) = (shape, device, new Tape(device));
        _weights = [.. shape.Inputs.Select((channels, i) => shape.IsTransposed
            ? _store.Root.Convolution($"weight{i}", channels, shape.Outputs, shape.Kernel, shape.Stride, Initializer.Zeros)
            : _store.Root.Convolution($"weight{i}", shape.Outputs, channels, shape.Kernel, shape.Stride, Initializer.Zeros))];
        _store.Materialize(device, 0);
        _terms = new ConvolutionTerm[_weights.Length];
        _variables = new Variable[_weights.Length];

        long size = shape.Size, kernel = shape.Kernel;
        _torchInputs = [.. shape.Inputs.Select(channels =>
            randn(shape.Images, channels, size, size).requires_grad_(!shape.OfImages))];
        double scale = 1 / Math.Sqrt(shape.Inputs.Sum() * kernel * kernel);
        using (var normal = randn(_weights[0].Shape.N, _weights.Sum(weight => weight.Shape.C), kernel, kernel))
            _torchWeight = (normal * scale).requires_grad_(true);
        _inputs = [.. _torchInputs.Select(x => Upload(ChannelsLast(x), x))];
        foreach (var (weight, part) in _weights.Zip(Parts(_torchWeight)))
            _store.Write(weight, part);

        using (no_grad())
        using (var y = Convolve())
        {
            _torchGradientSource = randn_like(y);
            _torchGradient = zeros_like(y);
        }

        _gradient = Upload(ChannelsLast(_torchGradientSource), _torchGradientSource);
        Passes =
        [
            new OperationPass("forward", false, shape.Operations, "GFLOP/s"),
            shape.OfImages
                ? new OperationPass("forward, dw", true, 2 * shape.Operations, "GFLOP/s")
                : new OperationPass("forward, dx, dw", true, 3 * shape.Operations, "GFLOP/s"),
        ];
    }

    /// <inheritdoc />
    public override IReadOnlyList<OperationPass> Passes { get; }

    /// <inheritdoc />
    public override IReadOnlyList<OperationError> Compare(OperationPass pass)
    {
        using var scope = NewDisposeScope();
        Tensor[] inputs = [.. _torchInputs.Select(Double)];
        var weight = Double(_torchWeight);
        var reference = Convolve(inputs, weight);
        var libtorch = Convolve();
        if (!pass.HasBackward)
        {
            var output = Forward(recording: false);
            float[] values = new float[output.Shape.Count];
            output.Download(values);
            var y = TwinNetwork.FromChannelsLast(values, output.Shape);
            _tape.Reset();
            return [OperationError.Of("y", y, libtorch.detach(), reference.detach())];
        }

        _torchGradient.copy_(_torchGradientSource);
        var expected = Gradients(reference, inputs, weight, Double(_torchGradientSource).detach());
        var theirs = Gradients(libtorch, _torchInputs, _torchWeight, _torchGradient);
        if (HasExplicitGradients)
            RequireEqual(ExplicitGradients(), theirs);
        Backward(default);
        var errors = new List<OperationError>();
        if (!_shape.OfImages)
        {
            var ours = cat([.. _variables.Select(InputGradient)], 1);
            errors.Add(OperationError.Of("dx", ours, Concatenated(theirs), Concatenated(expected)));
        }

        errors.Add(OperationError.Of("dw", cat([.. _weights.Select(WeightGradient)], 1), theirs[^1], expected[^1]));
        _tape.Reset();
        return errors;

        Tensor Concatenated(IReadOnlyList<Tensor> gradients) => cat([.. gradients.SkipLast(1)], 1);

        static Tensor Double(Tensor x) => x.detach().to(ScalarType.Float64).requires_grad_(x.requires_grad);
    }

    /// <inheritdoc />
    public override double RunEngine(OperationPass pass, Clock clock)
    {
        double start = clock.Now, elapsed;
        if (pass.HasBackward)
        {
            elapsed = Backward(clock);
        }
        else
        {
            Forward(recording: false);
            elapsed = clock.Now - start;
        }

        _tape.Reset();
        return elapsed;
    }

    /// <inheritdoc />
    public override double RunLibtorch(OperationPass pass, Clock clock)
    {
        if (!pass.HasBackward)
        {
            using var noGradients = no_grad();
            double start = clock.Now;
            using var y = Convolve();
            return clock.Now - start;
        }

        _explicitIsFaster ??= HasExplicitGradients
            && Fastest(() => TrainLibtorch(clock, true)) < Fastest(() => TrainLibtorch(clock, false));
        return TrainLibtorch(clock, _explicitIsFaster.Value);

        static double Fastest(Func<double> run) => Enumerable.Range(0, 5).Min(_ => run());
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        _tape.Dispose();
        _store.Dispose();
        foreach (var tensor in _inputs.Append(_gradient))
            tensor.Buffer.Dispose();
        foreach (var tensor in _torchInputs.Concat([_torchWeight, _torchGradient, _torchGradientSource]))
            tensor.Dispose();
        _device.Pool.Trim();
    }

    /// <summary>
    /// True if libtorch has a second way to the gradients, without autograd: the faster of the two counts.
    /// </summary>
    private bool HasExplicitGradients => _shape.Stride == 1 && _torchInputs.Length == 1;

    private Variable Forward(bool recording)
    {
        _tape.Recording = recording;
        for (int i = 0; i < _terms.Length; i++)
        {
            _variables[i] = _shape.OfImages ? _tape.Constant(_inputs[i]) : _tape.Leaf(_inputs[i]);
            _terms[i] = new ConvolutionTerm(_variables[i], _tape.Watch(_weights[i]));
        }

        return _shape.IsTransposed
            ? _terms[0].Input.ConvTranspose2d(_terms[0].Weight, _shape.Stride)
            : Operations.Conv2d(_terms, default, _shape.Stride);
    }

    private double Backward(Clock clock)
    {
        _store.BeginStep();
        double start = clock.Now;
        var y = Forward(recording: true);
        double forward = clock.Now - start;
        var end = OutputGradient.Record(y, _gradient, clock);
        _tape.Backward(end.Output);
        return forward + clock.Now - end.WrittenAt;
    }

    private double TrainLibtorch(Clock clock, bool isExplicit)
    {
        using var scope = NewDisposeScope();
        using var noGradients = isExplicit ? no_grad() : null;
        double start = clock.Now;
        var y = Convolve();
        double forward = clock.Now - start;
        // As in the other engine, the gradient has just been written.
        using (no_grad())
            _torchGradient.copy_(_torchGradientSource);
        start = clock.Now;
        if (isExplicit)
            ExplicitGradients();
        else
            Gradients(y, _torchInputs, _torchWeight, _torchGradient);
        return forward + clock.Now - start;
    }

    /// <summary>dx as a transposed convolution of dy, dw as a convolution of x with dy, images as channels.</summary>
    private Tensor[] ExplicitGradients()
    {
        long padding = _shape.Kernel / 2;
        return
        [
            conv_transpose2d(_torchGradient, _torchWeight, padding: [padding, padding]),
            conv2d(_torchInputs[0].transpose(0, 1), _torchGradient.transpose(0, 1), padding: [padding, padding])
                .transpose(0, 1),
        ];
    }

    private IReadOnlyList<Tensor> Gradients(Tensor y, Tensor[] inputs, Tensor weight, Tensor gradient) =>
        [.. autograd.grad([y], _shape.OfImages ? [weight] : [.. inputs, weight], [gradient])];

    private static void RequireEqual(IReadOnlyList<Tensor> gradients, IReadOnlyList<Tensor> others)
    {
        foreach (var (a, b) in gradients.Zip(others))
        {
            if ((a - b).norm().item<float>() > 1e-4 * b.norm().item<float>())
                throw new InvalidOperationException("libtorch's two ways to the gradients differ.");
        }
    }

    private Tensor Convolve() => Convolve(_torchInputs, _torchWeight);

    private Tensor Convolve(Tensor[] inputs, Tensor weight)
    {
        long stride = _shape.Stride, padding = stride == 1 ? _shape.Kernel / 2 : 0;
        using var joined = inputs.Length == 1 ? null : cat(inputs, 1);
        return _shape.IsTransposed
            ? conv_transpose2d(inputs[0], weight, strides: [stride, stride])
            : conv2d(joined ?? inputs[0], weight, strides: [stride, stride], padding: [padding, padding]);
    }

    /// <summary>The part of a weight that belongs to each input, in logical order.</summary>
    private IEnumerable<float[]> Parts(Tensor weight)
    {
        long first = 0;
        foreach (var part in _weights)
        {
            using var range = weight.narrow(1, first, part.Shape.C);
            yield return ToArray(range);
            first += part.Shape.C;
        }
    }

    private EngineTensor Upload(float[] channelsLast, Tensor x)
    {
        var shape = new Shape((int)x.shape[0], (int)x.shape[1], (int)x.shape[2], (int)x.shape[3]);
        var tensor = new EngineTensor(_device.CreateBuffer(shape.Count), 0, shape);
        _device.Upload(channelsLast, tensor);
        return tensor;
    }

    private Tensor InputGradient(Variable input)
    {
        float[] values = new float[input.Shape.Count];
        _device.Download(_tape.Gradient(input), values);
        return TwinNetwork.FromChannelsLast(values, input.Shape);
    }

    private Tensor WeightGradient(Parameter weight)
    {
        float[] values = new float[weight.Shape.Count];
        _store.Read(_store.Gradients, weight, values);
        return tensor(values, [weight.Shape.N, weight.Shape.C, weight.Shape.H, weight.Shape.W]);
    }
}
