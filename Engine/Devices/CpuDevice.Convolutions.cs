using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Engine;

/// <content>Sums of convolutions and the cell on top of them.</content>
public sealed unsafe partial class CpuDevice
{
    /// <inheritdoc />
    public override void Conv2d(
        Tensor y, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias, int stride, Activation activation)
    {
        var operands = stackalloc Conv2dOperand[terms.Length];
        var shape = Describe(terms, y.Shape, stride, operands);
        var sum = new ReadOnlySpan<Conv2dOperand>(operands, terms.Length);
        switch (activation)
        {
            case Activation.None:
                Conv2dKernels.Forward(_workspace, At(y), At(addend), sum, At(bias), shape, default(Identity));
                break;
            case Activation.Relu:
                Conv2dKernels.Forward(_workspace, At(y), At(addend), sum, At(bias), shape, default(Relu));
                break;
            case Activation.Sigmoid:
                Conv2dKernels.Forward(_workspace, At(y), At(addend), sum, At(bias), shape, default(Sigmoid));
                break;
            default:
                Conv2dKernels.Forward(_workspace, At(y), At(addend), sum, At(bias), shape, default(Tanh));
                break;
        }
    }

    /// <inheritdoc />
    public override void Conv2dBackward(ReadOnlySpan<Conv2dTerm> terms, Tensor dy, int stride)
    {
        var operands = stackalloc Conv2dOperand[terms.Length];
        var shape = Describe(terms, dy.Shape, stride, operands);
        Conv2dKernels.Backward(
            _workspace, new ReadOnlySpan<Conv2dOperand>(operands, terms.Length), At(dy), shape);
    }

    /// <inheritdoc />
    public override void ConvLstm(
        Tensor cellNext, Tensor hidden, Tensor gates, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias,
        Tensor cell)
    {
        var gateShape = hidden.Shape with { C = GateOrder.Gates * hidden.Shape.C };
        var operands = stackalloc Conv2dOperand[terms.Length];
        var shape = Describe(terms, gateShape, 1, operands);
        var sum = new ReadOnlySpan<Conv2dOperand>(operands, terms.Length);
        var sums = gates;
        if (!gates.Exists && !Conv2dKernels.IsFused(sum, shape))
            sums = new Tensor(Pool.Rent(gateShape.Count), 0, gateShape);
        Conv2dKernels.ForwardLstmCell(
            _workspace, At(cellNext), At(hidden), At(sums), At(cell), At(addend), sum, At(bias), shape);
        if (sums.Exists && !gates.Exists)
            Pool.Return(sums.Buffer);
    }

    /// <inheritdoc />
    public override void LstmCellBackward(
        Tensor dGates, Tensor dCell, float beta, Tensor dHidden, Tensor dCellNext, Tensor gates, Tensor cell,
        Tensor cellNext) =>
        ConvLstmKernels.Backward(
            _workspace,
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

    private static Conv2dShape Describe(
        ReadOnlySpan<Conv2dTerm> terms, Shape y, int stride, Conv2dOperand* operands)
    {
        var shape = WithoutTerms(y);
        for (int i = 0; i < terms.Length; i++)
        {
            ref readonly var term = ref terms[i];
            shape = Describe(term, y, stride, out bool isConstant);
            operands[i] = new Conv2dOperand
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

        return shape;
    }
}
