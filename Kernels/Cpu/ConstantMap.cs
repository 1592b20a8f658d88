using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>
/// A zero-padded, stride-1 convolution of a spatially constant map, and its gradients, by border classes.
/// </summary>
/// <remarks>
/// <para>
/// The output takes one value per class of rows and of columns (<see cref="BorderClasses"/>): a table
/// [n][row class][column class][k] of at most Kernel² values per image and output channel represents the whole map.
/// All that the backward pass needs of dy is its sum over the pixels of each class.
/// </para>
/// <para>
/// x is [n][c]. Weights are laid out as [block of 32 outputs][c][tap][w], with w the outputs of the block: 32, or fewer
/// in the last one. The weights are the largest operand, and each pass reads them once. beta is 0 (overwrite; the old
/// value is not read) or 1 (accumulate). Results are bit-identical for any number of threads.
/// </para>
/// </remarks>
public static unsafe class ConstantMap
{
    /// <summary>Output channels in a block of weights.</summary>
    internal const int Block = 32;

    // Output channels that one item sums over the pixels: memory runs long enough to stream.
    private const int OutputsPerItem = 128;

    /// <summary>
    /// table[n, i, j, k] = beta·table[n, i, j, k] + Σ x[n, c] · w[c, ky, kx, k] over c and the taps that lie inside the
    /// image for row class i and column class j.
    /// </summary>
    /// <param name="workspace">Threads and scratch memory.</param>
    /// <param name="table">N · row classes · column classes · K values.</param>
    /// <param name="beta">0 to overwrite, 1 to accumulate a further term.</param>
    /// <param name="x">The pixel of each image, (N, C).</param>
    /// <param name="w">The weights, in blocks.</param>
    /// <param name="shape">The sizes of the convolution.</param>
    /// <exception cref="ArgumentException">
    /// The stride is not 1, the shape is not supported, or beta is neither 0 nor 1.
    /// </exception>
    public static void Forward(
        CpuWorkspace workspace, float* table, float beta, float* x, float* w, in Conv2dShape shape)
    {
        Check(shape, beta);
        workspace.Reserve(ForwardScratch(shape, workspace.Pool.Threads));
        if (shape.Kernel == 1)
        {
            // A pointwise convolution has a single class, and its weights are a matrix.
            MatMulKernels.Multiply(
                workspace, table, beta == 0f ? null : table, x, w, new MatMulShape(shape.N, shape.K, shape.C));
            return;
        }

        var item = new ConstantMapForward
        {
            Table = table,
            X = x,
            W = w,
            Accumulate = beta != 0f,
            Shape = shape,
        };
        LaneLoop.ForItems(workspace, Blocks(shape), item);
    }

    /// <summary>
    /// sums[n, i, j, k] = Σ dy[n, y, x, k] over the pixels of row class i and column class j; computed once for all
    /// constant terms of a sum.
    /// </summary>
    /// <param name="workspace">The threads and their lane width.</param>
    /// <param name="sums">N · row classes · column classes · K values.</param>
    /// <param name="dy">The gradient with respect to y, (N, K, H, W), channels last.</param>
    /// <param name="shape">The convolution; its C is ignored.</param>
    /// <exception cref="ArgumentException">The stride is not 1, or the shape is not supported.</exception>
    public static void SumClasses(CpuWorkspace workspace, float* sums, float* dy, in Conv2dShape shape)
    {
        Check(shape, 0f);
        int parts = Ceiling.Divide(shape.K, OutputsPerItem);
        LaneLoop.For(
            workspace, (long)shape.N * parts, (long)shape.H * shape.W * Math.Min(shape.K, OutputsPerItem),
            new ClassSumLoop { Sums = sums, Dy = dy, Shape = shape, Parts = parts });
    }

