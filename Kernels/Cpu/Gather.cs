using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>Pixels as weighted sums of a few other pixels: sparse matrices times dense ones.</summary>
public static unsafe class GatherKernels
{
    // This many accumulators stay in registers while a row's entries are summed.
    private const int Together = 4;

    /// <summary>y[n, r] = beta·y[n, r] + Σₑ weights[n, e] · x[n, columns[n, e]], for e from starts[n, r] to below
    /// starts[n, r + 1].</summary>
    /// <param name="workspace">The threads and their lane width.</param>
    /// <param name="y">[images][rows][channels]</param>
    /// <param name="beta">0 to overwrite, 1 to accumulate.</param>
    /// <param name="x">[images][columns][channels]</param>
    /// <param name="starts">[images][rows + 1], integers that never decrease within an image.</param>
    /// <param name="columns">[images][entries], integers.</param>
    /// <param name="weights">[images][entries]</param>
    /// <param name="shape">The sizes.</param>
    public static void Forward(
        CpuWorkspace workspace, float* y, float beta, float* x, float* starts, float* columns, float* weights,
        in GatherShape shape) =>
        LaneLoop.For(
            workspace, (long)shape.Images * shape.Rows, (long)shape.Channels * (1 + (shape.Entries / shape.Rows)),
            new Loop
            {
                Y = y,
                X = x,
                Starts = starts,
                Columns = columns,
                Weights = weights,
                Beta = beta,
                Shape = shape,
            });

    private struct Loop : ILaneLoop
    {
        public float* Y, X, Starts, Columns, Weights;
        public float Beta;
        public GatherShape Shape;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            for (long index = start; index < end; index++)
            {
                long image = index / Shape.Rows, row = index - (image * Shape.Rows);
                float* starts = Starts + (image * (Shape.Rows + 1)) + row;
                int first = (int)starts[0];
                float* columns = Columns + (image * Shape.Entries) + first;
                float* weights = Weights + (image * Shape.Entries) + first;
                SumRow<T>(
                    Y + (index * Shape.Channels), X + (image * Shape.Columns * Shape.Channels), columns, weights,
                    (int)starts[1] - first);
            }
        }

        private readonly void SumRow<T>(float* y, float* x, float* columns, float* weights, int count)
            where T : struct, ISimdLane<T>
        {
            int c = 0;
            for (; c + (Together * T.Width) <= Shape.Channels; c += Together * T.Width)
                SumFour<T>(y + c, x + c, columns, weights, count);
            for (; c + (2 * T.Width) <= Shape.Channels; c += 2 * T.Width)
                SumTwo<T>(y + c, x + c, columns, weights, count);
            for (; c + T.Width <= Shape.Channels; c += T.Width)
                SumOne<T>(y + c, x + c, columns, weights, count);
            for (; T.Width > F32x8.Width && c + F32x8.Width <= Shape.Channels; c += F32x8.Width)
                SumOne<F32x8>(y + c, x + c, columns, weights, count);
            for (; c < Shape.Channels; c++)
                SumOne<F32>(y + c, x + c, columns, weights, count);
        }

        private readonly void SumFour<T>(float* y, float* x, float* columns, float* weights, int count)
            where T : struct, ISimdLane<T>
        {
            T a = T.Const(0), b = a, c = a, d = a;
            for (int e = 0; e < count; e++)
            {
                var weight = T.Const(weights[e]);
                float* row = x + ((nint)columns[e] * Shape.Channels);
                a = T.MultiplyAdd(weight, T.Load(row), a);
                b = T.MultiplyAdd(weight, T.Load(row + T.Width), b);
                c = T.MultiplyAdd(weight, T.Load(row + (2 * T.Width)), c);
                d = T.MultiplyAdd(weight, T.Load(row + (3 * T.Width)), d);
            }

            Write(y, a);
            Write(y + T.Width, b);
            Write(y + (2 * T.Width), c);
            Write(y + (3 * T.Width), d);
        }

        private readonly void SumTwo<T>(float* y, float* x, float* columns, float* weights, int count)
            where T : struct, ISimdLane<T>
        {
            T a = T.Const(0), b = a;
            for (int e = 0; e < count; e++)
            {
                var weight = T.Const(weights[e]);
                float* row = x + ((nint)columns[e] * Shape.Channels);
                a = T.MultiplyAdd(weight, T.Load(row), a);
                b = T.MultiplyAdd(weight, T.Load(row + T.Width), b);
            }

            Write(y, a);
            Write(y + T.Width, b);
        }

        private readonly void SumOne<T>(float* y, float* x, float* columns, float* weights, int count)
            where T : struct, ISimdLane<T>
        {
            var sum = T.Const(0);
            for (int e = 0; e < count; e++)
                sum = T.MultiplyAdd(T.Const(weights[e]), T.Load(x + ((nint)columns[e] * Shape.Channels)), sum);
            Write(y, sum);
        }

        private readonly void Write<T>(float* y, T sum) where T : struct, ISimdLane<T> =>
            (Beta == 0 ? sum : T.Load(y) + sum).Store(y);
    }
}
