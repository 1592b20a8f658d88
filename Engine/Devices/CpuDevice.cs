using System.Runtime.InteropServices;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Engine;

/// <summary>The processor, through managed SIMD code: needs no driver and no native library.</summary>
public sealed unsafe partial class CpuDevice : Device
{
    private const int Alignment = 64;
    private readonly CpuWorkspace _workspace;

    /// <summary>A device with its own worker threads.</summary>
    /// <param name="threads">Threads that compute, the caller's among them; 0 takes one per processor.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative or above 1024.</exception>
    public CpuDevice(int threads = 0)
        : this(threads, Simd.Level)
    {
    }

    /// <summary>A device with a lower SIMD level than the processor's, for tests.</summary>
    internal CpuDevice(int threads, SimdLevel level)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, 1024);
        _workspace = new CpuWorkspace(threads == 0 ? Environment.ProcessorCount : threads, level);
    }

    /// <summary>Threads that compute, the caller's among them.</summary>
    public int Threads => _workspace.Pool.Threads;

    /// <inheritdoc />
    public override int ProcessorThreads => Threads;

    /// <inheritdoc />
    public override string Description =>
        $"CPU, {Threads} {(Threads == 1 ? "thread" : "threads")}, {_workspace.Level switch
        {
            SimdLevel.Vector512 => "512-bit SIMD",
            SimdLevel.Vector256 => "256-bit SIMD",
            _ => "scalar",
        }}";

    /// <inheritdoc />
    public override long WorkspaceBytes => _workspace.ScratchBytes;

    /// <inheritdoc />
    public override DeviceBuffer CreateBuffer(long count) => new Memory(this, count);

    /// <inheritdoc />
    public override void Upload(ReadOnlySpan<float> source, Tensor destination) =>
        source[..(int)destination.Shape.Count].CopyTo(new Span<float>(At(destination), (int)destination.Shape.Count));

    /// <inheritdoc />
    public override void Download(Tensor source, Span<float> destination) =>
        new ReadOnlySpan<float>(At(source), (int)source.Shape.Count).CopyTo(destination);

    /// <inheritdoc />
    public override void Fill(Tensor t, float value) => PointwiseKernels.Fill(_workspace, At(t), t.Shape.Count, value);

    /// <inheritdoc />
    public override void Unary<TOp>(Tensor y, Tensor x, TOp op) =>
        PointwiseKernels.Unary(_workspace, At(y), At(x), y.Shape.Count, op);

    /// <inheritdoc />
    public override void UnaryBackward<TOp>(Tensor dx, float beta, Tensor dy, Tensor x, Tensor y, TOp op) =>
        PointwiseKernels.UnaryBackward(_workspace, At(dx), beta, At(dy), At(x), At(y), dx.Shape.Count, op);

    /// <inheritdoc />
    public override void Binary<TOp>(Tensor y, Tensor a, Tensor b, TOp op) =>
        PointwiseKernels.Binary(_workspace, At(y), At(a), At(b), y.Shape.Count, op);

    /// <inheritdoc />
    public override void BinaryBackwardA<TOp>(Tensor da, float beta, Tensor dy, Tensor a, Tensor b, TOp op) =>
        PointwiseKernels.BinaryBackwardA(_workspace, At(da), beta, At(dy), At(a), At(b), da.Shape.Count, op);

    /// <inheritdoc />
    public override void BinaryBackwardB<TOp>(Tensor db, float beta, Tensor dy, Tensor a, Tensor b, TOp op) =>
        PointwiseKernels.BinaryBackwardB(_workspace, At(db), beta, At(dy), At(a), At(b), db.Shape.Count, op);

    /// <inheritdoc />
    public override void Broadcast(Tensor y, float beta, Tensor x, float scale) =>
        BroadcastKernels.Broadcast(_workspace, At(y), beta, At(x), Between(x.Shape, y.Shape), scale);

    /// <inheritdoc />
    public override void Sum(Tensor y, float beta, Tensor x, float scale) =>
        BroadcastKernels.Sum(_workspace, At(y), beta, At(x), Between(y.Shape, x.Shape), scale);

    /// <inheritdoc />
    public override void CopyChannels(Tensor y, int yFirst, float beta, Tensor x, int xFirst, int count) =>
        ChannelKernels.Copy(
            _workspace, At(y), y.Shape.C, yFirst, beta, At(x), x.Shape.C, xFirst, count, y.Shape.Pixels);

    /// <inheritdoc />
    public override void DepthToSpace(Tensor y, Tensor x, int scale) =>
        DepthToSpaceKernels.Forward(
            _workspace, At(y), At(x), x.Shape.N * x.Shape.H, x.Shape.W, y.Shape.C, scale);

    /// <inheritdoc />
    public override void SpaceToDepth(Tensor y, float beta, Tensor x, int scale) =>
        DepthToSpaceKernels.Backward(
            _workspace, At(y), beta, At(x), y.Shape.N * y.Shape.H, y.Shape.W, x.Shape.C, scale);

    /// <inheritdoc />
    public override void Gather(
        Tensor y, float beta, Tensor x, Tensor starts, Tensor columns, Tensor weights) => GatherKernels.Forward(
        _workspace, At(y), beta, At(x), At(starts), At(columns), At(weights),
        Gathering(y.Shape, x.Shape, columns.Shape));

    /// <inheritdoc />
    public override void MatMul(Tensor c, Tensor addend, Tensor a, Tensor b, bool transposeA, bool transposeB) =>
        MatMulKernels.Multiply(
            _workspace, At(c), At(addend), At(a), At(b), Product(c, a, transposeA, transposeB));

    /// <inheritdoc />
    public override void GaussianLatent(Tensor z, Tensor kl, Tensor posterior, Tensor prior, Noise noise) =>
        GaussianLatentKernels.Forward(
            _workspace, At(z), At(kl), At(posterior), At(prior), noise.Key, z.Shape.Pixels, z.Shape.C);

    /// <inheritdoc />
    public override void GaussianLatentBackward(
        Tensor dPosterior, float betaQ, Tensor dPrior, float betaP, Tensor dz, Tensor dKl, Tensor posterior,
        Tensor prior, Noise noise) =>
        GaussianLatentKernels.Backward(
            _workspace,
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
                Key = noise.Key,
                Rows = posterior.Shape.Pixels,
                Channels = posterior.Shape.C / 2,
            });

    /// <inheritdoc />
    public override void AdamStep(
        Tensor values, Tensor gradients, Tensor firstMoments, Tensor secondMoments, in AdamStep step,
        Tensor squaredNorm, float clipNorm)
    {
        float* norm = At(squaredNorm);
        if (!float.IsFinite(norm[0]))
            norm[1] = 1f;
        if (norm[1] != 0f)
            return;
        double length = Math.Sqrt(norm[0]);
        AdamStepKernels.Update(
            _workspace, At(values), At(gradients), At(firstMoments), At(secondMoments), values.Shape.Count,
            clipNorm > 0f && length > clipNorm ? step with { GradientScale = (float)(clipNorm / length) } : step);
    }

    /// <inheritdoc />
    public override void SumOfSquares(Tensor sum, Tensor x)
    {
        int parts = SumOfSquaresKernels.PartCount(x.Shape.Count);
        var buffer = Pool.Rent(2L * parts);
        *At(sum) = (float)SumOfSquaresKernels.Compute(
            _workspace, At(x), x.Shape.Count, (double*)((Memory)buffer).Pointer);
        Pool.Return(buffer);
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
            _workspace.Dispose();
    }

    private static float* At(Tensor t) => t.Exists ? ((Memory)t.Buffer).Pointer + t.Offset : null;

    private sealed class Memory : DeviceBuffer
    {
        private readonly CpuDevice _device;

        public Memory(CpuDevice device, long count)
            : base(count)
        {
            _device = device;
            nuint bytes = (nuint)(count * sizeof(float));
            Pointer = (float*)NativeMemory.AlignedAlloc(bytes, Alignment);
            NativeMemory.Clear(Pointer, bytes);
            device.BufferElements += count;
        }

        public float* Pointer { get; private set; }

        protected override void Free()
        {
            if (Pointer is null)
                return;
            NativeMemory.AlignedFree(Pointer);
            Pointer = null;
            _device.BufferElements -= Capacity;
        }
    }
}
