using Gqn.Native.Engine;
using Gqn.Native.Model;

namespace Gqn.Native.Training;

/// <summary>
/// One update of a network: the bound of a batch, its gradient, Adam, the average of the weights; a single launch if
/// the device supports it.
/// </summary>
/// <param name="network">The network to train.</param>
/// <param name="tape">The tape of the batch and of everything computed from it.</param>
/// <param name="adam">The optimiser of the network's parameters.</param>
/// <param name="noise">The random stream of the latents' samples.</param>
/// <param name="average">The average of the weights; null for none.</param>
/// <param name="freeBits">λ, the nats per layer and image that are free of penalty.</param>
public sealed class TrainingStep(
    GenerativeQueryNetwork network, Tape tape, Adam adam, RandomStream noise, WeightAverage? average = null,
    double freeBits = 0)
{
    private Action? _compute;
    private StepInputs _inputs;
    private Elbo _elbo;

    /// <summary>Makes an update, and leaves the tape empty.</summary>
    /// <param name="inputs">The batch, already uploaded.</param>
    /// <param name="read">Whether to wait for the device in order to read the numbers.</param>
    /// <returns>The numbers before the update; null if reading was not requested and would block.</returns>
    public StepNumbers? Run(in StepInputs inputs, bool read)
    {
        _inputs = inputs;
        // Updates with and without a posterior are different computations.
        tape.Device.Run((2 * inputs.Contexts) + (inputs.HasPosterior ? 1 : 0), _compute ??= Compute);
        StepNumbers? numbers = _elbo.NegElbo.Item(read) is { } negElbo
            ? new StepNumbers(negElbo, _elbo.Nll.Item(), _elbo.Kl.Item(), adam.GradientNorm())
            : null;
        tape.Reset();
        return numbers;
    }

    /// <summary>The forward pass alone: the first part of an update.</summary>
    /// <param name="inputs">The batch, already uploaded.</param>
    public Elbo Forward(in StepInputs inputs)
    {
        _inputs = inputs;
        var representation = network.Represent(inputs.ContextImages, inputs.ContextViews, inputs.Contexts);
        return _elbo = inputs.HasPosterior
            ? network.EstimateElbo(representation, inputs.QueryViews, inputs.QueryImages, inputs.Sigma, noise)
            : network.EstimatePriorElbo(
                representation, inputs.QueryViews, inputs.QueryImages, inputs.Sigma, noise);
    }

    /// <summary>Computes the gradients of the objective of the last <see cref="Forward"/>.</summary>
    public void Backward() => tape.Backward(
        _inputs.HasPosterior ? _elbo.Objective(_inputs.KlWeight, (float)freeBits) : _elbo.NegElbo);

    /// <summary>Applies Adam with the gradients of the last <see cref="Backward"/>, then updates the average.</summary>
    public void Update()
    {
        adam.Step(_inputs.LearningRate);
        // A refused step leaves the values unchanged, and its run ends at the next reading.
        average?.Update();
    }

    private void Compute()
    {
        Forward(_inputs);
        Backward();
        Update();
    }
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
