using System.Runtime.Intrinsics.X86;
using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>
/// y = f(addend + Σ over taps of rows · weights + bias): convolutions, their input gradients and matrix products.
/// </summary>
/// <remarks>
/// <para>
/// The rows are pixels; the sum of a tap runs over Depth channels. A filter larger than 1 reads rows in the order
/// [line][pixel][image] with a zero halo around each image; then eight neighbouring rows are equally spaced under every
/// tap, and taps that see only the halo are skipped. Otherwise there is a single line of rows.
/// </para>
/// <para>
/// An item is a block of 32 columns times a range of rows. Chunk by chunk of the depth, it copies its weights to a
/// panel that stays in the second-level cache and accumulates private sums, then writes the output to memory once. The
/// summation order depends on the sizes alone: the number of threads does not show in the result.
/// </para>
/// </remarks>
internal unsafe struct ImplicitGemm<TActivation> : IWorkItem where TActivation : unmanaged, IFusedActivation
{
    // 5 x 5 taps by 72 channels by 32 columns are 230 KB: a second-level cache of 1 MB holds them, as much again
    // prefetched for the next chunk, and the rows.
    private const int PanelChannels = 5 * 5 * 72, MaxChunk = 512;

    // 256 tiles of 8 x 32 sums are 256 KB.
    private const int MaxTilesPerItem = 256, MinTilesPerItem = 4;

    // The sums are loaded in whole lanes, so the last ones read past the end.
    private const int Slack = 16;

    // Stores wait for memory one after another; prefetching their lines this many rows ahead hides the latency.
    private const int RowsAhead = 8;

    // Rows: Lines lines of Pixels pixels of Images rows; with its halo, a line has Pixels + Kernel - 1 pixels.
    public float* Source;
    public nint SourceStride;
    public bool SourceTransposed, SourcePadded;
    public int Lines, Pixels, Images, Kernel;

    public GemmWeights Weights;

    // y: row r of a line starts at line · LineStride + r / Divisor · QuotientStride + r % Divisor · RemainderStride,
    // its columns in dense segments. The addend has the layout of y, may be y itself, and is null for none.
    public float* Output, Addend, Bias;
    public int Divisor, Segment;
    public nint LineStride, QuotientStride, RemainderStride, SegmentStride;

    public TActivation Activation;

    // The threads' vector arithmetic and scratch memory, from Attach.
    private SimdLevel _level;
    private float* _scratch;
    private nint _scratchStride;

    // The partition of the work, set by Divide.
    private int _chunk, _tilesPerLine, _tilesPerItem, _wholeBlocks, _wholeParts, _restParts, _columnsOfThreads;

    public readonly int RowsPerLine => Pixels * Images;

    public readonly int Items =>
        (_wholeBlocks * _wholeParts) + ((Blocks - _wholeBlocks) * _restParts);

    public readonly long PerWorkerFloats =>
        ((long)Taps * _chunk * MicroKernel.Columns) + (MicroKernel.Rows * _chunk) + SumFloats(_tilesPerItem) + Slack;

    private readonly int Taps => Kernel * Kernel;

    private readonly int Columns => Weights.Columns;

    private readonly int Depth => Weights.Depth;

    private readonly int Blocks => Ceiling.Divide(Columns, MicroKernel.Columns);

    /// <summary>Chooses chunks and items: blocks left over after an even share per thread are split by rows.</summary>
    public void Divide(int threads)
    {
        int largest = Math.Min(MaxChunk, Math.Max(MicroKernel.Rows, PanelChannels / Taps));
        int chunks = Ceiling.Divide(Depth, largest);
        _chunk = MicroKernel.RoundUp(Ceiling.Divide(Depth, chunks));
        _tilesPerLine = MicroKernel.RoundUp(RowsPerLine) / MicroKernel.Rows;
        int tiles = Lines * _tilesPerLine;
        _wholeParts = Ceiling.Divide(tiles, MaxTilesPerItem);
        _tilesPerItem = Ceiling.Divide(tiles, _wholeParts);
        _wholeBlocks = Blocks / threads * threads;
        _columnsOfThreads = threads * MicroKernel.Columns;
        _restParts = _wholeParts * Math.Min(threads, Math.Max(1, _tilesPerItem / MinTilesPerItem));
    }

