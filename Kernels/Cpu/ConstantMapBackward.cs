using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>One block of outputs of <see cref="ConstantMap.Backward"/>.</summary>
internal unsafe struct ConstantMapBackward : ILaneItem
{
    // Contribution of each block of outputs to dx, [block][n][c]; null if dx is not needed.
    public float* Parts;

    public float* Dw, Sums, X, W;
    public bool AccumulateDw;
    public Conv2dShape Shape;

    public readonly void Run<T>(int block, float* tapSums) where T : unmanaged, ISimdLane<T>
    {
        // As in the forward pass: the rows of a few channels stay in the cache while all images use them.
        const int Channels = 4;
        int taps = Shape.Kernel * Shape.Kernel, k = block * ConstantMap.Block;
        int width = Math.Min(ConstantMap.Block, Shape.K - k), length = taps * width;
        float* lines = tapSums + ((nint)Shape.N * length);
        for (int n = 0; n < Shape.N; n++)
            SumClasses<T>(n, k, width, tapSums + ((nint)n * length), lines);

        nint weights = (nint)k * Shape.C * taps;
        for (int c = 0; c < Shape.C; c += Channels, weights += (nint)Channels * length)
        {
            int count = Math.Min(Channels, Shape.C - c);
            for (int i = 0; Dw != null && i < count; i++)
            {
                WeightedRows.Add<T>(
                    Dw + weights + ((nint)i * length), AccumulateDw, tapSums, X + c + i, Shape.C, Shape.N, length);
            }

            for (int n = 0; Parts != null && n < Shape.N; n++)
            {
                WeightedRows.Dot<T>(
                    Parts + ((((nint)block * Shape.N) + n) * Shape.C) + c, W + weights, tapSums + ((nint)n * length),
                    count, length);
            }
        }
    }

    // The classes for which a tap lies inside the image form a range in each direction: sum along x, then along y.
    private readonly void SumClasses<T>(int n, int k, int width, float* tapSums, float* lines)
        where T : struct, ISimdLane<T>
    {
        BorderClasses rows = new(Shape.H, Shape.Kernel), columns = new(Shape.W, Shape.Kernel);
        float* from = Sums + ((nint)n * rows.Count * columns.Count * Shape.K) + k;
        int kernel = Shape.Kernel;
        for (int i = 0; i < rows.Count; i++, from += (nint)columns.Count * Shape.K)
        {
            for (int kx = 0; kx < kernel; kx++)
            {
                int first = columns.FirstClass(kx);
                WeightedRows.Sum<T>(
                    lines + (((i * kernel) + kx) * width), false, from + ((nint)first * Shape.K), Shape.K,
                    columns.LastClass(kx) - first + 1, width);
            }
        }

        for (int ky = 0; ky < kernel; ky++)
        {
            int first = rows.FirstClass(ky);
            for (int kx = 0; kx < kernel; kx++)
            {
                WeightedRows.Sum<T>(
                    tapSums + (((ky * kernel) + kx) * width), false, lines + (((first * kernel) + kx) * width),
                    kernel * width, rows.LastClass(ky) - first + 1, width);
            }
        }
    }
}
