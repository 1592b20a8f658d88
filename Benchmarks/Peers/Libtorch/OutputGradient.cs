using Gqn.Native.Engine;

namespace Gqn.Native.Peers.Libtorch;

/// <summary>The end of a tape with a given gradient: Σ y·dy, of which only the backward is ever computed.</summary>
/// <remarks>
/// It writes dy where the op above y would have written it, and records when that was done, so that the time of y's own
/// backward can be separated.
/// </remarks>
internal sealed class OutputGradient : Node
{
    private Variable _y;
    private Tensor _gradient;
    private Clock _clock;

    /// <summary>The time at which the gradient with respect to y had been written.</summary>
    public double WrittenAt { get; private set; }

    /// <summary>Records the end of a tape; run backward from its output.</summary>
    public static OutputGradient Record(Variable y, Tensor gradient, Clock clock)
    {
        var node = y.Tape.Record<OutputGradient>(y.Tape.NewOutput(Shape.Scalar, true));
        (node._y, node._gradient, node._clock) = (y, gradient, clock);
        return node;
    }

    internal override void Backward(Tape tape)
    {
        tape.Accumulate(_y, _gradient);
        WrittenAt = _clock.Now;
    }
}