    /// <summary>Takes the vector arithmetic and scratch memory of a workspace that holds
    /// <see cref="PerWorkerFloats"/> for each thread.</summary>
    public void Attach(CpuWorkspace workspace)
    {
        _level = workspace.Level;
        _scratch = workspace.Workers;
        _scratchStride = workspace.WorkerStride;
    }

    public readonly void Invoke(int item, int worker)
    {
        var (first, last, column) = RangeOf(item);
        int columns = Math.Min(MicroKernel.Columns, Columns - column), width = MicroKernel.Width(columns);
        float* panel = _scratch + (worker * _scratchStride), tail = panel + ((nint)Taps * _chunk * MicroKernel.Columns);
        float* sums = tail + (MicroKernel.Rows * _chunk);
        var tile = MicroKernel.Tile(_level, width, SourceTransposed);
        for (int channel = 0; channel < Depth; channel += _chunk)
        {
            int depth = Math.Min(_chunk, Depth - channel), padding = Kernel / 2;
            nint tapStep = (nint)depth * width;
            Weights.Copy(panel, width, Taps, channel, depth, column, columns);
            // After the last chunk comes the first one of the block that this thread probably takes next.
            var (nextChannel, nextColumn) =
                channel + _chunk < Depth ? (channel + _chunk, column) : (0, column + _columnsOfThreads);
            int nextDepth = Math.Min(_chunk, Depth - nextChannel);
            var loop = LoopOver(depth, width, accumulate: channel > 0);
            int line = first / _tilesPerLine, row = first % _tilesPerLine * MicroKernel.Rows;
            float* to = sums;
            for (int t = first; t < last; t++, to += MicroKernel.Rows * width)
            {
                // The taps that fall inside an image for some row of the tile.
                int lastRow = Math.Min(row + MicroKernel.Rows, RowsPerLine) - 1;
                int tapY = Math.Max(0, padding - line), tapX = Math.Max(0, padding - (lastRow / Images));
                loop.OuterCount = Math.Min(Kernel, Lines + padding - line) - tapY;
                loop.InnerCount = Math.Min(Kernel, Pixels + padding - (row / Images)) - tapX;
                float* weights = panel + (((tapY * Kernel) + tapX) * tapStep);
                Weights.Fetch(ref loop, Kernel, t - first, nextChannel, nextDepth, nextColumn);
                loop.Next += ((tapY * Kernel) + tapX) * loop.InnerStepNext;
                if (!SourcePadded && row + MicroKernel.Rows > RowsPerLine)
                {
                    loop.StrideA = CopyTail(tail, row, channel, depth);
                    tile(&loop, tail, weights, to);
                }
                else
                {
                    nint offset = SourceTransposed ? (channel * SourceStride) + row : (row * SourceStride) + channel;
                    nint tap = ((line + tapY) * loop.OuterStepA) + (tapX * loop.InnerStepA);
                    tile(&loop, Source + tap + offset, weights, to);
                }

                row += MicroKernel.Rows;
                if (row >= RowsPerLine)
                    (line, row) = (line + 1, 0);
            }
        }

        switch (_level)
        {
            case SimdLevel.Vector512:
                Finish<F32x16>(sums, first, last, column, columns);
                break;
            case SimdLevel.Vector256:
                Finish<F32x8>(sums, first, last, column, columns);
                break;
            default:
                Finish<F32>(sums, first, last, column, columns);
                break;
        }
    }

    private static long SumFloats(int tiles) => (long)tiles * MicroKernel.Rows * MicroKernel.Columns;

