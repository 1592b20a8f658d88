using Gqn.Native.Engine.Tensors;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Engine.Devices;

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
        var operands = stackalloc ConvolutionOperand[terms.Length];
        for (int i = 0; i < terms.Length; i++)
        {
            ref readonly var term = ref terms[i];
            shape = Describe(dy.Shape, (term.W.Exists ? term.W : term.Dw).Shape, stride);
            operands[i] = new ConvolutionOperand
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

        ConvolutionSum.Backward(
            _workspace, new ReadOnlySpan<ConvolutionOperand>(operands, terms.Length), At(dy), shape);
    }

    /// <inheritdoc />
    public override void ConvLstm(
        Tensor cellNext, Tensor hidden, Tensor gates, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias,
        Tensor cell)
    {
        var gateShape = hidden.Shape with { C = GateOrder.Gates * hidden.Shape.C };
        var operands = stackalloc ConvolutionOperand[terms.Length];
        var shape = Describe(terms, gateShape, 1, operands);
        var sum = new ReadOnlySpan<ConvolutionOperand>(operands, terms.Length);
        var sums = gates;
        if (!gates.Exists && !ConvolutionSum.IsFused(sum, shape))
            sums = new Tensor(Pool.Rent(gateShape.Count), 0, gateShape);
        ConvolutionSum.ForwardLstmCell(
            _workspace, At(cellNext), At(hidden), At(sums), At(cell), At(addend), sum, At(bias), shape);
        if (sums.Exists && !gates.Exists)
            Pool.Return(sums.Buffer);
    }

    /// <inheritdoc />
    public override void LstmCellBackward(
        Tensor dGates, Tensor dCell, float beta, Tensor dHidden, Tensor dCellNext, Tensor gates, Tensor cell,
        Tensor cellNext) =>
        LstmCellKernels.Backward(
            _workspace, At(dGates), At(dCell), beta, At(dHidden), At(dCellNext), At(gates), At(cell), At(cellNext),
            cellNext.Shape.Pixels, cellNext.Shape.C);

    private void Convolve<TActivation>(
        Tensor y, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias, int stride, TActivation activation)
        where TActivation : unmanaged, IUnaryOp
    {
        var operands = stackalloc ConvolutionOperand[terms.Length];
        var shape = Describe(terms, y.Shape, stride, operands);
        ConvolutionSum.Forward(
            _workspace, At(y), At(addend), new ReadOnlySpan<ConvolutionOperand>(operands, terms.Length), At(bias), shape,
            activation);
    }

    private static Conv2dShape Describe(
        ReadOnlySpan<Conv2dTerm> terms, Shape y, int stride, ConvolutionOperand* operands)
    {
        // Without terms there is nothing to convolve: any kernel will do.
        var shape = new Conv2dShape(y.N, 1, y.H, y.W, y.C, 1, 1);
        for (int i = 0; i < terms.Length; i++)
        {
            var (x, w) = terms[i];
            shape = Describe(y, w.Shape, stride);
            operands[i] = new ConvolutionOperand
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
