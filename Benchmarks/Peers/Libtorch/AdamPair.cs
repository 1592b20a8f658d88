using Gqn.Native.Engine;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;
using TorchParameter = TorchSharp.Modules.Parameter;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>One Adam update of many parameters, in place, without the norm of the gradient.</summary>
internal sealed class AdamPair : OperationPair
{
    // Weights are about as large as a step, so that an error in the step shows in them.
    private const double LearningRate = 1e-3, WeightScale = 1e-3;
    private const int BytesPerParameter = 7 * sizeof(float), ReferencePart = 1 << 22;

    private readonly int _count;
    private readonly ParameterStore _store = new();
    private readonly Parameter _parameter;
    private readonly Adam _adam;
    private readonly TorchParameter _weight;
    private readonly InPlaceAdam _torchAdam;

    /// <summary>Random weights and gradients of both engines.</summary>
    public AdamPair(int count, CpuDevice device)
    {
        _count = count;
        _parameter = _store.Root.Dense("weight", new Shape(1, count, 1, 1), Initializer.Zeros);
        _store.Materialize(device, 0);
        _adam = new Adam(_store);
        using (var normal = randn(count))
            _weight = new TorchParameter(normal.mul_(WeightScale));
        _weight.grad = randn(count);
        _torchAdam = new InPlaceAdam([_weight]);
        _store.Write(_parameter, ToArray(_weight));
        _store.Write(_store.Gradients, _parameter, ToArray(_weight.grad));
        Passes = [new OperationPass("update", true, (double)BytesPerParameter * count, "GB/s")];
    }

    /// <inheritdoc />
    public override IReadOnlyList<OperationPass> Passes { get; }

    /// <summary>A case.</summary>
    public static OperationCase Case(string name, int count) =>
        new($"Adam {name} parameters", device => new AdamPair(count, device));

    /// <inheritdoc />
    /// <remarks>Two updates: the first does not depend on the decays, as its moments are corrected for them.</remarks>
    public override IReadOnlyList<OperationError> Compare(OperationPass pass)
    {
        using var before = _weight.detach().clone();
        for (int step = 0; step < 2; step++)
        {
            RunEngine(pass, default);
            RunLibtorch(pass, default);
            // The second gradient is half the first.
            using var noGradients = no_grad();
            _weight.grad!.mul_(0.5);
            _store.Write(_store.Gradients, _parameter, ToArray(_weight.grad));
        }

        float[] values = new float[_count];
        _store.Read(_parameter, values);
        using var ours = tensor(values);
        double engine = 0, libtorch = 0, norm = 0;
        for (long first = 0; first < _count; first += ReferencePart)
        {
            using var scope = NewDisposeScope();
            long count = Math.Min(ReferencePart, _count - first);
            var reference = Reference(
                Part(before).to(ScalarType.Float64), Part(_weight.grad!).to(ScalarType.Float64) * 4);
            engine += SquaredNorm(Part(ours) - reference);
            libtorch += SquaredNorm(Part(_weight.detach()) - reference);
            norm += SquaredNorm(reference);

            Tensor Part(Tensor x) => x.narrow(0, first, count);
        }

        return [new OperationError("p", Math.Sqrt(engine / norm), Math.Sqrt(libtorch / norm))];

        static double SquaredNorm(Tensor x) => x.square().sum().item<double>();
    }

    /// <inheritdoc />
    public override double RunEngine(OperationPass pass, Clock clock)
    {
        // As backward does: without the mark the optimiser takes the gradient to be zero.
        ParameterStore.Contribute(_parameter);
        double start = clock.Now;
        _adam.Step(LearningRate);
        return clock.Now - start;
    }

    /// <inheritdoc />
    public override double RunLibtorch(OperationPass pass, Clock clock)
    {
        double start = clock.Now;
        _torchAdam.Step(LearningRate);
        return clock.Now - start;
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        _torchAdam.Dispose();
        _weight.Dispose();
        _adam.Dispose();
        _store.Dispose();
    }

    /// <summary>Weights after an update from g and one from g/2, by the article's formulas.</summary>
    private static Tensor Reference(Tensor weight, Tensor gradient)
    {
        var constants = new AdamOptions();
        double beta1 = constants.Beta1, beta2 = constants.Beta2;
        Tensor m = zeros_like(weight), v = zeros_like(weight);
        for (int step = 1; step <= 2; step++)
        {
            m = (beta1 * m) + ((1 - beta1) * gradient);
            v = (beta2 * v) + ((1 - beta2) * gradient.square());
            var corrected = m / (1 - Math.Pow(beta1, step));
            var deviation = (v / (1 - Math.Pow(beta2, step))).sqrt() + constants.Epsilon;
            weight = weight - (LearningRate * corrected / deviation);
            gradient = gradient * 0.5;
        }

        return weight;
    }
}