    // The tiles and the first column of an item.
    private readonly (int FirstTile, int LastTile, int Column) RangeOf(int item)
    {
        int whole = _wholeBlocks * _wholeParts, rest = item - whole;
        int parts = item < whole ? _wholeParts : _restParts;
        int block = item < whole ? item / parts : _wholeBlocks + (rest / parts);
        int part = item < whole ? item % parts : rest % parts;
        long tiles = (long)Lines * _tilesPerLine;
        return ((int)(tiles * part / parts), (int)(tiles * (part + 1) / parts), block * MicroKernel.Columns);
    }

    private readonly TileLoop LoopOver(int depth, int width, bool accumulate) => new()
    {
        Depth = depth,
        OuterStepA = (nint)(Pixels + Kernel - 1) * Images * SourceStride,
        OuterStepB = (nint)Kernel * depth * width,
        InnerStepA = Images * SourceStride,
        InnerStepB = (nint)depth * width,
        StrideA = SourceStride,
        StrideB = width,
        StrideC = width,
        Accumulate = accumulate,
    };

    // Rows without slack behind them are copied before a tile reads past them; returns their stride.
    private readonly nint CopyTail(float* tail, int row, int channel, int depth)
    {
        int rows = RowsPerLine - row;
        if (SourceTransposed)
        {
            Panel.Copy(tail, MicroKernel.Rows, Source + (channel * SourceStride) + row, SourceStride, depth, rows);
            return MicroKernel.Rows;
        }

        Panel.Copy(tail, depth, Source + (row * SourceStride) + channel, SourceStride, rows, depth);
        return depth;
    }

    private readonly void Finish<TLane>(float* sums, int first, int last, int column, int columns)
        where TLane : struct, ISimdLane<TLane>
    {
        int width = MicroKernel.Width(columns);
        for (int done = 0; done < columns;)
        {
            int segment = (column + done) / Segment, within = (column + done) % Segment;
            int count = Math.Min(columns - done, Segment - within);
            float* y = Output + (segment * SegmentStride) + within, bias = Bias == null ? null : Bias + column + done;
            float* from = sums + done;
            for (int tile = first; tile < last;)
            {
                int line = tile / _tilesPerLine, row = tile % _tilesPerLine * MicroKernel.Rows;
                int tiles = Math.Min(last - tile, _tilesPerLine - (tile % _tilesPerLine));
                int rows = Math.Min(tiles * MicroKernel.Rows, RowsPerLine - row);
                float* to = y + (line * LineStride);
                FinishRows<TLane>(to, from, width, row, rows, bias, count);
                from += tiles * MicroKernel.Rows * width;
                tile += tiles;
            }

            done += count;
        }
    }

    // Rows are written in memory order: image by image if neighbouring rows belong to different images.
    private readonly void FinishRows<TLane>(
        float* y, float* sums, int width, int row, int rows, float* bias, int count)
        where TLane : struct, ISimdLane<TLane>
    {
        int step = RemainderStride > QuotientStride ? Divisor : 1;
        nint ahead = RowsAhead * (step == Divisor ? QuotientStride : RemainderStride);
        for (int start = 0; start < Math.Min(step, rows); start++)
        {
            int quotient = (row + start) / Divisor, remainder = (row + start) % Divisor;
            for (int r = start; r < rows; r += step)
            {
                float* to = y + (quotient * QuotientStride) + (remainder * RemainderStride);
                if (Sse.IsSupported)
                {
                    Sse.Prefetch0(to + ahead);
                    Sse.Prefetch0(to + ahead + 16);
                }

                FinishRow<TLane>(to, sums + (r * width), bias, count);
                remainder += step;
                if (remainder >= Divisor)
                    (quotient, remainder) = (quotient + 1, remainder - Divisor);
            }
        }
    }

    private readonly void FinishRow<TLane>(float* y, float* sums, float* bias, int count)
        where TLane : struct, ISimdLane<TLane>
    {
        for (int i = 0; i < count; i += TLane.Width)
        {
            var value = TLane.Load(sums + i);
            if (Addend != null)
                value += TLane.Load(y + (Addend - Output) + i, count - i);
            if (bias != null)
                value += TLane.Load(bias + i, count - i);
            Activation.Forward(value).Store(y + i, count - i);
        }
    }
}
