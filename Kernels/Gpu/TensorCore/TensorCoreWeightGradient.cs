using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Shapes;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>
/// result[tap, channel][column] = Σ over pixels of images[pixel + tap][channel] · gradients[pixel][column], for one
/// part of the pixels.
/// </summary>
/// <remarks>
/// Pixels are the inner dimension, so a line of shared memory is a pixel, and fragments are read crosswise. A thread
/// copies the same chunk, that is tap and channels, of several pixels. Term0 holds the images and, in place of weights,
/// the gradients with respect to the output, with Stages chunks each.
/// </remarks>
internal static class TensorCoreWeightGradient<TTile, TEpilogue>
    where TTile : struct, ITensorCoreStageTile where TEpilogue : struct, ITensorCoreEpilogue
{
    /// <summary>One thread block (group) of <see cref="TensorCoreShared.Threads"/> per tile of each part.</summary>
    public static readonly GroupKernelHandle<TensorCoreArgs> Handle = new(WeightGradient);

    // Pixels per stage.
    private static int StagePixels => TensorCoreShared.LineBytes / TTile.ElementBytes;

    private static void WeightGradient(TensorCoreArgs args)
    {
        int rowTiles = Ceiling.Divide(args.Rows, TTile.Rows), tile = Grid.IdxX;
        int columnTile = tile % args.ColumnTiles;
        tile /= args.ColumnTiles;
        int part = tile / rowTiles;
        int firstRow = (tile - (part * rowTiles)) * TTile.Rows, firstColumn = columnTile * TTile.Columns;
        int thread = Group.IdxX;

        int groupBytes = StagePixels * TensorCoreShared.LineBytes;
        TTile.Begin(
            (uint)LaneOffset(TTile.Rows / 2 * (thread >> 6), groupBytes, thread & 31, false),
            (uint)((TTile.Rows * TensorCoreShared.LineBytes)
                + LaneOffset(TTile.Columns / 2 * ((thread >> 5) & 1), groupBytes, thread & 31, true)));

        if (thread < TTile.Rows)
            SetRow(args, thread, firstRow + thread);

        int pixels = args.Pixels;
        int stages = Ceiling.Divide(pixels, StagePixels), begin = part * args.Stages;
        int count = stages - begin < args.Stages ? stages - begin : args.Stages;

        var images = default(ChunkColumn);
        images.StartImages(args, thread, TTile.Rows, firstRow, begin * StagePixels);
        var gradients = default(ChunkColumn);
        gradients.StartGradients(args, thread, TTile.Columns, firstColumn, begin * StagePixels);

        uint stageBytes = (uint)TensorCoreShared.StageBytes<TTile>();
        uint end = TensorCoreShared.Start + ((uint)args.Ring * stageBytes);
        uint write = TensorCoreShared.Start, read = TensorCoreShared.Start;
        for (int stage = 0; stage < args.Ring - 1; stage++)
        {
            if (stage < count)
            {
                images.CopyImages(args, write, pixels);
                gradients.CopyGradients(write, pixels);
            }

            TensorCoreShared.Commit();
            write += stageBytes;
        }

        TensorCoreShared.Wait(args.Ring);
        Group.Barrier();
        TTile.Load(read);
        int ahead = args.Ring - 1;
        for (int stage = 0; stage < count; stage++)
        {
            if (stage + ahead < count)
            {
                images.CopyImages(args, write, pixels);
                gradients.CopyGradients(write, pixels);
            }

            TensorCoreShared.Commit();
            write += stageBytes;
            if (write == end)
                write = TensorCoreShared.Start;

            TTile.Multiply(read);
            TensorCoreShared.Wait(args.Ring);
            Group.Barrier();
            read += stageBytes;
            if (read == end)
                read = TensorCoreShared.Start;
            TTile.MultiplyLast(read, stage + 1 < count ? 1u : 0u);
        }

        TensorCoreShared.StoreSums<TTile>();
        TEpilogue.Apply<TTile>(args, firstColumn, part);
    }

    // Offset of the first fragment of a warp whose rows (or columns) begin at first.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int LaneOffset(int first, int groupBytes, int lane, bool columns)
    {
        int perLine = TensorCoreShared.LineBytes / TTile.ElementBytes;
        int group = first / perLine * groupBytes, chunk = first % perLine * TTile.ElementBytes / 16;
        if (TTile.ElementBytes == 4)
        {
            int pixel = lane & 3, number = lane >> 2;
            return group + (pixel * TensorCoreShared.LineBytes)
                + (((chunk + (number >> 2)) ^ (2 * pixel)) * 16) + ((number & 3) * 4);
        }

        // Matrices of ldmatrix: for rows, first the next 8 rows, then the next 8 pixels; for columns vice versa.
        int low = (lane >> 3) & 1, high = lane >> 4;
        int line = (lane & 7) + (8 * (columns ? low : high)), next = columns ? high : low;
        return group + (line * TensorCoreShared.LineBytes) + (((chunk + next) ^ (lane & 7)) * 16);
    }

    private static void SetRow(in TensorCoreArgs args, int row, int at)
    {
        // Channels are padded to whole chunks.
        int numbers = 16 / TTile.ElementBytes, padded = Ceiling.Multiple(args.Channels, numbers);
        int tap = at / padded, c = at - (tap * padded);
        bool exists = tap < args.Taps && c < args.Channels;
        int index = args.Blocked != 0 ? (c * args.Taps) + tap : (tap * args.Channels) + c;
        TensorCoreShared.SetRow(row, exists ? index : -1, 0);
    }

    /// <summary>A column of chunks, copied for some pixels of each stage.</summary>
    private struct ChunkColumn
    {
        private ulong _source, _step;
        private uint _shared, _lines;
        private int _pixel, _pixelStep, _dy, _dx;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void StartImages(in TensorCoreArgs args, int thread, int rows, int firstRow, int firstPixel)
        {
            Place(thread, rows, 0, firstPixel);
            int column = thread % Across(rows), at = (firstRow * TTile.ElementBytes / 16) + column;
            int chunks = args.Term0.Chunks, kernel = args.Term0.Kernel, tap = at / chunks, y = tap / kernel;
            _dy = y - (kernel >> 1);
            _dx = tap - (y * kernel) - (kernel >> 1);
            // Taps beyond the last one lie in no image.
            if (tap >= kernel * kernel)
                _dy = args.Height;
            long from = ((long)(_pixel + (_dy * args.Width) + _dx) * chunks) + at - ((long)tap * chunks);
            _source = args.Term0.Images + (ulong)(from * 16);
            _step = (ulong)_pixelStep * (ulong)(chunks * 16);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void StartGradients(in TensorCoreArgs args, int thread, int columns, int firstColumn, int firstPixel)
        {
            Place(thread, columns, TTile.Rows * TensorCoreShared.LineBytes, firstPixel);
            int column = thread % Across(columns), at = (firstColumn * TTile.ElementBytes / 16) + column;
            int chunks = args.Term0.Stages;
            // _dx serves as the mask of a column that exists.
            _dx = at < chunks ? 1 : 0;
            _source = args.Term0.Weights + (ulong)((((long)_pixel * chunks) + at) * 16);
            _step = (ulong)_pixelStep * (ulong)(chunks * 16);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void CopyImages(in TensorCoreArgs args, uint stage, int pixels)
        {
            uint shared = stage + _shared;
            CopyImage(args, shared, 0, pixels);
            CopyImage(args, shared, 1, pixels);
            CopyImage(args, shared, 2, pixels);
            CopyImage(args, shared, 3, pixels);
            if (TTile.Rows == 128)
            {
                CopyImage(args, shared, 4, pixels);
                CopyImage(args, shared, 5, pixels);
                CopyImage(args, shared, 6, pixels);
                CopyImage(args, shared, 7, pixels);
            }

            Advance(TTile.Rows == 128 ? 8 : 4);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void CopyGradients(uint stage, int pixels)
        {
            uint shared = stage + _shared;
            CopyGradient(shared, 0, pixels);
            CopyGradient(shared, 1, pixels);
            CopyGradient(shared, 2, pixels);
            CopyGradient(shared, 3, pixels);
            if (TTile.Columns == 128)
            {
                CopyGradient(shared, 4, pixels);
                CopyGradient(shared, 5, pixels);
                CopyGradient(shared, 6, pixels);
                CopyGradient(shared, 7, pixels);
            }

            Advance(TTile.Columns == 128 ? 8 : 4);
        }

        // Chunks per pixel in a tile.
        private static int Across(int width) => width * TTile.ElementBytes / 16;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Place(int thread, int width, int operand, int firstPixel)
        {
            int across = Across(width), column = thread % across, line = thread / across;
            int swizzle = TTile.ElementBytes == 4 ? 2 * (line & 3) : line & 7;
            _pixelStep = TensorCoreShared.Threads / across;
            _lines = (uint)(_pixelStep * TensorCoreShared.LineBytes);
            _shared = (uint)(operand + (column / TensorCoreShared.LineChunks * StagePixels * TensorCoreShared.LineBytes)
                + (line * TensorCoreShared.LineBytes) + (((column & 7) ^ swizzle) * 16));
            _pixel = firstPixel + line;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Advance(int copies)
        {
            _pixel += copies * _pixelStep;
            _source += (ulong)copies * _step;
        }

        // Position in the image, and whether the tap leaves it, in PTX: values that PTX returns pass through local
        // memory. %0 shared, %1 source, %2 pixel, %3 pixels, %4 and %5 reciprocals, %6 and %7 sizes, %8 and %9 tap.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void CopyImage(in TensorCoreArgs args, uint shared, int copy, int pixels) => CudaAsm.Emit(
            "{ .reg .pred p; .reg .u32 l; .reg .u32 i; .reg .u32 x; .reg .u32 d; "
            + "mul.hi.u32 l, %2, %4; mul.hi.u32 i, l, %5; "
            + "mul.lo.u32 x, l, %6; sub.u32 x, %2, x; add.u32 x, x, %8; "
            + "mul.lo.u32 i, i, %7; sub.u32 l, l, i; add.u32 l, l, %9; "
            + "setp.lt.u32 p, x, %6; setp.lt.and.u32 p, l, %7, p; setp.lt.and.u32 p, %2, %3, p; "
            + "selp.b32 x, 16, 0, p; add.u32 d, ring, %0; cp.async.cg.shared.global [d], [%1], 16, x; }",
            shared + ((uint)copy * _lines), _source + ((ulong)copy * _step), (uint)(_pixel + (copy * _pixelStep)),
            (uint)pixels, args.WidthReciprocal, args.HeightReciprocal, (uint)args.Width, (uint)args.Height, (uint)_dx,
            (uint)_dy);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void CopyGradient(uint shared, int copy, int pixels)
        {
            uint inside = _pixel + (copy * _pixelStep) < pixels ? (uint)_dx : 0u;
            TensorCoreShared.Copy(shared + ((uint)copy * _lines), _source + ((ulong)copy * _step), inside, 1u);
        }
    }
}
