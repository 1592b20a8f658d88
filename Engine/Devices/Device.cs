using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Engine;

/// <summary>Memory and the primitives on it: all that the engine knows about hardware.</summary>
/// <remarks>
/// Outputs come first, then inputs, then parameters. beta is as in BLAS: 0 overwrites the output without reading it, 1
/// accumulates into it. The calling ops check shapes; a primitive trusts them. An absent tensor (default) means zero
/// where a parameter says so.
/// </remarks>
public abstract class Device : IDisposable
{
    /// <summary>A device with an empty pool.</summary>
    protected Device() => Pool = new BufferPool(this);

    /// <summary>Lends the memory of activations and gradients.</summary>
    public BufferPool Pool { get; }

    /// <summary>What the device is, human-readable.</summary>
    public abstract string Description { get; }

    /// <summary>
    /// True if calls return before their work is done, so that reading a value waits for all earlier work.
    /// </summary>
    public virtual bool IsAsynchronous => false;

    /// <summary>Processor threads that compute, the caller's among them; 0 if something else computes.</summary>
    public virtual int ProcessorThreads => 0;

    /// <summary>False if tensors have a shape but no content, so that initial values need not be computed.</summary>
    public virtual bool HoldsValues => true;

    /// <summary>Bytes per element of this device's tensors.</summary>
    public virtual int ElementSize => sizeof(float);

    /// <summary>Bytes of all buffers that exist now: pooled, parameter arenas and kernel workspace.</summary>
    public long AllocatedBytes => (BufferElements * ElementSize) + WorkspaceBytes;

    /// <summary>Bytes of scratch memory that the kernels keep between calls.</summary>
    public virtual long WorkspaceBytes => 0;

    /// <summary>What the device does less well than it was asked to, and why; null while there is nothing.</summary>
    public virtual string? Warning => null;

    /// <summary>The values that change from step to step.</summary>
    internal StepMemory StepMemory { get; } = new();

    /// <summary>Elements of all buffers that exist now.</summary>
    protected long BufferElements { get; set; }

    /// <summary>
    /// Allocates <paramref name="count"/> elements, zeroed. The caller owns them; the pool is for short-lived memory.
    /// </summary>
    public abstract DeviceBuffer CreateBuffer(long count);

    /// <summary>Copies host to device, in the tensor's memory order; for weights, see <see cref="Shape"/>.</summary>
    public abstract void Upload(ReadOnlySpan<float> source, Tensor destination);

    /// <summary>Copies device to host, in the tensor's memory order: the only call that waits for the device.</summary>
    public abstract void Download(Tensor source, Span<float> destination);

    /// <summary>Sets every element of t to value.</summary>
    public abstract void Fill(Tensor t, float value);

    /// <summary>y = f(x)</summary>
    public abstract void Unary<TOp>(Tensor y, Tensor x, TOp op) where TOp : unmanaged, IUnaryOp;

    /// <summary>dx = beta·dx + dy·f′(x); x or y may be absent if the op does not save it.</summary>
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

    /// <summary>y = f(x), with the parameters of f as they are when the op runs.</summary>
    public virtual void Unary<TOp>(Tensor y, Tensor x, StepValue<TOp> op) where TOp : unmanaged, IChangingUnaryOp =>
        Unary(y, x, op.Value);

    /// <summary>dx = beta·dx + dy·f′(x), with the parameters of f as they are when the op runs.</summary>
    public virtual void UnaryBackward<TOp>(Tensor dx, float beta, Tensor dy, Tensor x, Tensor y, StepValue<TOp> op)
        where TOp : unmanaged, IChangingUnaryOp => UnaryBackward(dx, beta, dy, x, y, op.Value);

    /// <summary>y = f(a, b), with the parameters of f as they are when the op runs.</summary>
    public virtual void Binary<TOp>(Tensor y, Tensor a, Tensor b, StepValue<TOp> op)
        where TOp : unmanaged, IChangingBinaryOp => Binary(y, a, b, op.Value);

    /// <summary>da = beta·da + dy·∂f/∂a, with the parameters of f as they are when the op runs.</summary>
    public virtual void BinaryBackwardA<TOp>(
        Tensor da, float beta, Tensor dy, Tensor a, Tensor b, StepValue<TOp> op)
        where TOp : unmanaged, IChangingBinaryOp => BinaryBackwardA(da, beta, dy, a, b, op.Value);

    /// <summary>db = beta·db + dy·∂f/∂b, with the parameters of f as they are when the op runs.</summary>
    public virtual void BinaryBackwardB<TOp>(
        Tensor db, float beta, Tensor dy, Tensor a, Tensor b, StepValue<TOp> op)
        where TOp : unmanaged, IChangingBinaryOp => BinaryBackwardB(db, beta, dy, a, b, op.Value);

    /// <summary>y = beta·y + scale·x, with x broadcast along its axes of length 1.</summary>
    public abstract void Broadcast(Tensor y, float beta, Tensor x, float scale);

