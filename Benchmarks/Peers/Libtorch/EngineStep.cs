using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Training;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>Milliseconds of the parts of a training step.</summary>
internal readonly record struct StepTimes(double Forward, double Backward, double Optimiser)
{
    /// <summary>The whole step.</summary>
    public double Total => Forward + Backward + Optimiser;

    /// <summary>Refuses a loss that is not finite: arithmetic on such values may run at a different speed.</summary>
    /// <exception cref="InvalidOperationException">The loss is not finite.</exception>
    public static void RequireFinite(float loss, string engine)
    {
        if (!float.IsFinite(loss))
            throw new InvalidOperationException($"The loss of {engine} is {loss}.");
    }
}

/// <summary>Training steps of this engine.</summary>
internal sealed class EngineStep : IDisposable
{
    private const ulong Seed = 1;

    private readonly CpuDevice _device;
    private readonly Adam _adam;
    private readonly Tape _tape;
    private readonly RandomBatch _batch;
    private readonly TrainingStep _step;
    private readonly double _learningRate;
    private readonly float _sigma;
    private readonly bool _prior;

    /// <summary>A network with its optimiser. The batch remains the caller's.</summary>
    public EngineStep(StepOptions options, RandomBatch batch)
    {
        var training = options.Configuration.Training;
        (_learningRate, _sigma) = (training.LearningRate.Initial, (float)training.Sigma.Final);
        (_batch, _prior) = (batch, options.Prior);
        _device = new CpuDevice(options.Threads);
        Network = new GenerativeQueryNetwork(options.Model, _device, Seed);
        _adam = new Adam(Network.Parameters);
        _tape = new Tape(_device);
        _step = new TrainingStep(Network, _tape, _adam, new RandomStream(Seed, 1));
    }

    /// <summary>The network.</summary>
    public GenerativeQueryNetwork Network { get; }

    /// <summary>The device that computes.</summary>
    public CpuDevice Device => _device;

    /// <summary>One update as the trainer makes it, including gradient norm and reading of the loss.</summary>
    public StepTimes Run(Clock clock)
    {
        double start = clock.Now;
        var elbo = _step.Forward(_batch.Inputs(_tape, _sigma, _learningRate, _prior));
        double forward = clock.Now;
        _step.Backward();
        StepTimes.RequireFinite(elbo.NegElbo.Item(), "Gqn.Native");
        _tape.Reset();
        double backward = clock.Now;
        _step.Update();
        return new StepTimes(forward - start, backward - forward, clock.Now - backward);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _tape.Dispose();
        _step.Dispose();
        _adam.Dispose();
        Network.Dispose();
        _device.Dispose();
    }
}
