using Gqn.Native.Kernels.Gpu;

namespace Gqn.Native.Engine;

/// <summary>A GPU through CUDA or OpenCL, or ILGPU's simulator of one.</summary>
/// <remarks>
/// Calls return at once; the device works through them in order. Only <see cref="Download"/> waits for it.
/// </remarks>
public sealed partial class GpuDevice : Device
{
    private readonly GpuContext _context;

    /// <summary>Opens a device.</summary>
    /// <param name="name">"cuda:0", "opencl:0" or "simulator"; without an index, the first one.</param>
    /// <param name="precision">Precision of the operands of convolutions and matrix products; null for the device's
    /// default: tf32 if it has tensor cores, else fp32.</param>
    /// <exception cref="GpuException">There is no such device, or it cannot be used like this; the message says what
    /// helps.</exception>
    public GpuDevice(string name, Precision? precision = null)
    {
        _context = GpuContext.Open(name, (MatrixPrecision?)precision);
        _zero = CreateStepValue<uint>();
    }

    /// <summary>Precision of the operands of convolutions and matrix products; sums are always fp32.</summary>
    public Precision Precision => (Precision)_context.Precision;

    /// <summary>Kernels launched so far.</summary>
    public long Launches => _context.Launches;

    /// <summary>Total memory of the device in bytes; 0 if unknown.</summary>
    public long MemoryBytes => _context.Info.MemoryBytes;

    /// <inheritdoc />
    public override string Description =>
        $"{_context.Info.Name}, {_context.Info.Title}, {Precision.ToString().ToLowerInvariant()}";

    /// <inheritdoc />
    public override bool IsAsynchronous => true;

    /// <inheritdoc />
    public override long WorkspaceBytes => _context.ScratchBytes;

    /// <inheritdoc />
    public override DeviceBuffer CreateBuffer(long count) => new Memory(this, count);

    /// <inheritdoc />
    public override void Upload(ReadOnlySpan<float> source, Tensor destination) =>
        _context.Upload(source[..(int)destination.Shape.Count], At(destination));

    /// <inheritdoc />
    public override void Download(Tensor source, Span<float> destination) =>
        _context.Download(At(source), destination[..(int)source.Shape.Count]);

    /// <inheritdoc />
    public override void Fill(Tensor t, float value) => PointwiseKernels.Fill(_context, At(t), t.Shape.Count, value);

    /// <inheritdoc />
    public override void Unary<TOp>(Tensor y, Tensor x, TOp op) =>
        PointwiseKernels.Unary(_context, At(y), At(x), y.Shape.Count, op);

    /// <inheritdoc />
    public override void UnaryBackward<TOp>(Tensor dx, float beta, Tensor dy, Tensor x, Tensor y, TOp op) =>
        PointwiseKernels.UnaryBackward(_context, At(dx), beta, At(dy), At(x), At(y), dx.Shape.Count, op);

    /// <inheritdoc />
    public override void Binary<TOp>(Tensor y, Tensor a, Tensor b, TOp op) =>
        PointwiseKernels.Binary(_context, At(y), At(a), At(b), y.Shape.Count, op);

    /// <inheritdoc />
    public override void BinaryBackwardA<TOp>(Tensor da, float beta, Tensor dy, Tensor a, Tensor b, TOp op) =>
        PointwiseKernels.BinaryBackwardA(_context, At(da), beta, At(dy), At(a), At(b), da.Shape.Count, op);

    /// <inheritdoc />
    public override void BinaryBackwardB<TOp>(Tensor db, float beta, Tensor dy, Tensor a, Tensor b, TOp op) =>
        PointwiseKernels.BinaryBackwardB(_context, At(db), beta, At(dy), At(a), At(b), db.Shape.Count, op);

    /// <inheritdoc />
    public override void Broadcast(Tensor y, float beta, Tensor x, float scale) =>
        BroadcastKernels.Broadcast(_context, At(y), beta, At(x), Between(x.Shape, y.Shape), scale);

    /// <inheritdoc />
    public override void Sum(Tensor y, float beta, Tensor x, float scale) =>
        BroadcastKernels.Sum(_context, At(y), beta, At(x), Between(y.Shape, x.Shape), scale);

