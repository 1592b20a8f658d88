using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Engine;

/// <content>One step of a convolutional LSTM.</content>
public static partial class Operations
{
    /// <summary>
    /// c′ = σ(f)·c + σ(i)·tanh(g),  h = σ(o)·tanh(c′)  with (i, f, g, o) = addend + Σₖ xₖ ∗ wₖ + bias
    /// </summary>
    /// <param name="terms">Stride 1; the 4·hidden outputs of the weights are in <see cref="GateOrder"/>. Inputs
    /// (N, C, 1, 1) beside a larger map are constant maps. May be empty if there is an addend.</param>
    /// <param name="bias">(1, 4·hidden, 1, 1) in <see cref="GateOrder"/>, or absent.</param>
    /// <param name="cell">c: (N, hidden, H, W), or absent for zero.</param>
    /// <param name="addend">(N, 4·hidden, H, W) in <see cref="GateOrder"/>; absent for zero.</param>
    /// <returns>The hidden state h and the next cell state c′.</returns>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static (Variable Hidden, Variable Cell) ConvLstm(
        ReadOnlySpan<ConvolutionTerm> terms, Variable bias, Variable cell, Variable addend = default)
    {
        var map = cell.Exists ? (cell.Shape.H, cell.Shape.W) : default;
        var gateShape = DescribeSum("ConvLstm", terms, bias, 1, addend, map);
        var shape = gateShape with { C = gateShape.C / GateOrder.Gates };
        if (gateShape.C % GateOrder.Gates != 0)
            throw new ShapeException($"ConvLstm: the channels of the gates {gateShape} are not a multiple of 4.");
        if (cell.Exists && cell.Shape != shape)
            throw new ShapeException($"ConvLstm: gates {gateShape} need a cell {shape}, not {cell.Shape}.");

        var tape = terms.IsEmpty ? addend.Tape : terms[0].Weight.Tape;
        bool recorded = NeedsSum(tape, terms, bias, addend) | tape.Needs(cell);
        var hidden = tape.NewOutput(shape, recorded);
        var next = tape.NewOutput(shape, recorded);
        var gates = recorded ? tape.NewOutput(gateShape, false) : default;
        TermTensors tensors = default;
        tape.Device.ConvLstm(
            next.Value, hidden.Value, gates.Value, addend.Value, tensors.Of(terms), bias.Value, cell.Value);
        if (recorded)
        {
            var node = tape.Record<ConvLstmNode>(hidden, next, gates);
            node.Terms.Set(terms);
            node.Bias = bias;
            node.Addend = addend;
            node.Cell = cell;
        }

        return (hidden, next);
    }

    private sealed class ConvLstmNode : Node
    {
        public ConvolutionTerms Terms { get; } = new();

        public Variable Bias { get; set; }

        public Variable Addend { get; set; }

        public Variable Cell { get; set; }

        internal override void Backward(Tape tape)
        {
            var (dCell, cellBeta) = tape.Needs(Cell) ? tape.Contribute(Cell) : default;
            // As the gradient of the gates, it can be passed on to the addend; otherwise it returns to the pool.
            var (dGates, _) = tape.Contribute(Saved);
            tape.Device.LstmCellBackward(
                dGates, dCell, cellBeta, tape.GradientOf(Output), tape.GradientOf(SecondOutput), Saved.Value,
                Cell.Value, SecondOutput.Value);
            if (tape.Needs(Bias))
            {
                var (dBias, beta) = tape.Contribute(Bias);
                tape.Device.Sum(dBias, beta, dGates, 1f);
            }

            Terms.Backward(tape, dGates, 1);
            tape.PassGradient(Saved, Addend);
        }
    }
}
