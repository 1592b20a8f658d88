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
        switch (activation)
        {
            case Activation.None:
                Convolve(y, addend, terms, bias, stride, default(Identity));
                break;
            case Activation.Relu:
                Convolve(y, addend, terms, bias, stride, default(Relu));
                break;
            case Activation.Sigmoid:
                Convolve(y, addend, terms, bias, stride, default(Sigmoid));
                break;
            default:
                Convolve(y, addend, terms, bias, stride, default(Tanh));
                break;
        }
    }

    /// <inheritdoc />
    public override void Conv2dBackward(ReadOnlySpan<Conv2dTermGradient> terms, Tensor dy, int stride)
    {
        var shape = default(Conv2dShape);
        var operands = stackalloc Conv2dOperand[terms.Length];
        for (int i = 0; i < terms.Length; i++)
        {
            ref readonly var term = ref terms[i];
            shape = Describe(dy.Shape, (term.W.Exists ? term.W : term.Dw).Shape, stride);
            operands[i] = new Conv2dOperand
            {
                X = At(term.X),
                W = At(term.W),
                Dx = At(term.Dx),
                Dw = At(term.Dw),
                Channels = shape.C,
                Kernel = shape.Kernel,
                IsConstant = IsConstantMap((term.X.Exists ? term.X : term.Dx).Shape, shape),
                AddDx = term.BetaX != 0f,
                AddDw = term.BetaW != 0f,
            };
        }

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
            _workspace, At(dGates), At(dCell), beta, At(dHidden), At(dCellNext), At(gates), At(cell), At(cellNext),
            cellNext.Shape.Pixels, cellNext.Shape.C);

    private void Convolve<TActivation>(
        Tensor y, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias, int stride, TActivation activation)
        where TActivation : unmanaged, IFusedActivation
    {
        var operands = stackalloc Conv2dOperand[terms.Length];
        var shape = Describe(terms, y.Shape, stride, operands);
        Conv2dKernels.Forward(
            _workspace, At(y), At(addend), new ReadOnlySpan<Conv2dOperand>(operands, terms.Length), At(bias), shape,
            activation);
    }

    private static Conv2dShape Describe(
        ReadOnlySpan<Conv2dTerm> terms, Shape y, int stride, Conv2dOperand* operands)
    {
        // Without terms there is nothing to convolve: any kernel will do.
        var shape = new Conv2dShape(y.N, 1, y.H, y.W, y.C, 1, 1);
        for (int i = 0; i < terms.Length; i++)
        {
            var (x, w) = terms[i];
            shape = Describe(y, w.Shape, stride);
            operands[i] = new Conv2dOperand
            {
                X = At(x),
                W = At(w),
                Channels = shape.C,
                Kernel = shape.Kernel,
                IsConstant = IsConstantMap(x.Shape, shape),
            };
        }

        return shape;
    }
}
