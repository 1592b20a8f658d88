using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>Element-wise functions and their gradients over dense arrays.</summary>
public static unsafe class PointwiseKernels
{
    /// <summary>y = f(x)</summary>
    public static void Unary<TOp>(CpuWorkspace workspace, float* y, float* x, long count, TOp op)
        where TOp : unmanaged, IUnaryOp =>
        LaneLoop.For(workspace, count, 1, new UnaryLoop<TOp> { Y = y, X = x, Op = op });

    /// <summary>
    /// dx = beta·dx + dy·f′(x); <paramref name="x"/> or <paramref name="y"/> may be null if the op does not save it.
    /// </summary>
    public static void UnaryBackward<TOp>(
        CpuWorkspace workspace, float* dx, float beta, float* dy, float* x, float* y, long count, TOp op)
        where TOp : unmanaged, IUnaryOp =>
        LaneLoop.For(
            workspace, count, 1, new UnaryBackwardLoop<TOp> { Dx = dx, Beta = beta, Dy = dy, X = x, Y = y, Op = op });

    /// <summary>y = f(a, b)</summary>
    public static void Binary<TOp>(CpuWorkspace workspace, float* y, float* a, float* b, long count, TOp op)
        where TOp : unmanaged, IBinaryOp =>
        LaneLoop.For(workspace, count, 1, new BinaryLoop<TOp> { Y = y, A = a, B = b, Op = op });

    /// <summary>da = beta·da + dy·∂f/∂a</summary>
    public static void BinaryBackwardA<TOp>(
        CpuWorkspace workspace, float* da, float beta, float* dy, float* a, float* b, long count, TOp op)
        where TOp : unmanaged, IBinaryOp =>
        LaneLoop.For(
            workspace, count, 1,
            new BinaryBackwardLoop<TOp, OfA> { D = da, Beta = beta, Dy = dy, A = a, B = b, Op = op });

    /// <summary>db = beta·db + dy·∂f/∂b</summary>
    public static void BinaryBackwardB<TOp>(
        CpuWorkspace workspace, float* db, float beta, float* dy, float* a, float* b, long count, TOp op)
        where TOp : unmanaged, IBinaryOp =>
        LaneLoop.For(
            workspace, count, 1,
            new BinaryBackwardLoop<TOp, OfB> { D = db, Beta = beta, Dy = dy, A = a, B = b, Op = op });

    /// <summary>y[i] = value for every i.</summary>
    public static void Fill(CpuWorkspace workspace, float* y, long count, float value) =>
        LaneLoop.For(workspace, count, 1, new FillLoop { Y = y, Value = value });

    private struct UnaryLoop<TOp> : ILaneLoop where TOp : unmanaged, IUnaryOp
    {
        public float* Y, X;
        public TOp Op;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            for (long i = start; i < end; i += T.Width)
                Op.Forward(T.Load(X + i, end - i)).Store(Y + i, end - i);
        }
    }

    private struct UnaryBackwardLoop<TOp> : ILaneLoop where TOp : unmanaged, IUnaryOp
    {
        public float* Dx, Dy, X, Y;
        public float Beta;
        public TOp Op;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            var none = T.Const(0f);
            for (long i = start; i < end; i += T.Width)
            {
                long left = end - i;
                var x = TOp.Saves == Saves.Input ? T.Load(X + i, left) : none;
                var y = TOp.Saves == Saves.Output ? T.Load(Y + i, left) : none;
                var gradient = T.Load(Dy + i, left) * Op.Derivative(x, y);
                if (Beta != 0)
                    gradient += T.Load(Dx + i, left);
                gradient.Store(Dx + i, left);
            }
        }
    }

    private struct BinaryLoop<TOp> : ILaneLoop where TOp : unmanaged, IBinaryOp
    {
        public float* Y, A, B;
        public TOp Op;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            for (long i = start; i < end; i += T.Width)
                Op.Forward(T.Load(A + i, end - i), T.Load(B + i, end - i)).Store(Y + i, end - i);
        }
    }

    // Selects the operand whose gradient is computed: a type, so that the choice is made at compile time.
    private readonly struct OfA;

    private readonly struct OfB;

    private struct BinaryBackwardLoop<TOp, TOf> : ILaneLoop where TOp : unmanaged, IBinaryOp where TOf : unmanaged
    {
        public float* D, Dy, A, B;
        public float Beta;
        public TOp Op;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            for (long i = start; i < end; i += T.Width)
            {
                long left = end - i;
                T a = T.Load(A + i, left), b = T.Load(B + i, left);
                var slope = typeof(TOf) == typeof(OfA) ? Op.DerivativeA(a, b) : Op.DerivativeB(a, b);
                var gradient = T.Load(Dy + i, left) * slope;
                if (Beta != 0)
                    gradient += T.Load(D + i, left);
                gradient.Store(D + i, left);
            }
        }
    }

    private struct FillLoop : ILaneLoop
    {
        public float* Y;
        public float Value;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            var value = T.Const(Value);
            for (long i = start; i < end; i += T.Width)
                value.Store(Y + i, end - i);
        }
    }
}
