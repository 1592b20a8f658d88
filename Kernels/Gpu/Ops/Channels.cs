using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Copies of channel ranges.</summary>
public static class ChannelKernels
{
    private static readonly KernelHandle<CopyArgs> CopyRange = new(CopyChannels);

    /// <summary>
    /// Channels [yFirst, yFirst + count) of y = beta·y + channels [xFirst, xFirst + count) of x, for every pixel.
    /// </summary>
    public static void Copy(
        GpuContext context, GpuArray y, int yChannels, int yFirst, float beta, GpuArray x, int xChannels, int xFirst,
        int count, long pixels)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Launch(
            CopyRange, pixels * count,
            new CopyArgs
            {
                Y = y.View,
                X = x.View,
                YChannels = yChannels,
                YFirst = yFirst,
                XChannels = xChannels,
                XFirst = xFirst,
                Count = count,
                Beta = beta,
            });
    }

    private static void CopyChannels(Index1D index, CopyArgs args)
    {
        int i = index, pixel = i / args.Count, c = i - (pixel * args.Count);
        int at = (pixel * args.YChannels) + args.YFirst + c;
        float value = args.X[(pixel * args.XChannels) + args.XFirst + c];
        args.Y[at] = args.Beta != 0f ? (args.Beta * args.Y[at]) + value : value;
    }

    internal struct CopyArgs
    {
        public ArrayView<float> Y, X;
        public int YChannels, YFirst, XChannels, XFirst, Count;
        public float Beta;
    }
}
