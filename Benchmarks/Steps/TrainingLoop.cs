using Gqn.Native.Engine;
using Gqn.Native.Model;
using Gqn.Native.Training;

namespace Gqn.Native.Benchmarks.Steps;

/// <summary>Training steps as the trainer makes them, on synthetic batches: upload, forward, backward, Adam.</summary>
internal sealed class TrainingLoop : IDisposable
{
    // More than one, so that no upload finds its numbers where the last one left them.
    private const int Batches = 4;
    private const ulong Seed = 1;
    private readonly GenerativeQueryNetwork _network;
    private readonly Adam _adam;
    private readonly Tape _tape;
    private readonly RandomStream _noise = new(Seed, 1);
    private readonly SyntheticBatch[] _batches;
    private readonly TrainingStep _step;
    private readonly ModelOptions _model;
    private readonly int _scenes, _contexts;
    private readonly bool _hasPosterior;
    private readonly float _sigma;
    private readonly double _learningRate;
    private int _steps;

    /// <summary>A new network with its optimiser.</summary>
    /// <param name="configuration">Model, batch and optimiser.</param>
    /// <param name="device">The device that computes; it must outlive the loop.</param>
    /// <param name="contexts">M, context views of each scene.</param>
    /// <param name="hasPosterior">Whether the bound uses the posterior, or the prior in its place.</param>
    public TrainingLoop(RunConfiguration configuration, Device device, int contexts, bool hasPosterior = true)
    {
        _hasPosterior = hasPosterior;
        configuration = configuration.WithScenes();
        var training = configuration.Training;
        (_model, _scenes, _contexts) = (configuration.Model, training.Batch, contexts);
        (_sigma, _learningRate) = ((float)training.Sigma.Final, training.LearningRate.Final);
        _network = new GenerativeQueryNetwork(_model, device, Seed);
        _adam = new Adam(_network.Parameters, training.Adam);
        _tape = new Tape(device);
        _step = new TrainingStep(_network, _tape, _adam, _noise);
        var random = new RandomStream(Seed, 2);
        _batches = [.. Enumerable.Range(0, Batches).Select(
            _ => new SyntheticBatch(random, _scenes, contexts, _model))];
    }

    /// <summary>Number of trained parameters.</summary>
    public long Parameters => _network.Parameters.Count;

    /// <summary>One update. On an asynchronous device it does not wait, unless something is to be read.</summary>
    /// <param name="read">Whether to read the loss and the norm of the gradient.</param>
    /// <returns>−ELBO in nats per image, before the update; NaN if it was not read.</returns>
    /// <exception cref="TrainingException">What was read is not finite.</exception>
    public double Step(bool read = false)
    {
        if (_step.Run(Inputs(), read) is not { } numbers)
            return double.NaN;
        return numbers.AreFinite
            ? numbers.NegElbo
            : throw new TrainingException(
                $"After {_steps} steps the loss is {numbers.NegElbo} and the norm of the gradient {numbers.GradientNorm}: "
                + "times of such arithmetic say nothing; the kernels of this device compute something wrong.");
    }

    /// <summary>A forward pass alone.</summary>
    public void Forward()
    {
        _step.Forward(Inputs());
        _tape.Reset();
    }

    public void Dispose()
    {
        _tape.Dispose();
        _step.Dispose();
        _adam.Dispose();
        _network.Dispose();
    }

    private StepInputs Inputs()
    {
        var batch = _batches[_steps++ % Batches];
        int images = _scenes * _contexts;
        return new StepInputs(
            _tape.Constant(_model.ImageShape(images), batch.ContextImages), batch.ContextViews.On(_tape),
            _tape.Constant(_model.ImageShape(_scenes), batch.QueryImages), batch.QueryViews.On(_tape), _contexts)
        {
            Sigma = _sigma,
            LearningRate = _learningRate,
            HasPosterior = _hasPosterior,
        };
    }
}