    /// <summary>
    /// y = beta·y + scale·(x summed over the axes where y has length 1): the adjoint of <see cref="Broadcast"/>.
    /// </summary>
    public abstract void Sum(Tensor y, float beta, Tensor x, float scale);

    /// <summary>
    /// Channels [yFirst, yFirst + count) of y = beta·y + channels [xFirst, xFirst + count) of x.
    /// </summary>
    public abstract void CopyChannels(Tensor y, int yFirst, float beta, Tensor x, int xFirst, int count);

    /// <summary>
    /// y[n, c, h·s + i, w·s + j] = x[n, (i·s + j)·C + c, h, w], where C is the number of channels of y and s the scale.
    /// </summary>
    public abstract void DepthToSpace(Tensor y, Tensor x, int scale);

    /// <summary>
    /// y[n, (i·s + j)·C + c, h, w] = beta·y + x[n, c, h·s + i, w·s + j], where C is the number of channels of x: the
    /// adjoint of <see cref="DepthToSpace"/>.
    /// </summary>
    public abstract void SpaceToDepth(Tensor y, float beta, Tensor x, int scale);

    /// <summary>
    /// y[n, r] = beta·y[n, r] + Σₑ weights[n, e] · x[n, columns[n, e]] for the pixels r of y and e from starts[n, r] to
    /// below starts[n, r + 1]: per image, a sparse matrix times the matrix of its pixels.
    /// </summary>
    public abstract void Gather(Tensor y, float beta, Tensor x, Tensor starts, Tensor columns, Tensor weights);

    /// <summary>
    /// c = addend + op(a)·op(b) on the matrices [pixels, channels] of the tensors; op is the identity or the transpose.
    /// The addend may be absent, or c itself.
    /// </summary>
    public abstract void MatMul(Tensor c, Tensor addend, Tensor a, Tensor b, bool transposeA, bool transposeB);

    /// <summary>
    /// da = betaA·da + dy·bᵀ and db = betaB·db + aᵀ·dy: the gradients of a product a·b; an absent one is not computed.
    /// </summary>
    public virtual void MatMulBackward(Tensor da, float betaA, Tensor db, float betaB, Tensor dy, Tensor a, Tensor b)
    {
        if (da.Exists)
            MatMul(da, betaA == 0f ? default : da, dy, b, false, true);
        if (db.Exists)
            MatMul(db, betaB == 0f ? default : db, a, dy, true, false);
    }

    /// <summary>y = activation(addend + Σ x ∗ w + bias)</summary>
    /// <param name="y">(N, K, H / stride, W / stride)</param>
    /// <param name="addend">Same shape as y, may be y itself; absent for zero.</param>
    /// <param name="terms">All give the shape of y; may be empty if there is an addend.</param>
    /// <param name="bias">(1, K, 1, 1), or absent for zero.</param>
    /// <param name="stride">1 with an odd kernel, or the kernel size.</param>
    /// <param name="activation">Applied to the sum.</param>
    public abstract void Conv2d(
        Tensor y, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias, int stride, Activation activation);

    /// <summary>
    /// The adjoints of the convolutions with respect to x and w, applied to dy. With Dx alone, this is also the forward
    /// pass of a transposed convolution. Gradients must not overlap dy.
    /// </summary>
    public abstract void Conv2dBackward(ReadOnlySpan<Conv2dTerm> terms, Tensor dy, int stride);

    /// <summary>
    /// c′ = σ(f)·c + σ(i)·tanh(g), h = σ(o)·tanh(c′) with the pre-activations (i, f, g, o) = addend + Σ x ∗ w + bias in
    /// <see cref="GateOrder"/>.
    /// </summary>
    /// <param name="cellNext">c′, (N, hidden, H, W)</param>
    /// <param name="hidden">h, (N, hidden, H, W)</param>
    /// <param name="gates">
    /// Receives the activated gates σ(i), σ(f), tanh(g), σ(o) for backward, (N, 4·hidden, H, W); absent in inference.
    /// </param>
    /// <param name="addend">(N, 4·hidden, H, W); absent for zero.</param>
    /// <param name="terms">Stride 1; may be empty if there is an addend.</param>
    /// <param name="bias">(1, 4·hidden, 1, 1), or absent for zero.</param>
    /// <param name="cell">c, (N, hidden, H, W); absent for zero.</param>
    public abstract void ConvLstm(
        Tensor cellNext, Tensor hidden, Tensor gates, Tensor addend, ReadOnlySpan<Conv2dTerm> terms, Tensor bias,
        Tensor cell);

    /// <summary>
    /// dGates, the gradient with respect to the pre-activations, and dCell = beta·dCell + ..., from the activated
    /// gates; dCell, dHidden, dCellNext and cell may be absent.
    /// </summary>
    public abstract void LstmCellBackward(
        Tensor dGates, Tensor dCell, float beta, Tensor dHidden, Tensor dCellNext, Tensor gates, Tensor cell,
        Tensor cellNext);

