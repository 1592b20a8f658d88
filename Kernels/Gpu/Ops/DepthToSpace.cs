using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Rearranges blocks of channels into blocks of pixels, and back.</summary>
public static class DepthToSpaceKernels
{
    private static readonly KernelHandle<BlockArgs> ToSpace = new(DepthToSpace);
    private static readonly KernelHandle<BlockArgs> ToDepth = new(SpaceToDepth);

    /// <summary>y[n, c, h·s + i, w·s + j] = x[n, (i·s + j)·C + c, h, w], where y has C channels.</summary>
    /// <param name="context">The device.</param>
    /// <param name="y">(N, C, H·s, W·s)</param>
    /// <param name="x">(N, C·s², H, W)</param>
    /// <param name="rows">N·H of x.</param>
    /// <param name="width">W of x.</param>
    /// <param name="channels">C, the channels of y.</param>
    /// <param name="scale">s, the side of a block.</param>
    public static void Forward(
        GpuContext context, GpuArray y, GpuArray x, int rows, int width, int channels, int scale)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Launch(ToSpace, Count(rows, width, channels, scale), Args(y, 0f, x, width, channels, scale));
    }

    /// <summary>y[n, (i·s + j)·C + c, h, w] = beta·y + x[n, c, h·s + i, w·s + j], where x has C channels.</summary>
    public static void Backward(
        GpuContext context, GpuArray y, float beta, GpuArray x, int rows, int width, int channels, int scale)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Launch(ToDepth, Count(rows, width, channels, scale), Args(y, beta, x, width, channels, scale));
    }

    private static long Count(int rows, int width, int channels, int scale) =>
        (long)rows * width * channels * scale * scale;

    private static BlockArgs Args(GpuArray y, float beta, GpuArray x, int width, int channels, int scale) =>
        new() { Y = y.View, X = x.View, Width = width, Channels = channels, Scale = scale, Beta = beta };

    private static void DepthToSpace(Index1D index, BlockArgs args) => args.Y[Space(index, args)] = args.X[index];

    private static void SpaceToDepth(Index1D index, BlockArgs args)
    {
        float value = args.X[Space(index, args)];
        args.Y[index] = args.Beta != 0f ? (args.Beta * args.Y[index]) + value : value;
    }

    /// <summary>Index in the wide array of the element at <paramref name="index"/> in the deep array.</summary>
    private static int Space(int index, BlockArgs args)
    {
        int c = index % args.Channels, rest = index / args.Channels, j = rest % args.Scale;
        rest /= args.Scale;
        int i = rest % args.Scale;
        rest /= args.Scale;
        int w = rest % args.Width, row = rest / args.Width;
        return (((((row * args.Scale) + i) * args.Width * args.Scale) + (w * args.Scale) + j) * args.Channels) + c;
    }

    internal struct BlockArgs
    {
        public ArrayView<float> Y, X;
        public int Width, Channels, Scale;
        public float Beta;
    }
}
