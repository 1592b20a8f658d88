using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Engine;

/// <content>Sums of convolutions and the cell on top of them.</content>
public sealed partial class GpuDevice
{
    private Conv2dOperand[] _operands = [];

    /// <inheritdoc />
    public override void Conv2d(
        Tensor y, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias, int stride, Activation activation)
    {
        var sum = Describe(terms, y.Shape, stride, out var shape);
        switch (activation)
        {
            case Activation.None:
                Conv2dKernels.Forward(_context, At(y), At(addend), sum, At(bias), shape, default(Identity));
                break;
            case Activation.Relu:
                Conv2dKernels.Forward(_context, At(y), At(addend), sum, At(bias), shape, default(Relu));
                break;
            case Activation.Sigmoid:
                Conv2dKernels.Forward(_context, At(y), At(addend), sum, At(bias), shape, default(Sigmoid));
                break;
            default:
                Conv2dKernels.Forward(_context, At(y), At(addend), sum, At(bias), shape, default(Tanh));
                break;
        }
    }

    /// <inheritdoc />
    public override void Conv2dBackward(ReadOnlySpan<Conv2dTerm> terms, Tensor dy, int stride)
    {
        var operands = Describe(terms, dy.Shape, stride, out var shape);
        Conv2dKernels.Backward(_context, operands, At(dy), shape);
    }

    /// <inheritdoc />
    public override void ConvLstm(
        Tensor cellNext, Tensor hidden, Tensor gates, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias,
        Tensor cell)
    {
        var sum = Describe(terms, hidden.Shape with { C = GateOrder.Gates * hidden.Shape.C }, 1, out var shape);
        Conv2dKernels.ForwardLstmCell(
            _context, At(cellNext), At(hidden), At(gates), At(cell), At(addend), sum, At(bias), shape);
    }

    /// <inheritdoc />
    public override void LstmCellBackward(
        Tensor dGates, Tensor dCell, float beta, Tensor dHidden, Tensor dCellNext, Tensor gates, Tensor cell,
        Tensor cellNext) =>
        ConvLstmKernels.Backward(
            _context,
            new LstmCellGradients
            {
                DGates = At(dGates),
                DCell = At(dCell),
                Beta = beta,
                DHidden = At(dHidden),
                DCellNext = At(dCellNext),
                Gates = At(gates),
                Cell = At(cell),
                CellNext = At(cellNext),
                Rows = cellNext.Shape.Pixels,
                Hidden = cellNext.Shape.C,
            });

    private Span<Conv2dOperand> Describe(
        ReadOnlySpan<Conv2dTerm> terms, Shape y, int stride, out Conv2dShape shape)
    {
        // Operands hold references, so they cannot live on the stack.
        if (_operands.Length < terms.Length)
            _operands = new Conv2dOperand[terms.Length];
        shape = WithoutTerms(y);
        for (int i = 0; i < terms.Length; i++)
        {
            ref readonly var term = ref terms[i];
            shape = Describe(term, y, stride, out bool isConstant);
            _operands[i] = new Conv2dOperand
            {
                X = At(term.X),
                W = At(term.W),
                Dx = At(term.Dx),
                Dw = At(term.Dw),
                Channels = shape.C,
                Kernel = shape.Kernel,
                IsConstant = isConstant,
                AddDx = term.BetaX != 0f,
                AddDw = term.BetaW != 0f,
            };
        }

        return _operands.AsSpan(0, terms.Length);
    }
}