    /// <summary>z = μq + σq·ε and KL(q‖p) per element, from [mean|log variance] tensors; kl may be absent.</summary>
    /// <param name="z">z, (N, channels, H, W)</param>
    /// <param name="kl">KL, of the same shape.</param>
    /// <param name="posterior">q, (N, 2·channels, H, W)</param>
    /// <param name="prior">p, of the same shape.</param>
    /// <param name="noise">The noise ε.</param>
    public abstract void GaussianLatent(Tensor z, Tensor kl, Tensor posterior, Tensor prior, Noise noise);

    /// <summary>
    /// dPosterior = betaQ·dPosterior + ..., dPrior = betaP·dPrior + ...; each of the four gradients may be absent.
    /// </summary>
    public abstract void GaussianLatentBackward(
        Tensor dPosterior, float betaQ, Tensor dPrior, float betaP, Tensor dz, Tensor dKl, Tensor posterior,
        Tensor prior, Noise noise);

    /// <summary>
    /// One Adam update of a whole arena, in place, without waiting: skipped if the gradient norm is, or ever was, not
    /// finite, with gradients scaled down to a norm of at most <paramref name="clipNorm"/>.
    /// </summary>
    /// <param name="values">The parameters.</param>
    /// <param name="gradients">Their gradients.</param>
    /// <param name="firstMoments">Running means of the gradients.</param>
    /// <param name="secondMoments">Running means of their squares.</param>
    /// <param name="step">The constants of the update; its gradient scale is 1.</param>
    /// <param name="squaredNorm">(1, 2, 1, 1): Σg², and a flag that stays 0 until a sum was not finite.</param>
    /// <param name="clipNorm">The largest norm; 0 for no clipping.</param>
    public abstract void AdamStep(
        Tensor values, Tensor gradients, Tensor firstMoments, Tensor secondMoments, in AdamStep step,
        Tensor squaredNorm, float clipNorm);

    /// <summary>The same, with the constants as they are when the op runs.</summary>
    public virtual void AdamStep(
        Tensor values, Tensor gradients, Tensor firstMoments, Tensor secondMoments, StepValue<AdamStep> step,
        Tensor squaredNorm, float clipNorm) =>
        AdamStep(values, gradients, firstMoments, secondMoments, step.Value, squaredNorm, clipNorm);

    /// <summary>sum = Σ x², a scalar tensor. Does not wait.</summary>
    public abstract void SumOfSquares(Tensor sum, Tensor x);

    /// <summary>Prepares work that will be done again and again, which the device may record.</summary>
    /// <param name="work">Calls the device, and neither uploads, downloads nor sets a step value.</param>
    public virtual RepeatedWork Repeat(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return new PlainWork(work);
    }

    /// <summary>A value that changes from step to step; zero at first.</summary>
    /// <typeparam name="T">The type, of 4, 8, 16 or 32 bytes.</typeparam>
    /// <exception cref="InvalidOperationException">There are too many, or the type has another size.</exception>
    public StepValue<T> CreateStepValue<T>() where T : unmanaged => new(StepMemory);

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the pool; subclasses also free what they hold.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            Pool.Dispose();
    }

    /// <summary>The kernels' description of a convolution with the output y and the weight w.</summary>
    protected static Conv2dShape Describe(Shape y, Shape w, int stride) =>
        new(y.N, w.C, y.H * stride, y.W * stride, w.N, w.H, stride);

    /// <summary>The same for a term of a sum, forward or backward.</summary>
    /// <param name="term">The term; x or its gradient exists, and w or its gradient.</param>
    /// <param name="y">The output.</param>
    /// <param name="stride">Stride of the convolution.</param>
    /// <param name="isConstant">True if the input stands for a larger map with the same value in every pixel.</param>
    protected static Conv2dShape Describe(in Conv2dTerm term, Shape y, int stride, out bool isConstant)
    {
        var shape = Describe(y, (term.W.Exists ? term.W : term.Dw).Shape, stride);
        isConstant = (term.X.Exists ? term.X : term.Dx).Shape != new Shape(shape.N, shape.C, shape.H, shape.W);
        return shape;
    }

    /// <summary>The kernels' description of a sum without terms, whose kernel size is arbitrary.</summary>
    protected static Conv2dShape WithoutTerms(Shape y) => new(y.N, 1, y.H, y.W, y.C, 1, 1);

    /// <summary>The kernels' description of a product with the result c.</summary>
    protected static MatMulShape Product(Tensor c, Tensor a, bool transposeA, bool transposeB) => new(
        checked((int)c.Shape.Pixels), c.Shape.C, transposeA ? (int)a.Shape.Pixels : a.Shape.C, transposeA, transposeB);

    /// <summary>The kernels' description of sums over pixels of x.</summary>
    protected static GatherShape Gathering(Shape y, Shape x, Shape columns) =>
        new(y.N, y.H * y.W, x.H * x.W, columns.H, y.C);

    /// <summary>The kernels' description of a broadcast between two tensors.</summary>
    protected static BroadcastShape Between(Shape small, Shape large) =>
        new(small.N, small.C, small.H, small.W, large.N, large.C, large.H, large.W);
}
