using Gqn.Native.Engine.Autodiff;
using Gqn.Native.Engine.Devices;
using Gqn.Native.Engine.Optim;
using Gqn.Native.Engine.Random;
using Gqn.Native.Model;
using Gqn.Native.Training;

namespace Gqn.Native.Benchmarks.Steps;

/// <summary>Training steps as the trainer makes them, on synthetic batches: upload, forward, backward, Adam.</summary>
internal sealed class TrainingLoop : IDisposable
{
    // More than one, so that no upload finds its numbers where the last one has left them.
    private const int Batches = 4;
    private const ulong Seed = 1;
    private readonly Device _device;
    private readonly GenerativeQueryNetwork _network;
    private readonly Adam _adam;
    private readonly Tape _tape;
    private readonly RandomStream _noise = new(Seed, 1);
    private readonly SyntheticBatch[] _batches;
    private readonly Action _compute;
    private readonly ModelOptions _model;
    private readonly int _scenes, _contexts;
    private readonly bool _hasPosterior;
    private readonly float _sigma;
    private readonly double _learningRate;
    private Variable _contextImages, _queryImages;
    private Views _contextViews, _queryViews;
    private Elbo _elbo;
    private int _steps;

    /// <summary>A new network with its optimiser.</summary>
    /// <param name="configuration">Model, batch and optimiser.</param>
    /// <param name="device">Where it computes; it must outlive the loop.</param>
    /// <param name="contexts">M, context views of each scene.</param>
    /// <param name="hasPosterior">Whether to maximise the bound with a posterior, or with the prior in its place.</param>
    public TrainingLoop(RunConfiguration configuration, Device device, int contexts, bool hasPosterior = true)
    {
        _hasPosterior = hasPosterior;
        configuration = configuration.WithScenes();
        var training = configuration.Training;
        (_device, _model, _scenes, _contexts) = (device, configuration.Model, training.Batch, contexts);
        (_sigma, _learningRate) = ((float)training.Sigma.Final, training.LearningRate.Final);
        _network = new GenerativeQueryNetwork(_model, device, Seed);
        _adam = new Adam(_network.Parameters, training.Adam);
        _tape = new Tape(device);
        _compute = Compute;
        var random = new RandomStream(Seed, 2);
        _batches = [.. Enumerable.Range(0, Batches).Select(
            _ => new SyntheticBatch(random, _scenes, contexts, _model))];
    }

    /// <summary>Trained numbers.</summary>
    public long Parameters => _network.Parameters.Count;

    /// <summary>One update. On an asynchronous device it waits for nothing, unless it is to be read.</summary>
    /// <param name="read">Whether to read the loss and the norm of the gradient.</param>
    /// <returns>−ELBO in nats per image, before the update; NaN where it was not read.</returns>
    /// <exception cref="TrainingException">What was read is not finite.</exception>
    public double Step(bool read = false)
    {
        var batch = _batches[_steps++ % Batches];
        int images = _scenes * _contexts;
        _contextImages = _tape.Constant(_model.ImageShape(images), batch.ContextImages);
        _contextViews = batch.ContextViews.On(_tape);
        _queryViews = batch.QueryViews.On(_tape);
        _queryImages = _tape.Constant(_model.ImageShape(_scenes), batch.QueryImages);
        _device.Run(_contexts, _compute);
        if (_device.IsAsynchronous && !read)
        {
            _tape.Reset();
            return double.NaN;
        }

        double loss = _elbo.NegElbo.Item();
        _tape.Reset();
        double norm = _device.IsAsynchronous ? _adam.QueuedGradientNorm() : _adam.GradientNorm();
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
        {
            throw new TrainingException(
                $"After {_steps} steps the loss is {loss} and the norm of the gradient {norm}: times of such arithmetic "
                + "say nothing; the kernels of this device compute something wrong.");
        }

        if (!_device.IsAsynchronous)
            _adam.Step(_learningRate, norm);
        return loss;
    }

    public void Dispose()
    {
        _tape.Dispose();
        _adam.Dispose();
        _network.Dispose();
    }

    private void Compute()
    {
        var representation = _network.Represent(_contextImages, _contextViews, _contexts);
        _elbo = _hasPosterior
            ? _network.EstimateElbo(representation, _queryViews, _queryImages, _sigma, _noise)
            : _network.EstimatePriorElbo(representation, _queryViews, _queryImages, _sigma, _noise);
        _tape.Backward(_elbo.NegElbo);
        if (_device.IsAsynchronous)
            _adam.Queue(_learningRate);
    }
}
