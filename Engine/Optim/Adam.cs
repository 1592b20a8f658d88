using Gqn.Native.Engine.Nn;
using Gqn.Native.Engine.Tensors;
using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Engine.Optim;

/// <summary>
/// Adam (Kingma and Ba 2015) over all parameters of a store at once, with optional clipping and weight decay.
/// </summary>
public sealed class Adam : IDisposable
{
    private readonly ParameterStore _store;
    private readonly Tensor _squaredNorm;

    /// <summary>An optimiser at its first step.</summary>
    /// <param name="store">The parameters; they have memory already.</param>
    /// <param name="options">Constants; null for the defaults.</param>
    public Adam(ParameterStore store, AdamOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
        Options = options ?? new AdamOptions();
        FirstMoments = store.CreateArena();
        SecondMoments = store.CreateArena();
        _squaredNorm = new Tensor(store.Device.CreateBuffer(2), 0, new Shape(1, 2, 1, 1));
    }

    /// <summary>The constants.</summary>
    public AdamOptions Options { get; }

    /// <summary>Updates made so far; set when a checkpoint is loaded.</summary>
    public int StepCount { get; set; }

    /// <summary>Running means of the gradients, in the arena's layout.</summary>
    public Tensor FirstMoments { get; }

    /// <summary>Running means of the squared gradients, in the arena's layout.</summary>
    public Tensor SecondMoments { get; }

    /// <summary>
    /// The global norm √Σg² of the gradients of the last backward. Waits for the device. Not finite where any gradient
    /// is not: look before <see cref="Step"/> to keep the parameters.
    /// </summary>
    public double GradientNorm()
    {
        _store.CompleteGradients();
        return Math.Sqrt(_store.Device.SumOfSquares(_store.Gradients));
    }

    /// <summary>One update from the gradients of the last backward; afterwards the next backward starts anew.</summary>
    /// <param name="learningRate">η</param>
    /// <param name="gradientNorm">What <see cref="GradientNorm"/> returned; needed only where clipping is on, computed
    /// where it is left out.</param>
    public void Step(double learningRate, double? gradientNorm = null)
    {
        _store.CompleteGradients();
        float scale = 1f;
        if (Options.ClipNorm > 0)
        {
            double norm = gradientNorm ?? GradientNorm();
            if (norm > Options.ClipNorm)
                scale = (float)(Options.ClipNorm / norm);
        }

        StepCount++;
        var step = new AdamStep(
            (float)learningRate, Options.Beta1, Options.Beta2, Options.Epsilon, Options.WeightDecay, scale, StepCount);
        _store.Device.AdamStep(_store.Values, _store.Gradients, FirstMoments, SecondMoments, step);
        _store.BeginStep();
    }

    /// <summary>
    /// One update that waits for nothing: the device itself looks at the norm, clips, and leaves out this update and all
    /// later ones where it is not finite. Read <see cref="QueuedGradientNorm"/> now and then.
    /// </summary>
    /// <param name="learningRate">η</param>
    public void Queue(double learningRate)
    {
        _store.CompleteGradients();
        _store.Device.SumOfSquares(_squaredNorm with { Shape = Shape.Scalar }, _store.Gradients);
        StepCount++;
        var step = new AdamStep(
            (float)learningRate, Options.Beta1, Options.Beta2, Options.Epsilon, Options.WeightDecay, 1f, StepCount);
        _store.Device.AdamStep(
            _store.Values, _store.Gradients, FirstMoments, SecondMoments, step, _squaredNorm, (float)Options.ClipNorm);
        _store.BeginStep();
    }

    /// <summary>
    /// The global norm at the last <see cref="Queue"/>; NaN where it or an earlier one was not finite, and the parameters
    /// are those from before. Waits for the device.
    /// </summary>
    public double QueuedGradientNorm()
    {
        Span<float> norm = stackalloc float[2];
        _store.Device.Download(_squaredNorm, norm);
        return norm[1] == 0f ? Math.Sqrt(norm[0]) : double.NaN;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _squaredNorm.Buffer.Dispose();
        FirstMoments.Buffer.Dispose();
        SecondMoments.Buffer.Dispose();
    }
}
