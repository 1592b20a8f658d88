using Gqn.Native.Engine.Autodiff;
using Gqn.Native.Engine.Ops;
using Gqn.Native.Engine.Tensors;

namespace Gqn.Native.Engine.Nn;

/// <summary>State of a ConvLSTM: h and c, both (N, hidden, H, W). The default is the zero state.</summary>
/// <param name="Hidden">h</param>
/// <param name="Cell">c</param>
public readonly record struct ConvLstmState(Variable Hidden, Variable Cell);

/// <summary>Convolutional LSTM without peepholes (Shi et al. 2015): gates [i|f|g|o] = Σₖ Wₖ∗inputₖ + U∗h + b.</summary>
public sealed class ConvLstmCell : Module
{
    private readonly SumConvolution _gates;
    private readonly Variable[] _inputs;

    /// <summary>Declares the gates' parameters; the state's own weight comes last, as "hidden".</summary>
    /// <param name="scope">Where.</param>
    /// <param name="inputs">Name and channels of each input.</param>
    /// <param name="hidden">Channels of the state.</param>
    /// <param name="kernel">Side of the kernel; odd.</param>
    /// <param name="forgetBias">Where the bias of the forget gate starts: 1 lets a new cell remember.</param>
    public ConvLstmCell(
        ParameterScope scope, ReadOnlySpan<(string Name, int Channels)> inputs, int hidden, int kernel,
        float forgetBias)
        : base(scope)
    {
        _inputs = new Variable[inputs.Length + 1];
        _gates = new SumConvolution(
            Scope, [.. inputs, ("hidden", hidden)], 4 * hidden, kernel,
            bias: Initializer.Range(forgetBias, hidden, hidden));
    }

    /// <summary>The next state.</summary>
    /// <param name="inputs">(N, channels, H, W) each, in the order of the constructor; absent ones are zero.</param>
    /// <param name="state">The state before.</param>
    /// <exception cref="ShapeException">The number of inputs or a shape is wrong.</exception>
    public ConvLstmState Step(ReadOnlySpan<Variable> inputs, ConvLstmState state)
    {
        if (inputs.Length != _inputs.Length - 1)
            throw new ShapeException($"ConvLstmCell: {inputs.Length} inputs for {_inputs.Length - 1} weights.");
        inputs.CopyTo(_inputs);
        _inputs[^1] = state.Hidden;
        var gates = _gates.Forward(_inputs);
        var (hidden, cell) = gates.LstmCell(state.Cell);
        gates.Tape.Release(gates);
        return new ConvLstmState(hidden, cell);
    }
}
