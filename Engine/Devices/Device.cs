using Gqn.Native.Engine.Tensors;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Random;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Engine.Devices;

/// <summary>Memory and the primitives on it: all that the engine knows of hardware.</summary>
/// <remarks>
/// Outputs come first, then inputs, then parameters. beta is BLAS's: 0 writes the output without reading it, 1 adds to
/// it. Shapes are checked by the ops that call; a primitive trusts them. An absent tensor (default) stands for zero
/// where a parameter says so.
/// </remarks>
public abstract class Device : IDisposable
{
    /// <summary>A device with an empty pool.</summary>
    protected Device() => Pool = new BufferPool(this);

    /// <summary>Where activations and gradients come from.</summary>
    public BufferPool Pool { get; }

    /// <summary>What the device is, for people.</summary>
    public abstract string Description { get; }

    /// <summary>False where tensors have a shape but no content, so that initial values need not be computed.</summary>
    public virtual bool HoldsValues => true;

    /// <summary>Bytes per element of this device's tensors.</summary>
    public virtual int ElementSize => sizeof(float);

    /// <summary>Bytes of all buffers that exist now: pooled, parameter arenas and kernel workspace.</summary>
    public long AllocatedBytes => (BufferElements * ElementSize) + WorkspaceBytes;

    /// <summary>Bytes that the kernels keep for themselves between calls.</summary>
    public virtual long WorkspaceBytes => 0;

    /// <summary>Elements of all buffers that exist now.</summary>
    protected long BufferElements { get; set; }

    /// <summary>
    /// New memory of <paramref name="count"/> elements, zeroed. The caller owns it; the pool is for what comes and
    /// goes.
    /// </summary>
    public abstract DeviceBuffer CreateBuffer(long count);

    /// <summary>Host to device, in the tensor's memory order. Convolution weights: see <see cref="Shape"/>.</summary>
    public abstract void Upload(ReadOnlySpan<float> source, Tensor destination);

    /// <summary>Device to host, in the tensor's memory order: the only call that waits for the device.</summary>
    public abstract void Download(Tensor source, Span<float> destination);

    /// <summary>t = value</summary>
    public abstract void Fill(Tensor t, float value);

    /// <summary>y = f(x)</summary>
    public abstract void Unary<TOp>(Tensor y, Tensor x, TOp op) where TOp : unmanaged, IUnaryOp;

    /// <summary>dx = beta·dx + dy·f′(x); x or y may be absent where the op does not save it.</summary>
    public abstract void UnaryBackward<TOp>(Tensor dx, float beta, Tensor dy, Tensor x, Tensor y, TOp op)
        where TOp : unmanaged, IUnaryOp;

    /// <summary>y = f(a, b)</summary>
    public abstract void Binary<TOp>(Tensor y, Tensor a, Tensor b, TOp op) where TOp : unmanaged, IBinaryOp;

    /// <summary>da = beta·da + dy·∂f/∂a</summary>
    public abstract void BinaryBackwardA<TOp>(Tensor da, float beta, Tensor dy, Tensor a, Tensor b, TOp op)
        where TOp : unmanaged, IBinaryOp;

    /// <summary>db = beta·db + dy·∂f/∂b</summary>
    public abstract void BinaryBackwardB<TOp>(Tensor db, float beta, Tensor dy, Tensor a, Tensor b, TOp op)
        where TOp : unmanaged, IBinaryOp;

    /// <summary>y = beta·y + scale·x, x repeated along its axes of length 1.</summary>
    public abstract void Broadcast(Tensor y, float beta, Tensor x, float scale);

    /// <summary>
    /// y = beta·y + scale·(x summed over the axes where y has length 1): the adjoint of <see cref="Broadcast"/>.
    /// </summary>
    public abstract void Sum(Tensor y, float beta, Tensor x, float scale);

    /// <summary>
    /// Channels [yFirst, yFirst + count) of y = beta·themselves + channels [xFirst, xFirst + count) of x.
    /// </summary>
    public abstract void CopyChannels(Tensor y, int yFirst, float beta, Tensor x, int xFirst, int count);

    /// <summary>
    /// c = beta·c + op(a)·op(b) on the matrices [pixels, channels] of the tensors; op transposes where told.
    /// </summary>
    public abstract void MatMul(Tensor c, float beta, Tensor a, Tensor b, bool transposeA, bool transposeB);

    /// <summary>y = activation(beta·y + x ∗ w + bias); an absent bias is zero.</summary>
    public abstract void Conv2d(
        Tensor y, float beta, Tensor x, Tensor w, Tensor bias, in Conv2dShape shape, Activation activation);

    /// <summary>
    /// dx = beta·dx + adjoint of the convolution in x, applied to dy: also the forward of a transposed convolution.
    /// </summary>
    public abstract void Conv2dBackwardInput(Tensor dx, float beta, Tensor dy, Tensor w, in Conv2dShape shape);

    /// <summary>dw = beta·dw + adjoint of the convolution in w, applied to dy.</summary>
    public abstract void Conv2dBackwardWeight(Tensor dw, float beta, Tensor dy, Tensor x, in Conv2dShape shape);

    /// <summary>c′ = σ(f)·c + σ(i)·tanh(g), h = σ(o)·tanh(c′) from gates [i|f|g|o]; an absent cell is zero.</summary>
    public abstract void LstmCell(Tensor cellNext, Tensor hidden, Tensor gates, Tensor cell);

    /// <summary>dGates, and dCell = beta·dCell + ...; dCell, dHidden, dCellNext and cell may be absent.</summary>
    public abstract void LstmCellBackward(
        Tensor dGates, Tensor dCell, float beta, Tensor dHidden, Tensor dCellNext, Tensor gates, Tensor cell);

    /// <summary>z = μq + σq·ε and KL(q‖p) per element, from [mean|log variance] tensors; kl may be absent.</summary>
    public abstract void GaussianLatent(Tensor z, Tensor kl, Tensor posterior, Tensor prior, PhiloxKey key);

    /// <summary>
    /// dPosterior = betaQ·dPosterior + ..., dPrior = betaP·dPrior + ...; each of the four gradients may be absent.
    /// </summary>
    public abstract void GaussianLatentBackward(
        Tensor dPosterior, float betaQ, Tensor dPrior, float betaP, Tensor dz, Tensor dKl, Tensor posterior,
        Tensor prior, PhiloxKey key);

    /// <summary>One Adam update of a whole arena, in place.</summary>
    public abstract void AdamStep(
        Tensor values, Tensor gradients, Tensor firstMoments, Tensor secondMoments, in AdamStep step);

    /// <summary>Σ x². Waits for the device.</summary>
    public abstract double SumOfSquares(Tensor x);

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the pool; a device adds what it holds itself.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            Pool.Dispose();
    }

    /// <summary>The kernels' description of a broadcast between two tensors.</summary>
    protected static BroadcastShape Between(Shape small, Shape large) =>
        new(small.N, small.C, small.H, small.W, large.N, large.C, large.H, large.W);
}
