using Gqn.Native.Model;
using TorchSharp;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>Training steps of libtorch.</summary>
internal sealed class LibtorchStep : IDisposable
{
    private readonly TwinNetwork _twin;
    private readonly InPlaceAdam _adam;
    private readonly RandomBatch _batch;
    private readonly double _learningRate;
    private readonly float _sigma;
    private readonly bool _prior;

    /// <summary>The network's twin with its optimiser. The batch remains the caller's.</summary>
    public LibtorchStep(StepOptions options, GenerativeQueryNetwork network, RandomBatch batch)
    {
        var training = options.Configuration.Training;
        (_learningRate, _sigma) = (training.LearningRate.Initial, (float)training.Sigma.Final);
        (_batch, _prior) = (batch, options.Prior);
        _twin = new TwinNetwork(network);
        _adam = new InPlaceAdam(_twin.Weights.All);
    }

    /// <summary>One update; it computes no norm of the gradient.</summary>
    public StepTimes Run(Clock clock)
    {
        using var scope = torch.NewDisposeScope();
        double start = clock.Now;
        _twin.Weights.ForgetGradients();
        var loss = _prior
            ? _twin.PriorNegElbo(_batch, _sigma, noise: null)
            : _twin.NegElbo(_batch, _sigma, noise: null);
        double forward = clock.Now;
        loss.backward();
        StepTimes.RequireFinite(loss.item<float>(), "libtorch");
        _twin.Weights.CompleteGradients();
        double backward = clock.Now;
        _adam.Step(_learningRate);
        return new StepTimes(forward - start, backward - forward, clock.Now - backward);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _adam.Dispose();
        _twin.Dispose();
    }
}