    /// <summary>
    /// dx[n, c] = betaX·dx[n, c] + Σ w[c, tap, k] · S[n, tap, k] and
    /// dw[c, tap, k] = betaW·dw[c, tap, k] + Σ x[n, c] · S[n, tap, k], where S[n, tap, k] is the sum of dy over the
    /// pixels for which the tap lies inside the image.
    /// </summary>
    /// <param name="workspace">Threads and scratch memory.</param>
    /// <param name="dx">(N, C), or null if not needed.</param>
    /// <param name="betaX">0 to overwrite dx, 1 to accumulate.</param>
    /// <param name="dw">In the blocked layout of the weights, or null if not needed.</param>
    /// <param name="betaW">0 to overwrite dw, 1 to accumulate.</param>
    /// <param name="sums">The result of <see cref="SumClasses"/>.</param>
    /// <param name="x">The pixel of each image, (N, C); not read without dw.</param>
    /// <param name="w">The weights, in blocks; not read without dx.</param>
    /// <param name="shape">The sizes of the convolution.</param>
    /// <exception cref="ArgumentException">
    /// The stride is not 1, the shape is not supported, or a beta is neither 0 nor 1.
    /// </exception>
    public static void Backward(
        CpuWorkspace workspace, float* dx, float betaX, float* dw, float betaW, float* sums, float* x, float* w,
        in Conv2dShape shape)
    {
        Check(shape, betaX);
        Check(shape, betaW);
        workspace.Reserve(BackwardScratch(shape, workspace.Pool.Threads));
        if (shape.Kernel == 1)
        {
            if (dx != null)
            {
                MatMulKernels.Multiply(
                    workspace, dx, betaX == 0f ? null : dx, sums, w, InputGradient(shape));
            }

            if (dw != null)
            {
                MatMulKernels.Multiply(
                    workspace, dw, betaW == 0f ? null : dw, x, sums, WeightGradient(shape));
            }

            return;
        }

        var item = new ConstantMapBackward
        {
            Parts = dx == null ? null : workspace.Gradients,
            Dw = dw,
            AccumulateDw = betaW != 0f,
            Sums = sums,
            X = x,
            W = w,
            Shape = shape,
        };
        LaneLoop.ForItems(workspace, Blocks(shape), item);
        if (dx == null)
            return;
        long count = (long)shape.N * shape.C;
        LaneLoop.For(workspace, count, Blocks(shape), new PartSumLoop
        {
            Dx = dx,
            Parts = workspace.Gradients,
            Beta = betaX,
            Count = count,
            Blocks = Blocks(shape),
        });
    }

    /// <summary>y = f(addend + table entry of the pixel's class + bias), for every pixel.</summary>
    /// <param name="workspace">The threads and their lane width.</param>
    /// <param name="y">The result, (N, K, H, W), channels last.</param>
    /// <param name="addend">Same shape as y, may be y itself; null for zero.</param>
    /// <param name="table">The result of <see cref="Forward"/>; null for zero.</param>
    /// <param name="bias">K values, or null for none.</param>
    /// <param name="shape">The convolution; its C is ignored.</param>
    /// <param name="activation">The activation f.</param>
    public static void Apply<TActivation>(
        CpuWorkspace workspace, float* y, float* addend, float* table, float* bias, in Conv2dShape shape,
        TActivation activation)
        where TActivation : unmanaged, IFusedActivation =>
        LaneLoop.For(
            workspace, (long)shape.N * shape.OutH * shape.OutW, shape.K, new ApplyLoop<TActivation>
            {
                Y = y,
                Addend = addend,
                Table = new ConstantMapTable(table, shape),
                Bias = bias,
                Shape = shape,
                Activation = activation,
            });

    /// <summary>Number of values in a table, and in the sums of <see cref="SumClasses"/>.</summary>
    public static long TableFloats(in Conv2dShape shape) =>
        (long)shape.N * new BorderClasses(shape.H, shape.Kernel).Count * new BorderClasses(shape.W, shape.Kernel).Count
        * shape.K;

    /// <summary>The scratch memory of <see cref="Forward"/> with <paramref name="threads"/> threads.</summary>
    public static ScratchSize ForwardScratch(in Conv2dShape shape, int threads) => shape.Kernel == 1
        ? MatMulKernels.Scratch(new MatMulShape(shape.N, shape.K, shape.C), threads)
        : new(0, 0, PerWorker(shape));

