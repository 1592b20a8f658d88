namespace Gqn.Native.Engine;

/// <summary>State of a ConvLSTM: h and c, both (N, hidden, H, W). The default is the zero state.</summary>
/// <param name="Hidden">The hidden state h.</param>
/// <param name="Cell">The cell state c.</param>
public readonly record struct ConvLstmState(Variable Hidden, Variable Cell);

/// <summary>Convolutional LSTM without peepholes (Shi et al. 2015): gates [i|f|g|o] = Σₖ Wₖ∗inputₖ + U∗h + b.</summary>
public sealed class ConvLstmCell : Module
{
    private readonly SumConvolution _gates;
    private readonly Variable[] _inputs;

    /// <summary>Declares the parameters of the gates; the weight of the state comes last, as "hidden".</summary>
    /// <param name="scope">The scope that declares the parameters.</param>
    /// <param name="inputs">Name and channels of each input.</param>
    /// <param name="hidden">Channels of the state.</param>
    /// <param name="kernel">Kernel size; odd.</param>
    /// <param name="forgetBias">Initial bias of the forget gate: 1 lets a new cell remember.</param>
    public ConvLstmCell(
        ParameterScope scope, ReadOnlySpan<(string Name, int Channels)> inputs, int hidden, int kernel,
        float forgetBias)
        : base(scope)
    {
        _inputs = new Variable[inputs.Length + 1];
        _gates = new SumConvolution(
            Scope, [.. inputs, ("hidden", hidden)], 4 * hidden, kernel,
            bias: Initializer.Range(forgetBias, hidden, hidden), gates: true);
    }

    /// <summary>
    /// The part of the gates that is constant over several steps: the convolutions of the inputs that do not change.
    /// </summary>
    /// <param name="inputs">In the order of the constructor; inputs that change are absent here.</param>
    /// <param name="map">Height and width of the state.</param>
    /// <returns>(N, 4·hidden, H, W), for the addend of <see cref="Step"/>.</returns>
    /// <exception cref="ShapeException">The number of inputs or a shape is wrong, or all are absent.</exception>
    public Variable Prepare(ReadOnlySpan<Variable> inputs, (int H, int W) map) =>
        Operations.Conv2d(Terms(inputs, default), default, 1, map: map);

    /// <summary>The next state.</summary>
    /// <param name="inputs">(N, channels, H, W) each, or (N, channels, 1, 1) for a constant map, in the order of the
    /// constructor; absent ones are zero.</param>
    /// <param name="state">The previous state.</param>
    /// <param name="addend">The result of <see cref="Prepare"/> for the inputs that are absent here; absent for
    /// none.</param>
    /// <exception cref="ShapeException">The number of inputs or a shape is wrong.</exception>
    public ConvLstmState Step(ReadOnlySpan<Variable> inputs, ConvLstmState state, Variable addend = default)
    {
        var terms = Terms(inputs, state.Hidden);
        if (terms.IsEmpty && !addend.Exists)
            throw new ShapeException("ConvLstmCell: all inputs are absent.");
        var tape = addend.Exists ? addend.Tape : terms[0].Input.Tape;
        var (hidden, cell) = Operations.ConvLstm(terms, _gates.Bias(tape), state.Cell, addend);
        return new ConvLstmState(hidden, cell);
    }

    private ReadOnlySpan<ConvolutionTerm> Terms(ReadOnlySpan<Variable> inputs, Variable hidden)
    {
        if (inputs.Length != _inputs.Length - 1)
            throw new ShapeException($"ConvLstmCell: {inputs.Length} inputs for {_inputs.Length - 1} weights.");
        inputs.CopyTo(_inputs);
        _inputs[^1] = hidden;
        return _gates.Terms(_inputs);
    }
}
