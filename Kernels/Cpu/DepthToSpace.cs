using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>Rearranges the channels of a pixel into a block of pixels, and back.</summary>
/// <remarks>
/// In channels-last memory a deep pixel is [i][j][c] and line i of its block is the contiguous run [j][c], so both
/// directions copy runs of scale · channels numbers.
/// </remarks>
public static unsafe class DepthToSpaceKernels
{
    /// <summary>y[line·s + i, w·s + j, c] = x[line, w, (i·s + j)·channels + c]</summary>
    /// <param name="workspace">The threads and their lane width.</param>
    /// <param name="y">Lines · s lines of width · s pixels.</param>
    /// <param name="x">Lines of deep pixels.</param>
    /// <param name="lines">Lines of x, all images together.</param>
    /// <param name="width">Pixels in a line of x.</param>
    /// <param name="channels">Channels of y.</param>
    /// <param name="scale">s, the side of a block.</param>
    public static void Forward(
        CpuWorkspace workspace, float* y, float* x, int lines, int width, int channels, int scale) =>
        Run(workspace, lines, new Loop { To = y, From = x, Width = width, Length = scale * channels, Scale = scale });

    /// <summary>
    /// y[line, w, (i·s + j)·channels + c] = beta·y + x[line·s + i, w·s + j, c]; lines and width are those of y.
    /// </summary>
    public static void Backward(
        CpuWorkspace workspace, float* y, float beta, float* x, int lines, int width, int channels, int scale) =>
        Run(workspace, lines, new Loop
        {
            To = y,
            From = x,
            Beta = beta,
            Width = width,
            Length = scale * channels,
            Scale = scale,
            ToDepth = true,
        });

    private static void Run(CpuWorkspace workspace, int lines, in Loop loop) =>
        LaneLoop.For(workspace, (long)lines * loop.Scale, (long)loop.Width * loop.Length, loop);

    private struct Loop : ILaneLoop
    {
        public float* To, From;
        public float Beta;
        public int Width, Length, Scale;
        public bool ToDepth;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            long deep = (long)Scale * Length;
            for (long line = start; line < end; line++)
            {
                long depth = ((line / Scale) * Width * deep) + (line % Scale * Length), space = line * Width * Length;
                float* to = To + (ToDepth ? depth : space), from = From + (ToDepth ? space : depth);
                for (int w = 0; w < Width; w++, to += ToDepth ? deep : Length, from += ToDepth ? Length : deep)
                {
                    // Runs may well be shorter than a lane; a plain copy needs no partial lanes.
                    if (Beta == 0)
                        new ReadOnlySpan<float>(from, Length).CopyTo(new Span<float>(to, Length));
                    else
                        Add<T>(to, from);
                }
            }
        }

        private readonly void Add<T>(float* to, float* from) where T : struct, ISimdLane<T>
        {
            for (int j = 0; j < Length; j += T.Width)
                (T.Load(from + j, Length - j) + T.Load(to + j, Length - j)).Store(to + j, Length - j);
        }
    }
}
