using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>One block of outputs of <see cref="ConstantMap.Forward"/>.</summary>
internal unsafe struct ConstantMapForward : ILaneItem
{
    public float* Table, X, W;
    public bool Accumulate;
    public Conv2dShape Shape;

    public readonly void Run<T>(int block, float* products) where T : unmanaged, ISimdLane<T>
    {
        // The rows of a few channels stay in the first-level cache while all images use them.
        const int Channels = 4;
        int taps = Shape.Kernel * Shape.Kernel, k = block * ConstantMap.Block;
        int width = Math.Min(ConstantMap.Block, Shape.K - k), length = taps * width;
        float* w = W + ((nint)k * Shape.C * taps);
        for (int c = 0; c < Shape.C; c += Channels, w += (nint)Channels * length)
        {
            for (int n = 0; n < Shape.N; n++)
            {
                WeightedRows.Add<T>(
                    products + ((nint)n * length), c > 0, w, X + ((nint)n * Shape.C) + c, 1,
                    Math.Min(Channels, Shape.C - c), length);
            }
        }

        float* lines = products + ((nint)Shape.N * length);
        for (int n = 0; n < Shape.N; n++)
            SumTaps<T>(n, k, width, products + ((nint)n * length), lines);
    }

    // The taps inside the image for a class form a range in each direction: sum along x for each ky, then along y.
    private readonly void SumTaps<T>(int n, int k, int width, float* products, float* lines)
        where T : struct, ISimdLane<T>
    {
        BorderClasses rows = new(Shape.H, Shape.Kernel), columns = new(Shape.W, Shape.Kernel);
        for (int ky = 0; ky < Shape.Kernel; ky++)
        {
            for (int j = 0; j < columns.Count; j++)
            {
                int first = columns.FirstTap(j);
                WeightedRows.Sum<T>(
                    lines + (((ky * columns.Count) + j) * width), false,
                    products + (((ky * Shape.Kernel) + first) * width), width, columns.LastTap(j) - first + 1, width);
            }
        }

        float* to = Table + ((nint)n * rows.Count * columns.Count * Shape.K) + k;
        for (int i = 0; i < rows.Count; i++)
        {
            int first = rows.FirstTap(i);
            for (int j = 0; j < columns.Count; j++, to += Shape.K)
            {
                WeightedRows.Sum<T>(
                    to, Accumulate, lines + (((first * columns.Count) + j) * width), columns.Count * width,
                    rows.LastTap(i) - first + 1, width);
            }
        }
    }
}
