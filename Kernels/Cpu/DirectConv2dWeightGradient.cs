using System.Runtime.Intrinsics.X86;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>dw[k,c,tap] (+)= Σ over pixels of x[pixel + tap][c] · dy[pixel][k].</summary>
/// <remarks>
/// An item is a block of 32 k times a group of channels, and a single tap if there are few such items. The sum runs
/// over chunks of lines that fit the second-level cache, each chunk accumulating into dw; a tap reads only the lines
/// and pixels inside the image. The summation order depends on the sizes alone.
/// </remarks>
internal unsafe struct DirectConv2dWeightGradient : IWorkItem
{
    private const int ChannelsPerItem = 32, PixelsPerChunk = 1024, ItemsPerThread = 8;

    // x: [line][pixel][image][channel] with halo, or a single line. dy: [block][line][pixel][image][32].
    public float* Source, Gradients;
    public nint SourceStride;
    public int Lines, Pixels, Images, Kernel, Channels, Columns;
    public float* Output;
    public bool Accumulate;
    public SimdLevel Level;

    private int _tapItems;

    public readonly int Items => Blocks * Groups * _tapItems;

    private readonly int Blocks => Ceiling.Divide(Columns, MicroKernel.Columns);

    private readonly int Groups => Ceiling.Divide(Channels, ChannelsPerItem);

    public void Divide(int threads) => _tapItems = Blocks * Groups < ItemsPerThread * threads ? Kernel * Kernel : 1;

    public readonly void Invoke(int item, int worker)
    {
        int taps = Kernel * Kernel / _tapItems, firstTap = item % _tapItems * taps;
        int group = item / _tapItems % Groups, block = item / _tapItems / Groups;
        int firstChannel = group * ChannelsPerItem, lastChannel = Math.Min(Channels, firstChannel + ChannelsPerItem);

        // A single line is split by pixels, several are split by lines.
        int units = Lines == 1 ? Pixels : Lines;
        int chunk = Lines == 1 ? PixelsPerChunk : Math.Max(1, PixelsPerChunk / (Pixels * Images));
        for (int first = 0; first < units; first += chunk)
        {
            int last = Math.Min(units, first + chunk);
            var (lines, pixels) = Lines == 1 ? ((0, 1), (first, last)) : ((first, last), (0, Pixels));
            for (int channel = firstChannel; channel < lastChannel; channel += MicroKernel.Rows)
            {
                for (int tap = firstTap; tap < firstTap + taps; tap++)
                    Add(block, channel, tap, lines, pixels, Accumulate || first > 0);
            }
        }
    }

    private readonly void Add(
        int block, int channel, int tap, (int First, int Last) lines, (int First, int Last) pixels, bool accumulate)
    {
        int padding = Kernel / 2, tapY = tap / Kernel, tapX = tap % Kernel;
        int firstLine = Math.Max(lines.First, padding - tapY), lastLine = Math.Min(lines.Last, Lines + padding - tapY);
        int firstPixel = Math.Max(pixels.First, padding - tapX);
        int lastPixel = Math.Min(pixels.Last, Pixels + padding - tapX);
        int column = block * MicroKernel.Columns, columns = Math.Min(MicroKernel.Columns, Columns - column);
        int width = MicroKernel.Width(columns);
        nint lineRows = (nint)(Pixels + Kernel - 1) * Images;
        float* a = Source + channel
            + ((((firstLine + tapY) * lineRows) + ((nint)(firstPixel + tapX) * Images)) * SourceStride);
        float* b = Gradients
            + (((((nint)block * Lines) + firstLine) * Pixels + firstPixel) * Images * MicroKernel.Columns);
        var (offset, stride) = Place(tap, channel, column, columns);
        float* to = Output + offset;
        var loop = new TileLoop
        {
            OuterCount = 1,
            InnerCount = lastLine - firstLine,
            InnerStepA = lineRows * SourceStride,
            InnerStepB = (nint)Pixels * Images * MicroKernel.Columns,
            Depth = (lastPixel - firstPixel) * Images,
            StrideA = SourceStride,
            StrideB = MicroKernel.Columns,
            StrideC = stride,
            Accumulate = accumulate,
        };
        var tile = MicroKernel.Tile(Level, width, transposed: true);
        int rows = Math.Min(MicroKernel.Rows, Channels - channel);
        if (rows == MicroKernel.Rows && columns == width)
        {
            // Computing the sum takes long enough for the prefetched destination to arrive.
            for (int row = 0; row < MicroKernel.Rows && Sse.IsSupported; row++)
            {
                Sse.Prefetch0(to + (row * stride));
                Sse.Prefetch0(to + (row * stride) + 16);
            }

            tile(&loop, a, b, to);
            return;
        }

        float* sums = stackalloc float[MicroKernel.Rows * MicroKernel.Columns];
        loop.StrideC = width;
        loop.Accumulate = false;
        tile(&loop, a, b, sums);
        for (int row = 0; row < rows; row++, to += stride, sums += width)
        {
            for (int i = 0; i < columns; i++)
                to[i] = sums[i] + (accumulate ? to[i] : 0f);
        }
    }

    // Offset of the block's first weight for a tap and channel, and distance of channels: see Conv2dShape.WeightIndex.
    private readonly (nint Offset, nint Stride) Place(int tap, int channel, int column, int columns) => Kernel == 1
        ? (((nint)channel * Columns) + column, Columns)
        : ((((((nint)column * Channels) + ((nint)channel * columns)) * Kernel * Kernel) + (tap * columns)),
            (nint)Kernel * Kernel * columns);
}
