using System.Runtime.InteropServices;
using Gqn.Native.Engine;
using Gqn.Native.Model;

namespace Gqn.Native.Training;

/// <summary>
/// One update of a network: the bound of a batch, its gradient, Adam, the average of the weights. A device that records
/// work repeats the update from the third of a form on, without running the code below <see cref="Compute"/>.
/// </summary>
/// <remarks>
/// So that an update can be repeated, all that changes from one to the next is either on the tape already (the batch)
/// or a step value: σ, the weight of the KL, the constants of Adam and of the average, and where the noise begins. The
/// host's counts (noise, Adam, average) advance outside the recorded work, and not at all if the update fails.
/// </remarks>
public sealed class TrainingStep : IDisposable
{
    private readonly GenerativeQueryNetwork _network;
    private readonly Tape _tape;
    private readonly Adam _adam;
    private readonly RandomStream _noise;
    private readonly WeightAverage? _average;
    private readonly float _freeBits;
    private readonly RepeatedWork _work;
    private readonly StepSigma _sigma;
    private readonly StepScale _klWeight;
    private readonly StepValue<uint> _noiseOrigin;
    private readonly Dictionary<int, Known> _forms = [];
    private readonly List<Tensor> _memory = [];
    private StepInputs _inputs;
    private Elbo _elbo;

    /// <summary>Prepares updates of a network.</summary>
    /// <param name="network">The network to train.</param>
    /// <param name="tape">The tape of the batch and of everything computed from it.</param>
    /// <param name="adam">The optimiser of the network's parameters.</param>
    /// <param name="noise">The random stream of the latents' samples.</param>
    /// <param name="average">The average of the weights; null for none.</param>
    /// <param name="freeBits">λ, the nats per layer and image that are free of penalty.</param>
    public TrainingStep(
        GenerativeQueryNetwork network, Tape tape, Adam adam, RandomStream noise, WeightAverage? average = null,
        double freeBits = 0)
    {
        ArgumentNullException.ThrowIfNull(tape);
        (_network, _tape, _adam, _noise, _average, _freeBits) =
            (network, tape, adam, noise, average, (float)freeBits);
        _work = tape.Device.Repeat(Compute);
        _sigma = new StepSigma(tape.Device);
        _klWeight = new StepScale(tape.Device);
        _noiseOrigin = tape.Device.CreateStepValue<uint>();
    }

    /// <summary>Makes an update, and leaves the tape empty.</summary>
    /// <param name="inputs">The batch, already uploaded: all that is on the tape.</param>
    /// <param name="read">Whether to wait for the device in order to read the numbers.</param>
    /// <returns>The numbers before the update; null if reading was not requested and would block.</returns>
    public StepNumbers? Run(in StepInputs inputs, bool read)
    {
        var before = (Noise: _noise.Position, Adam: _adam.StepCount, Average: _average?.UpdateCount ?? 0);
        int form = FormOf(inputs);
        bool ran;
        try
        {
            Prepare(inputs);
            _adam.Advance(inputs.LearningRate);
            _average?.Advance();
            // Also what an interrupted update may have left.
            _network.Parameters.BeginStep();
            ran = _work.Run(form, MemoryOfTheStep());
        }
        catch
        {
            (_noise.Position, _adam.StepCount) = (before.Noise, before.Adam);
            if (_average is not null)
                _average.UpdateCount = before.Average;
            throw;
        }

        if (ran)
        {
            _forms[form] = new Known(
                _noise.Position - before.Noise, _elbo.NegElbo.Value, _elbo.Nll.Value, _elbo.Kl.Value);
        }
        else
        {
            _noise.Position += _forms[form].Draws;
        }

        var numbers = Numbers(_forms[form], read);
        _tape.Reset();
        return numbers;
    }

    /// <summary>The forward pass alone: the first part of an update.</summary>
    /// <param name="inputs">The batch, already uploaded.</param>
    public Elbo Forward(in StepInputs inputs)
    {
        Prepare(inputs);
        return Bound();
    }

    /// <summary>Computes the gradients of the objective of the last <see cref="Forward"/>.</summary>
    public void Backward() => _tape.Backward(
        _inputs.HasPosterior ? _elbo.Objective(_klWeight, _freeBits) : _elbo.NegElbo);

    /// <summary>Applies Adam with the gradients of the last <see cref="Backward"/>, then updates the average.</summary>
    public void Update()
    {
        _adam.Step(_inputs.LearningRate);
        _average?.Update();
    }

