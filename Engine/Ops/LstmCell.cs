using Gqn.Native.Engine.Autodiff;
using Gqn.Native.Engine.Tensors;

namespace Gqn.Native.Engine.Ops;

/// <content>The gates of an LSTM cell.</content>
public static partial class Operations
{
    /// <summary>c′ = σ(f)·c + σ(i)·tanh(g),  h = σ(o)·tanh(c′)</summary>
    /// <param name="gates">Pre-activations [i|f|g|o] along the channels: (N, 4·hidden, H, W).</param>
    /// <param name="cell">c: (N, hidden, H, W), or absent for zero.</param>
    /// <returns>h and c′.</returns>
    /// <exception cref="ShapeException">The channels of the gates are not four times those of the cell.</exception>
    public static (Variable Hidden, Variable Cell) LstmCell(this Variable gates, Variable cell)
    {
        var shape = gates.Shape with { C = gates.Shape.C / 4 };
        if (gates.Shape.C % 4 != 0)
            throw new ShapeException($"LstmCell: the channels of the gates {gates.Shape} are not a multiple of 4.");
        if (cell.Exists && cell.Shape != shape)
            throw new ShapeException($"LstmCell: gates {gates.Shape} need a cell {shape}, not {cell.Shape}.");

        var tape = gates.Tape;
        bool recorded = tape.Needs(gates) || tape.Needs(cell);
        var hidden = tape.NewOutput(shape, recorded);
        var next = tape.NewOutput(shape, recorded);
        tape.Device.LstmCell(next.Value, hidden.Value, gates.Value, cell.Value);
        if (recorded)
        {
            var node = tape.Record<LstmCellNode>(hidden, next);
            node.Gates = gates;
            node.Cell = cell;
        }

        return (hidden, next);
    }

    private sealed class LstmCellNode : Node
    {
        public Variable Gates { get; set; }

        public Variable Cell { get; set; }

        internal override void Backward(Tape tape)
        {
            var (dCell, cellBeta) = tape.Needs(Cell) ? tape.Contribute(Cell) : default;
            var target = tape.Needs(Gates) ? tape.Contribute(Gates) : default;
            // Gates that other ops read too already have a gradient: that is rare, and goes through a second buffer.
            bool direct = target.Gradient.Exists && target.Beta == 0f;
            var dGates = direct ? target.Gradient : tape.Rent(Gates.Shape);
            tape.Device.LstmCellBackward(
                dGates, dCell, cellBeta, tape.GradientOf(Output), tape.GradientOf(SecondOutput), Gates.Value,
                Cell.Value);
            if (direct)
                return;
            tape.Accumulate(Gates, dGates);
            tape.Return(dGates);
        }
    }
}
