using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>Copies between channel ranges of channels-last arrays: slices, concatenation and their gradients.</summary>
public static unsafe class ChannelKernels
{
    /// <summary>
    /// y[row, yFirst + j] = beta·y[row, yFirst + j] + x[row, xFirst + j] for every row and j &lt; channels, where a row
    /// of y is <paramref name="yChannels"/> wide and a row of x is <paramref name="xChannels"/> wide.
    /// </summary>
    public static void Copy(
        CpuWorkspace workspace, float* y, int yChannels, int yFirst, float beta, float* x, int xChannels, int xFirst,
        int channels, long rows) =>
        LaneLoop.For(workspace, rows, channels, new Loop
        {
            Y = y + yFirst,
            X = x + xFirst,
            YStride = yChannels,
            XStride = xChannels,
            Channels = channels,
            Beta = beta,
        });

    private struct Loop : ILaneLoop
    {
        public float* Y, X;
        public int YStride, XStride, Channels;
        public float Beta;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            for (long row = start; row < end; row++)
            {
                float* y = Y + (row * YStride), x = X + (row * XStride);
                for (int j = 0; j < Channels; j += T.Width)
                {
                    var value = T.Load(x + j, Channels - j);
                    if (Beta != 0)
                        value += T.Load(y + j, Channels - j);
                    value.Store(y + j, Channels - j);
                }
            }
        }
    }
}
