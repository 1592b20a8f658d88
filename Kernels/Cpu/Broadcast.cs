using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>
/// Broadcasts a small array along the axes where it has length 1, and the adjoint: reduces a large array to its shape.
/// </summary>
public static unsafe class BroadcastKernels
{
    /// <summary>y = beta·y + scale·x, with x repeated to the shape of y.</summary>
    public static void Broadcast(
        CpuWorkspace workspace, float* y, float beta, float* x, in BroadcastShape shape, float scale) =>
        LaneLoop.For(workspace, (long)shape.N * shape.H * shape.W, shape.C, new BroadcastLoop
        {
            Y = y,
            X = x,
            Beta = beta,
            Scale = scale,
            Shape = shape,
        });

    /// <summary>y = beta·y + scale·(sum of x over the axes where y has length 1), in a fixed order.</summary>
    public static void Sum(CpuWorkspace workspace, float* y, float beta, float* x, in BroadcastShape shape, float scale)
    {
        if (shape.SmallC == 1 && shape.C > 1)
        {
            long rows = (long)shape.SmallN * shape.SmallH * shape.SmallW;
            long perRow = (long)shape.N * shape.H * shape.W / rows * shape.C;
            LaneLoop.For(
                workspace, rows, perRow, new SumAllLoop { Y = y, X = x, Beta = beta, Scale = scale, Shape = shape });
        }
        else
        {
            long blocks = Ceiling.Divide(shape.C, SumChannelsLoop.Block);
            long items = (long)shape.SmallN * shape.SmallH * shape.SmallW * blocks;
            long perItem = (long)shape.N * shape.H * shape.W * shape.C / items;
            LaneLoop.For(
                workspace, items, perItem,
                new SumChannelsLoop { Y = y, X = x, Beta = beta, Scale = scale, Shape = shape });
        }
    }

    private struct BroadcastLoop : ILaneLoop
    {
        public float* Y, X;
        public float Beta, Scale;
        public BroadcastShape Shape;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            var scale = T.Const(Scale);
            for (long row = start; row < end; row++)
            {
                int w = (int)(row % Shape.W), h = (int)(row / Shape.W % Shape.H), n = (int)(row / Shape.W / Shape.H);
                long image = Shape.SmallN == 1 ? 0 : n, line = Shape.SmallH == 1 ? 0 : h;
                long small = ((image * Shape.SmallH) + line) * Shape.SmallW;
                float* x = X + ((small + (Shape.SmallW == 1 ? 0 : w)) * Shape.SmallC), y = Y + (row * Shape.C);
                for (int j = 0; j < Shape.C; j += T.Width)
                {
                    int left = Shape.C - j;
                    var value = scale * (Shape.SmallC == 1 ? T.Const(*x) : T.Load(x + j, left));
                    if (Beta != 0)
                        value += T.Load(y + j, left);
                    value.Store(y + j, left);
                }
            }
        }
    }

    /// <summary>Reduces pixels but not channels: one item sums a block of channels.</summary>
    private struct SumChannelsLoop : ILaneLoop
    {
        public const int Block = 64;

        // Summing in parts of this many rows makes the rounding error grow roughly with √rows instead of rows.
        private const int RowsPerPart = 64;

        public float* Y, X;
        public float Beta, Scale;
        public BroadcastShape Shape;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            int blocks = Ceiling.Divide(Shape.C, Block);
            for (long item = start; item < end; item++)
            {
                long small = item / blocks;
                int first = (int)(item % blocks) * Block, last = Math.Min(first + Block, Shape.C);
                for (int j = first; j < last; j += T.Width)
                {
                    var sum = T.Const(Scale) * SumPixels<T>(small, j);
                    float* y = Y + (small * Shape.C) + j;
                    if (Beta != 0)
                        sum += T.Load(y, last - j);
                    sum.Store(y, last - j);
                }
            }
        }

        private readonly T SumPixels<T>(long small, int channel) where T : struct, ISimdLane<T>
        {
            var range = new PixelRange(Shape, small);
            T total = T.Const(0f), part = total;
            int inPart = 0, left = Shape.C - channel;
            for (int n = range.N0; n < range.N1; n++)
            {
                for (int h = range.H0; h < range.H1; h++)
                {
                    float* x = X + (((((long)n * Shape.H) + h) * Shape.W) * Shape.C) + channel;
                    for (int w = range.W0; w < range.W1; w++)
                    {
                        part += T.Load(x + ((long)w * Shape.C), left);
                        if (++inPart == RowsPerPart)
                        {
                            total += part;
                            part = T.Const(0f);
                            inPart = 0;
                        }
                    }
                }
            }

            return total + part;
        }
    }

    /// <summary>Reduces channels too: one item computes one value, accumulating lines in double precision.</summary>
    private struct SumAllLoop : ILaneLoop
    {
        public float* Y, X;
        public float Beta, Scale;
        public BroadcastShape Shape;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            for (long small = start; small < end; small++)
            {
                var range = new PixelRange(Shape, small);
                double sum = 0;
                for (int n = range.N0; n < range.N1; n++)
                {
                    for (int h = range.H0; h < range.H1; h++)
                    {
                        float* x = X + (((((long)n * Shape.H) + h) * Shape.W) + range.W0) * Shape.C;
                        long count = (long)(range.W1 - range.W0) * Shape.C;
                        var part = T.Const(0f);
                        for (long i = 0; i < count; i += T.Width)
                            part += T.Load(x + i, count - i);
                        sum += part.Sum();
                    }
                }

                Y[small] = (float)((Beta * (Beta != 0 ? Y[small] : 0.0)) + (Scale * sum));
            }
        }
    }

    /// <summary>The pixels of the large array that belong to one pixel of the small one.</summary>
    private readonly struct PixelRange
    {
        public readonly int N0, N1, H0, H1, W0, W1;

        public PixelRange(in BroadcastShape shape, long small)
        {
            int w = (int)(small % shape.SmallW), h = (int)(small / shape.SmallW % shape.SmallH);
            int n = (int)(small / shape.SmallW / shape.SmallH);
            (N0, N1) = shape.SmallN == 1 ? (0, shape.N) : (n, n + 1);
            (H0, H1) = shape.SmallH == 1 ? (0, shape.H) : (h, h + 1);
            (W0, W1) = shape.SmallW == 1 ? (0, shape.W) : (w, w + 1);
        }
    }
}
