using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Engine;

/// <summary>
/// Adam (Kingma and Ba 2015) over all parameters of a store at once, with optional clipping and weight decay.
/// </summary>
public sealed class Adam : IDisposable
{
    private readonly ParameterStore _store;
    private readonly Tensor _squaredNorm;
    private readonly StepValue<AdamStep> _constants;

    /// <summary>An optimiser before its first step.</summary>
    /// <param name="store">The parameters, whose memory must exist already.</param>
    /// <param name="options">The constants; null for the defaults.</param>
    public Adam(ParameterStore store, AdamOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
        Options = options ?? new AdamOptions();
        FirstMoments = store.CreateArena();
        SecondMoments = store.CreateArena();
        _squaredNorm = new Tensor(store.Device.CreateBuffer(2), 0, new Shape(1, 2, 1, 1));
        _constants = store.Device.CreateStepValue<AdamStep>();
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
    /// One update from the gradients of the last backward pass, after which the next pass starts anew. Does not wait:
    /// the device itself checks the norm √Σg² of all gradients, clips, and skips this update and all later ones if it
    /// is not finite. Read <see cref="GradientNorm"/> now and then.
    /// </summary>
    /// <param name="learningRate">η, the learning rate.</param>
    public void Step(double learningRate)
    {
        Advance(learningRate);
        Apply();
    }

    /// <summary>
    /// The host's part of <see cref="Step"/>: counts the update, and sets the constants that depend on its number. For
    /// <see cref="RepeatedWork"/>, to be called before it.
    /// </summary>
    /// <param name="learningRate">η, the learning rate.</param>
    public void Advance(double learningRate)
    {
        StepCount++;
        _constants.Value = new AdamStep(
            (float)learningRate, Options.Beta1, Options.Beta2, Options.Epsilon, Options.WeightDecay, 1f, StepCount);
    }

    /// <summary>
    /// The device's part of <see cref="Step"/>, with the constants of the last <see cref="Advance"/>. It calls the same
    /// ops each time.
    /// </summary>
    public void Apply()
    {
        _store.CompleteGradients();
        _store.Device.SumOfSquares(_squaredNorm with { Shape = Shape.Scalar }, _store.Gradients);
        _store.Device.AdamStep(
            _store.Values, _store.Gradients, FirstMoments, SecondMoments, _constants, _squaredNorm,
            (float)Options.ClipNorm);
        _store.BeginStep();
    }

    /// <summary>
    /// The global norm of the gradients at the last <see cref="Step"/>, before clipping; NaN if it or an earlier one
    /// was not finite: the parameters are then those from before that step. Waits for the device.
    /// </summary>
    public double GradientNorm()
    {
        Span<float> norm = stackalloc float[2];
        _store.Device.Download(_squaredNorm, norm);
        return norm[1] == 0f ? Math.Sqrt(norm[0]) : double.NaN;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _constants.Dispose();
        _squaredNorm.Buffer.Dispose();
        FirstMoments.Buffer.Dispose();
        SecondMoments.Buffer.Dispose();
    }
}
