using Gqn.Native.Engine.Tensors;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Random;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Engine.Devices;

/// <summary>A device without memory: runs a model for its shapes alone and adds up what a step will cost.</summary>
/// <remarks>
/// It rents from the same pool in the same order as a real device, so the bytes are those of a real run; buffers hold
/// nothing, and everything downloaded is zero.
/// </remarks>
/// <param name="threads">Threads of the processor that is planned for: each has a workspace.</param>
public sealed class PlanningDevice(int threads) : Device
{
    private ScratchSize _workspace;

    /// <summary>Multiply-accumulates of all convolutions and matrix products so far, padding taps counted.</summary>
    public long MultiplyAccumulates { get; private set; }

    /// <inheritdoc />
    public override string Description => "plan";

    /// <inheritdoc />
    public override bool HoldsValues => false;

    /// <inheritdoc />
    public override long WorkspaceBytes => _workspace.Bytes(threads);

    /// <inheritdoc />
    public override DeviceBuffer CreateBuffer(long count) => new Nothing(this, count);

    /// <inheritdoc />
    public override void Upload(ReadOnlySpan<float> source, Tensor destination)
    {
    }

    /// <inheritdoc />
    public override void Download(Tensor source, Span<float> destination) => destination.Clear();

    /// <inheritdoc />
    public override void Fill(Tensor t, float value)
    {
    }

    /// <inheritdoc />
    public override void Unary<TOp>(Tensor y, Tensor x, TOp op)
    {
    }

    /// <inheritdoc />
    public override void UnaryBackward<TOp>(Tensor dx, float beta, Tensor dy, Tensor x, Tensor y, TOp op)
    {
    }

    /// <inheritdoc />
    public override void Binary<TOp>(Tensor y, Tensor a, Tensor b, TOp op)
    {
    }

    /// <inheritdoc />
    public override void BinaryBackwardA<TOp>(Tensor da, float beta, Tensor dy, Tensor a, Tensor b, TOp op)
    {
    }

    /// <inheritdoc />
    public override void BinaryBackwardB<TOp>(Tensor db, float beta, Tensor dy, Tensor a, Tensor b, TOp op)
    {
    }

    /// <inheritdoc />
    public override void Broadcast(Tensor y, float beta, Tensor x, float scale)
    {
    }

    /// <inheritdoc />
    public override void Sum(Tensor y, float beta, Tensor x, float scale)
    {
    }

    /// <inheritdoc />
    public override void CopyChannels(Tensor y, int yFirst, float beta, Tensor x, int xFirst, int count)
    {
    }

    /// <inheritdoc />
    public override void MatMul(Tensor c, float beta, Tensor a, Tensor b, bool transposeA, bool transposeB)
    {
        long inner = transposeA ? a.Shape.Pixels : a.Shape.C;
        MultiplyAccumulates += c.Shape.Count * inner;
        _workspace = ScratchSize.Max(_workspace, Gemm.Scratch((int)c.Shape.Pixels, c.Shape.C, (int)inner, threads));
    }

    /// <inheritdoc />
    public override void Conv2d(
        Tensor y, float beta, Tensor x, Tensor w, Tensor bias, in Conv2dShape shape, Activation activation)
    {
        MultiplyAccumulates += shape.MultiplyAccumulates;
        _workspace = ScratchSize.Max(_workspace, Kernels.Cpu.Conv2d.ForwardScratch(shape, threads));
    }

    /// <inheritdoc />
    public override void Conv2dBackwardInput(Tensor dx, float beta, Tensor dy, Tensor w, in Conv2dShape shape)
    {
        MultiplyAccumulates += shape.MultiplyAccumulates;
        _workspace = ScratchSize.Max(_workspace, Kernels.Cpu.Conv2d.BackwardInputScratch(shape, threads));
    }

    /// <inheritdoc />
    public override void Conv2dBackwardWeight(Tensor dw, float beta, Tensor dy, Tensor x, in Conv2dShape shape)
    {
        MultiplyAccumulates += shape.MultiplyAccumulates;
        _workspace = ScratchSize.Max(_workspace, Kernels.Cpu.Conv2d.BackwardWeightScratch(shape));
    }

    /// <inheritdoc />
    public override void LstmCell(Tensor cellNext, Tensor hidden, Tensor gates, Tensor cell)
    {
    }

    /// <inheritdoc />
    public override void LstmCellBackward(
        Tensor dGates, Tensor dCell, float beta, Tensor dHidden, Tensor dCellNext, Tensor gates, Tensor cell)
    {
    }

    /// <inheritdoc />
    public override void GaussianLatent(Tensor z, Tensor kl, Tensor posterior, Tensor prior, PhiloxKey key)
    {
    }

    /// <inheritdoc />
    public override void GaussianLatentBackward(
        Tensor dPosterior, float betaQ, Tensor dPrior, float betaP, Tensor dz, Tensor dKl, Tensor posterior,
        Tensor prior, PhiloxKey key)
    {
    }

    /// <inheritdoc />
    public override void AdamStep(
        Tensor values, Tensor gradients, Tensor firstMoments, Tensor secondMoments, in AdamStep step)
    {
    }

    /// <inheritdoc />
    public override double SumOfSquares(Tensor x)
    {
        // The real device rents room for partial sums.
        Pool.Return(Pool.Rent(2L * SumOfSquaresKernels.PartCount(x.Shape.Count)));
        return 0;
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