    /// <inheritdoc />
    public override void CopyChannels(Tensor y, int yFirst, float beta, Tensor x, int xFirst, int count) =>
        ChannelKernels.Copy(
            _context, At(y), y.Shape.C, yFirst, beta, At(x), x.Shape.C, xFirst, count, y.Shape.Pixels);

    /// <inheritdoc />
    public override void DepthToSpace(Tensor y, Tensor x, int scale) =>
        DepthToSpaceKernels.Forward(_context, At(y), At(x), x.Shape.N * x.Shape.H, x.Shape.W, y.Shape.C, scale);

    /// <inheritdoc />
    public override void SpaceToDepth(Tensor y, float beta, Tensor x, int scale) =>
        DepthToSpaceKernels.Backward(
            _context, At(y), beta, At(x), y.Shape.N * y.Shape.H, y.Shape.W, x.Shape.C, scale);

    /// <inheritdoc />
    public override void Gather(
        Tensor y, float beta, Tensor x, Tensor starts, Tensor columns, Tensor weights) => GatherKernels.Forward(
        _context, At(y), beta, At(x), At(starts), At(columns), At(weights),
        Gathering(y.Shape, x.Shape, columns.Shape));

    /// <inheritdoc />
    public override void MatMul(Tensor c, Tensor addend, Tensor a, Tensor b, bool transposeA, bool transposeB) =>
        MatMulKernels.Multiply(
            _context, At(c), At(addend), At(a), At(b), Product(c, a, transposeA, transposeB));

    /// <inheritdoc />
    public override void MatMulBackward(
        Tensor da, float betaA, Tensor db, float betaB, Tensor dy, Tensor a, Tensor b) =>
        MatMulKernels.Backward(
            _context, At(da), betaA != 0f, At(db), betaB != 0f, At(dy), At(a), At(b), Product(dy, a, false, false));

    /// <inheritdoc />
    public override void GaussianLatent(Tensor z, Tensor kl, Tensor posterior, Tensor prior, Noise noise) =>
        GaussianLatentKernels.Forward(
            _context, At(z), At(kl), At(posterior), At(prior), noise.Relative, OriginOf(noise), z.Shape.Pixels,
            z.Shape.C);

    /// <inheritdoc />
    public override void GaussianLatentBackward(
        Tensor dPosterior, float betaQ, Tensor dPrior, float betaP, Tensor dz, Tensor dKl, Tensor posterior,
        Tensor prior, Noise noise) =>
        GaussianLatentKernels.Backward(
            _context,
            new GaussianLatentGradients
            {
                DPosterior = At(dPosterior),
                BetaQ = betaQ,
                DPrior = At(dPrior),
                BetaP = betaP,
                Dz = At(dz),
                DKl = At(dKl),
                Posterior = At(posterior),
                Prior = At(prior),
                Key = noise.Relative,
                Origin = OriginOf(noise),
                Rows = posterior.Shape.Pixels,
                Channels = posterior.Shape.C / 2,
            });

    /// <inheritdoc />
    public override void SumOfSquares(Tensor sum, Tensor x) =>
        SumOfSquaresKernels.Compute(_context, At(sum), At(x), x.Shape.Count);

    /// <summary>Waits until all work is done; for measurements.</summary>
    public void Synchronize() => _context.Synchronize();

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (!disposing)
            return;
        _stepValues?.Dispose();
        _context.Dispose();
    }

    private static GpuArray At(Tensor t) => t.Exists ? new GpuArray(((Memory)t.Buffer).Block, t.Offset) : default;

    private sealed class Memory : DeviceBuffer
    {
        private readonly GpuDevice _device;
        private bool _isFreed;

        public Memory(GpuDevice device, long count)
            : base(count)
        {
            _device = device;
            Block = device._context.Allocate(count);
            device.BufferElements += count;
        }

        public GpuMemory Block { get; }

        protected override void Free()
        {
            if (_isFreed)
                return;
            _isFreed = true;
            Block.Dispose();
            _device.BufferElements -= Capacity;
        }
    }
}
