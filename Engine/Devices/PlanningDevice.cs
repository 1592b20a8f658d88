using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Engine;

/// <summary>A device without memory: runs a model only for its shapes and adds up what a step will cost.</summary>
/// <remarks>
/// It rents from the same pool in the same order as a real device, so the byte counts are those of a real run; buffers
/// hold nothing, and every download is zero.
/// </remarks>
/// <param name="threads">Threads of the processor that is planned for; each has a workspace.</param>
public sealed class PlanningDevice(int threads) : CountingDevice
{
    private ScratchSize _workspace;

    /// <summary>Multiply-accumulates of all convolutions and matrix products so far, including padding.</summary>
    public long MultiplyAccumulates { get; private set; }

    /// <inheritdoc />
    public override string Description => "plan";

    /// <inheritdoc />
    public override long WorkspaceBytes => _workspace.Bytes(threads);

    /// <inheritdoc />
    public override DeviceBuffer CreateBuffer(long count) => new Nothing(this, count);

    /// <inheritdoc />
    public override void Gather(
        Tensor y, float beta, Tensor x, Tensor starts, Tensor columns, Tensor weights) =>
        MultiplyAccumulates += (long)columns.Shape.Pixels * y.Shape.C;

    /// <inheritdoc />
    public override void MatMul(Tensor c, Tensor addend, Tensor a, Tensor b, bool transposeA, bool transposeB)
    {
        var shape = Product(c, a, transposeA, transposeB);
        MultiplyAccumulates += c.Shape.Count * shape.Inner;
        Count(MatMulKernels.Scratch(shape, threads));
    }

    /// <inheritdoc />
    public override unsafe void Conv2d(
        Tensor y, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias, int stride, Activation activation)
    {
        var operands = stackalloc Conv2dOperand[terms.Length];
        var shape = Describe(terms, y.Shape, stride, operands);
        Count(Conv2dKernels.ForwardScratch(
            new ReadOnlySpan<Conv2dOperand>(operands, terms.Length), shape, threads));
    }

    /// <inheritdoc />
    public override unsafe void Conv2dBackward(ReadOnlySpan<Conv2dTerm> terms, Tensor dy, int stride)
    {
        var operands = stackalloc Conv2dOperand[terms.Length];
        var shape = Describe(terms, dy.Shape, stride, operands);
        Count(Conv2dKernels.BackwardScratch(
            new ReadOnlySpan<Conv2dOperand>(operands, terms.Length), shape, threads));
    }

    /// <inheritdoc />
    public override unsafe void ConvLstm(
        Tensor cellNext, Tensor hidden, Tensor gates, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias,
        Tensor cell)
    {
        var gateShape = hidden.Shape with { C = GateOrder.Gates * hidden.Shape.C };
        var operands = stackalloc Conv2dOperand[terms.Length];
        var shape = Describe(terms, gateShape, 1, operands);
        var sum = new ReadOnlySpan<Conv2dOperand>(operands, terms.Length);
        Count(Conv2dKernels.ForwardLstmCellScratch(sum, shape, threads));
        if (!gates.Exists && !Conv2dKernels.IsFused(sum, shape))
            Pool.Return(Pool.Rent(gateShape.Count));
    }

    /// <inheritdoc />
    public override void SumOfSquares(Tensor sum, Tensor x) =>
        // The real device rents room for partial sums.
        Pool.Return(Pool.Rent(2L * SumOfSquaresKernels.PartCount(x.Shape.Count)));

    private void Count(in ScratchSize scratch) => _workspace = ScratchSize.Max(_workspace, scratch);

    private unsafe Conv2dShape Describe(
        ReadOnlySpan<Conv2dTerm> terms, Shape y, int stride, Conv2dOperand* operands)
    {
        var shape = WithoutTerms(y);
        for (int i = 0; i < terms.Length; i++)
        {
            ref readonly var term = ref terms[i];
            shape = Describe(term, y, stride, out bool isConstant);
            operands[i] = new Conv2dOperand
            {
                Dx = Mark(terms, term.Dx, i, weight: false),
                Dw = Mark(terms, term.Dw, i, weight: true),
                Channels = shape.C,
                Kernel = shape.Kernel,
                IsConstant = isConstant,
            };
            // A forward pass is one convolution, a backward pass one per gradient; a constant map costs one pixel.
            int passes = term.Dx.Exists || term.Dw.Exists ? (term.Dx.Exists ? 1 : 0) + (term.Dw.Exists ? 1 : 0) : 1;
            long pixels = isConstant ? (long)shape.OutH * shape.OutW : 1;
            MultiplyAccumulates += passes * shape.MultiplyAccumulates / pixels;
        }

        return shape;
    }

    // Stands for an address: gradients in the same memory get the same one.
    private static unsafe float* Mark(
        ReadOnlySpan<Conv2dTerm> terms, Tensor gradient, int last, bool weight)
    {
        if (!gradient.Exists)
            return null;
        for (int i = 0; i < last; i++)
        {
            var other = weight ? terms[i].Dw : terms[i].Dx;
            if (other.Exists && other.Buffer == gradient.Buffer && other.Offset == gradient.Offset)
                return (float*)null + i + 1;
        }

        return (float*)null + last + 1;
    }

    private sealed class Nothing : DeviceBuffer
    {
        private readonly PlanningDevice _device;

        public Nothing(PlanningDevice device, long count)
            : base(count)
        {
            _device = device;
            device.BufferElements += count;
        }

        protected override void Free() => _device.BufferElements -= Capacity;
    }
}