    /// <summary>Frees what was recorded; network, optimiser and average remain the caller's.</summary>
    public void Dispose()
    {
        _noise.Origin = null;
        _work.Dispose();
        _sigma.Dispose();
        _klWeight.Dispose();
        _noiseOrigin.Dispose();
    }

    private void Prepare(in StepInputs inputs)
    {
        _inputs = inputs;
        _sigma.Value = inputs.Sigma;
        _klWeight.Value = inputs.KlWeight;
        _noise.Origin = _noiseOrigin;
        _noiseOrigin.Value = _noise.Position;
    }

    private void Compute()
    {
        Bound();
        Backward();
        _adam.Apply();
        // A refused step leaves the values unchanged, and its run ends at the next reading.
        _average?.Apply();
    }

    private Elbo Bound()
    {
        var representation = _network.Represent(_inputs.ContextImages, _inputs.ContextViews, _inputs.Contexts);
        return _elbo = _inputs.HasPosterior
            ? _network.EstimateElbo(representation, _inputs.QueryViews, _inputs.QueryImages, _sigma, _noise)
            : _network.EstimatePriorElbo(representation, _inputs.QueryViews, _inputs.QueryImages, _sigma, _noise);
    }

    /// <summary>Updates of one form call the same ops: with and without a posterior they do not, nor with an objective
    /// other than the bound.</summary>
    private int FormOf(in StepInputs inputs) =>
        (4 * inputs.Contexts) + (!inputs.HasPosterior ? 0 : Elbo.IsObjective(inputs.KlWeight, _freeBits) ? 1 : 2);

    /// <summary>The batch, and the two arenas that measurements between steps exchange.</summary>
    private ReadOnlySpan<Tensor> MemoryOfTheStep()
    {
        _memory.Clear();
        _tape.AddValuesTo(_memory);
        _memory.Add(_network.Parameters.Values);
        if (_average is not null)
            _memory.Add(_average.Values);
        return CollectionsMarshal.AsSpan(_memory);
    }

    /// <summary>Reads the numbers, whose memory nobody is lent before the reset.</summary>
    private StepNumbers? Numbers(in Known known, bool read) => read || !_tape.Device.IsAsynchronous
        ? new StepNumbers(Item(known.NegElbo), Item(known.Nll), Item(known.Kl), _adam.GradientNorm())
        : null;

    private float Item(Tensor scalar)
    {
        float item = 0;
        _tape.Device.Download(scalar, new Span<float>(ref item));
        return item;
    }

    /// <summary>What an update of a form leaves.</summary>
    /// <param name="Draws">How far the noise moved.</param>
    /// <param name="NegElbo">Where −ELBO is.</param>
    /// <param name="Nll">Where its first part is.</param>
    /// <param name="Kl">Where its second part is.</param>
    private readonly record struct Known(uint Draws, Tensor NegElbo, Tensor Nll, Tensor Kl);
}

/// <summary>The inputs of an update, on the tape of its <see cref="TrainingStep"/>.</summary>
/// <param name="ContextImages">(scenes x contexts, 3, size, size), with the views of a scene adjacent.</param>
/// <param name="ContextViews">The encoded cameras of the context images.</param>
/// <param name="QueryImages">(scenes, 3, size, size)</param>
/// <param name="QueryViews">The encoded cameras of the query images.</param>
/// <param name="Contexts">M, the number of context views per scene.</param>
public readonly record struct StepInputs(
    Variable ContextImages, Views ContextViews, Variable QueryImages, Views QueryViews, int Contexts)
{
    /// <summary>σ, the standard deviation of a pixel.</summary>
    public required float Sigma { get; init; }

    /// <summary>μ, the learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>The weight of the KL in the objective.</summary>
    public float KlWeight { get; init; } = 1f;

    /// <summary>Whether latents are sampled from the posterior; otherwise from the prior.</summary>
    public bool HasPosterior { get; init; } = true;
}

/// <summary>The numbers read from an update; all are values before it.</summary>
/// <param name="NegElbo">−ELBO, nats per image.</param>
/// <param name="Nll">−log p(x | z), nats per image.</param>
/// <param name="Kl">KL(posterior ‖ prior), nats per image.</param>
/// <param name="GradientNorm">The norm of the gradient before clipping; NaN if this or an earlier update was refused
/// because it was not finite.</param>
public readonly record struct StepNumbers(double NegElbo, double Nll, double Kl, double GradientNorm)
{
    /// <summary>False if training has diverged.</summary>
    public bool AreFinite => double.IsFinite(NegElbo) && double.IsFinite(GradientNorm);
}
