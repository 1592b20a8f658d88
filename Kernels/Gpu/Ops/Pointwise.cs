using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Pointwise;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Element-wise functions and their gradients over dense arrays.</summary>
public static class PointwiseKernels
{
    /// <summary>y = f(x)</summary>
    public static void Unary<TOp>(GpuContext context, GpuArray y, GpuArray x, long count, TOp op)
        where TOp : struct, IUnaryOp
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Launch(UnaryKernel<TOp>.Forward, count, new UnaryArgs<TOp> { Y = y.View, X = x.View, Op = op });
    }

    /// <summary>dx = beta·dx + dy·f′(x); x or y may be absent if the op does not save it.</summary>
    public static void UnaryBackward<TOp>(
        GpuContext context, GpuArray dx, float beta, GpuArray dy, GpuArray x, GpuArray y, long count, TOp op)
        where TOp : struct, IUnaryOp
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Launch(
            UnaryKernel<TOp>.Backward, count,
            new UnaryBackwardArgs<TOp>
            {
                Dx = dx.View,
                Dy = dy.View,
                Saved = (TOp.Saves == Saves.Output ? y : x).ViewOr(dy),
                Add = beta == 0f ? 0 : 1,
                Op = op,
            });
    }

    /// <summary>y = f(a, b)</summary>
    public static void Binary<TOp>(GpuContext context, GpuArray y, GpuArray a, GpuArray b, long count, TOp op)
        where TOp : struct, IBinaryOp
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Launch(
            BinaryKernel<TOp>.Forward, count, new BinaryArgs<TOp> { Y = y.View, A = a.View, B = b.View, Op = op });
    }

    /// <summary>da = beta·da + dy·∂f/∂a</summary>
    public static void BinaryBackwardA<TOp>(
        GpuContext context, GpuArray da, float beta, GpuArray dy, GpuArray a, GpuArray b, long count, TOp op)
        where TOp : struct, IBinaryOp
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Launch(BinaryKernel<TOp>.BackwardA, count, Gradient(da, beta, dy, a, b, op));
    }

    /// <summary>db = beta·db + dy·∂f/∂b</summary>
    public static void BinaryBackwardB<TOp>(
        GpuContext context, GpuArray db, float beta, GpuArray dy, GpuArray a, GpuArray b, long count, TOp op)
        where TOp : struct, IBinaryOp
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Launch(BinaryKernel<TOp>.BackwardB, count, Gradient(db, beta, dy, a, b, op));
    }

    /// <summary>y = f(x), where the parameters of f are read from memory.</summary>
    public static void StoredUnary<TOp>(GpuContext context, GpuArray y, GpuArray x, long count, GpuArray op)
        where TOp : unmanaged, IChangingUnaryOp => Unary(context, y, x, count, new StoredUnaryOp<TOp>(op));

    /// <summary>dx = beta·dx + dy·f′(x), where the parameters of f are read from memory.</summary>
    public static void StoredUnaryBackward<TOp>(
        GpuContext context, GpuArray dx, float beta, GpuArray dy, GpuArray x, GpuArray y, long count, GpuArray op)
        where TOp : unmanaged, IChangingUnaryOp =>
        UnaryBackward(context, dx, beta, dy, x, y, count, new StoredUnaryOp<TOp>(op));

    /// <summary>y = f(a, b), where the parameters of f are read from memory.</summary>
    public static void StoredBinary<TOp>(
        GpuContext context, GpuArray y, GpuArray a, GpuArray b, long count, GpuArray op)
        where TOp : unmanaged, IChangingBinaryOp => Binary(context, y, a, b, count, new StoredBinaryOp<TOp>(op));

    /// <summary>da = beta·da + dy·∂f/∂a, where the parameters of f are read from memory.</summary>
    public static void StoredBinaryBackwardA<TOp>(
        GpuContext context, GpuArray da, float beta, GpuArray dy, GpuArray a, GpuArray b, long count, GpuArray op)
        where TOp : unmanaged, IChangingBinaryOp =>
        BinaryBackwardA(context, da, beta, dy, a, b, count, new StoredBinaryOp<TOp>(op));

    /// <summary>db = beta·db + dy·∂f/∂b, where the parameters of f are read from memory.</summary>
    public static void StoredBinaryBackwardB<TOp>(
        GpuContext context, GpuArray db, float beta, GpuArray dy, GpuArray a, GpuArray b, long count, GpuArray op)
        where TOp : unmanaged, IChangingBinaryOp =>
        BinaryBackwardB(context, db, beta, dy, a, b, count, new StoredBinaryOp<TOp>(op));

    /// <summary>y[i] = value for every i.</summary>
    public static void Fill(GpuContext context, GpuArray y, long count, float value)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Launch(FillKernel.Forward, count, new FillArgs { Y = y.View, Value = value });
    }

    private static BinaryBackwardArgs<TOp> Gradient<TOp>(
        GpuArray d, float beta, GpuArray dy, GpuArray a, GpuArray b, TOp op) where TOp : struct, IBinaryOp =>
        new() { D = d.View, Dy = dy.View, A = a.View, B = b.View, Add = beta == 0f ? 0 : 1, Op = op };

    internal struct UnaryArgs<TOp> where TOp : struct, IUnaryOp
    {
        public ArrayView<float> Y, X;
        public TOp Op;
    }

    internal struct UnaryBackwardArgs<TOp> where TOp : struct, IUnaryOp
    {
        public ArrayView<float> Dx, Dy, Saved;
        public int Add;
        public TOp Op;
    }

    internal struct BinaryArgs<TOp> where TOp : struct, IBinaryOp
    {
        public ArrayView<float> Y, A, B;
        public TOp Op;
    }

    internal struct BinaryBackwardArgs<TOp> where TOp : struct, IBinaryOp
    {
        public ArrayView<float> D, Dy, A, B;
        public int Add;
        public TOp Op;
    }

    internal struct FillArgs
    {
        public ArrayView<float> Y;
        public float Value;
    }

    internal static class UnaryKernel<TOp> where TOp : struct, IUnaryOp
    {
        public static readonly KernelHandle<UnaryArgs<TOp>> Forward = new(UnaryForward);
        public static readonly KernelHandle<UnaryBackwardArgs<TOp>> Backward = new(UnaryBackward);

        private static void UnaryForward(Index1D i, UnaryArgs<TOp> args) =>
            args.Y[i] = args.Op.Forward(new F32(args.X[i])).Value;

        private static void UnaryBackward(Index1D i, UnaryBackwardArgs<TOp> args)
        {
            // The op reads only one of the two, so the saved array can stand for both.
            var saved = new F32(args.Saved[i]);
            float gradient = args.Dy[i] * args.Op.Derivative(saved, saved).Value;
            args.Dx[i] = args.Add != 0 ? args.Dx[i] + gradient : gradient;
        }
    }

    internal static class BinaryKernel<TOp> where TOp : struct, IBinaryOp
    {
        public static readonly KernelHandle<BinaryArgs<TOp>> Forward = new(BinaryForward);
        public static readonly KernelHandle<BinaryBackwardArgs<TOp>> BackwardA = new(BinaryBackwardA);
        public static readonly KernelHandle<BinaryBackwardArgs<TOp>> BackwardB = new(BinaryBackwardB);

        private static void BinaryForward(Index1D i, BinaryArgs<TOp> args) =>
            args.Y[i] = args.Op.Forward(new F32(args.A[i]), new F32(args.B[i])).Value;

        private static void BinaryBackwardA(Index1D i, BinaryBackwardArgs<TOp> args)
        {
            float gradient = args.Dy[i] * args.Op.DerivativeA(new F32(args.A[i]), new F32(args.B[i])).Value;
            args.D[i] = args.Add != 0 ? args.D[i] + gradient : gradient;
        }

        private static void BinaryBackwardB(Index1D i, BinaryBackwardArgs<TOp> args)
        {
            float gradient = args.Dy[i] * args.Op.DerivativeB(new F32(args.A[i]), new F32(args.B[i])).Value;
            args.D[i] = args.Add != 0 ? args.D[i] + gradient : gradient;
        }
    }

    internal static class FillKernel
    {
        public static readonly KernelHandle<FillArgs> Forward = new(Fill);

        private static void Fill(Index1D i, FillArgs args) => args.Y[i] = args.Value;
    }
}
