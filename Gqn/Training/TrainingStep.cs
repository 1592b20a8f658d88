using Gqn.Native.Engine;
using Gqn.Native.Model;

namespace Gqn.Native.Training;

/// <summary>
/// One update of a network: the bound of a batch, its gradient, Adam, the average of the weights; as one launch where the
/// device can.
/// </summary>
/// <param name="network">What is trained.</param>
/// <param name="tape">Where the batch is, and everything that is computed from it.</param>
/// <param name="adam">The optimiser of the network's parameters.</param>
/// <param name="noise">Where the samples of the latents come from.</param>
/// <param name="average">The average of the weights; null for none.</param>
/// <param name="freeBits">λ, nats per layer and image that cost nothing.</param>
public sealed class TrainingStep(
    GenerativeQueryNetwork network, Tape tape, Adam adam, RandomStream noise, WeightAverage? average = null,
    double freeBits = 0)
{
    private Action? _compute;
    private StepInputs _inputs;
    private Elbo _elbo;

    /// <summary>Makes an update. The tape is empty afterwards.</summary>
    /// <param name="inputs">The batch, uploaded already.</param>
    /// <param name="read">Whether to wait for the device to read the numbers.</param>
    /// <returns>The numbers of before the update; null where they are not read and reading would mean waiting.</returns>
    public StepNumbers? Run(in StepInputs inputs, bool read)
    {
        _inputs = inputs;
        // Updates with and without a posterior are different work.
        tape.Device.Run((2 * inputs.Contexts) + (inputs.HasPosterior ? 1 : 0), _compute ??= Compute);
        StepNumbers? numbers = _elbo.NegElbo.Item(read) is { } negElbo
            ? new StepNumbers(negElbo, _elbo.Nll.Item(), _elbo.Kl.Item(), adam.GradientNorm())
            : null;
        tape.Reset();
        return numbers;
    }

    /// <summary>The forward pass alone: the first part of an update.</summary>
    /// <param name="inputs">The batch, uploaded already.</param>
    public Elbo Forward(in StepInputs inputs)
    {
        _inputs = inputs;
        var representation = network.Represent(inputs.ContextImages, inputs.ContextViews, inputs.Contexts);
        return _elbo = inputs.HasPosterior
            ? network.EstimateElbo(representation, inputs.QueryViews, inputs.QueryImages, inputs.Sigma, noise)
            : network.EstimatePriorElbo(
                representation, inputs.QueryViews, inputs.QueryImages, inputs.Sigma, noise);
    }

    /// <summary>The gradients of the objective of the last <see cref="Forward"/>.</summary>
    public void Backward() => tape.Backward(
        _inputs.HasPosterior ? _elbo.Objective(_inputs.KlWeight, (float)freeBits) : _elbo.NegElbo);

    /// <summary>Adam with the gradients of the last <see cref="Backward"/>, then the average.</summary>
    public void Update()
    {
        adam.Step(_inputs.LearningRate);
        // Of values that a refused step left as they were; its run ends at the next reading.
        average?.Update();
    }

    private void Compute()
    {
        Forward(_inputs);
        Backward();
        Update();
    }
}

/// <summary>What an update is computed from, on the tape of its <see cref="TrainingStep"/>.</summary>
/// <param name="ContextImages">(scenes x contexts, 3, size, size), a scene's views one after another.</param>
/// <param name="ContextViews">Their cameras.</param>
/// <param name="QueryImages">(scenes, 3, size, size)</param>
/// <param name="QueryViews">Their cameras.</param>
/// <param name="Contexts">Views of each scene.</param>
public readonly record struct StepInputs(
    Variable ContextImages, Views ContextViews, Variable QueryImages, Views QueryViews, int Contexts)
{
    /// <summary>σ, the standard deviation of a pixel.</summary>
    public required float Sigma { get; init; }

    /// <summary>η</summary>
    public required double LearningRate { get; init; }

    /// <summary>What a nat of KL counts in the objective.</summary>
    public float KlWeight { get; init; } = 1f;

    /// <summary>Whether latents come from the posterior; else the prior takes its place.</summary>
    public bool HasPosterior { get; init; } = true;
}

/// <summary>What is read of an update; all of before it.</summary>
/// <param name="NegElbo">−ELBO, nats per image.</param>
/// <param name="Nll">−log p(x | z), nats per image.</param>
/// <param name="Kl">KL(posterior ‖ prior), nats per image.</param>
/// <param name="GradientNorm">The norm of the gradient before clipping; NaN where this or an earlier update was refused
/// because it was not finite.</param>
public readonly record struct StepNumbers(double NegElbo, double Nll, double Kl, double GradientNorm)
{
    /// <summary>False where training has diverged.</summary>
    public bool AreFinite => double.IsFinite(NegElbo) && double.IsFinite(GradientNorm);
}