    /// <summary>The scratch memory of <see cref="Backward"/> with <paramref name="threads"/> threads.</summary>
    public static ScratchSize BackwardScratch(in Conv2dShape shape, int threads) => shape.Kernel == 1
        ? ScratchSize.Max(
            MatMulKernels.Scratch(InputGradient(shape), threads), MatMulKernels.Scratch(WeightGradient(shape), threads))
        : new(0, (long)Blocks(shape) * shape.N * shape.C, PerWorker(shape));

    private static MatMulShape InputGradient(in Conv2dShape shape) =>
        new(shape.N, shape.C, shape.K, TransposeB: true);

    private static MatMulShape WeightGradient(in Conv2dShape shape) =>
        new(shape.C, shape.K, shape.N, TransposeA: true);

    // A value per image, tap and output of a block, and one image's partial sums along one axis.
    private static long PerWorker(in Conv2dShape shape) => (shape.N + 1L) * shape.Kernel * shape.Kernel * Block;

    private static int Blocks(in Conv2dShape shape) => Ceiling.Divide(shape.K, Block);

    private static void Check(in Conv2dShape shape, float beta)
    {
        if (!shape.IsSupported || shape.Stride != 1)
            throw new ArgumentException($"A constant map needs stride 1 and an odd kernel, not {shape}.");
        if (beta is not (0f or 1f))
            throw new ArgumentException($"beta is 0 or 1, not {beta}.");
    }

    private struct ApplyLoop<TActivation> : ILaneLoop where TActivation : unmanaged, IFusedActivation
    {
        public float* Y, Addend, Bias;
        public ConstantMapTable Table;
        public Conv2dShape Shape;
        public TActivation Activation;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            for (long pixel = start; pixel < end; pixel++)
            {
                int image = (int)(pixel / Shape.OutW / Shape.OutH);
                float* row = Table.At(image, (int)(pixel / Shape.OutW % Shape.OutH), (int)(pixel % Shape.OutW));
                float* y = Y + (pixel * Shape.K), addend = Addend + (pixel * Shape.K);
                for (int k = 0; k < Shape.K; k += T.Width)
                {
                    int left = Shape.K - k;
                    var value = Addend is null ? T.Const(0f) : T.Load(addend + k, left);
                    if (row is not null)
                        value += T.Load(row + k, left);
                    if (Bias is not null)
                        value += T.Load(Bias + k, left);
                    Activation.Forward(value).Store(y + k, left);
                }
            }
        }
    }

    private struct ClassSumLoop : ILaneLoop
    {
        public float* Sums, Dy;
        public Conv2dShape Shape;
        public int Parts;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            BorderClasses rows = new(Shape.H, Shape.Kernel), columns = new(Shape.W, Shape.Kernel);
            for (long item = start; item < end; item++)
            {
                long n = item / Parts;
                int k = (int)(item % Parts) * OutputsPerItem, outputs = Math.Min(OutputsPerItem, Shape.K - k);
                float* to = Sums + (n * rows.Count * columns.Count * Shape.K) + k;
                for (int i = 0; i < rows.Count; i++, to += (nint)columns.Count * Shape.K)
                {
                    for (int y = rows.First(i); y <= rows.Last(i); y++)
                    {
                        float* line = Dy + (((n * Shape.H) + y) * Shape.W * Shape.K) + k;
                        for (int j = 0; j < columns.Count; j++)
                        {
                            int x = columns.First(j);
                            WeightedRows.Sum<T>(
                                to + ((nint)j * Shape.K), y > rows.First(i), line + ((nint)x * Shape.K), Shape.K,
                                columns.Last(j) - x + 1, outputs);
                        }
                    }
                }
            }
        }
    }

    /// <summary>Sums the contributions of the blocks of outputs to dx, in block order.</summary>
    private struct PartSumLoop : ILaneLoop
    {
        public float* Dx, Parts;
        public float Beta;
        public long Count;
        public int Blocks;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T> =>
            WeightedRows.Sum<T>(Dx + start, Beta != 0, Parts + start, (nint)Count, Blocks, (int)(end - start));
    }
}
