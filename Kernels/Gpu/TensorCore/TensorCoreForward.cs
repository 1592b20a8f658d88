using System.Runtime.CompilerServices;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>
/// result[pixel][column] = epilogue(Σ over terms, taps and channels of images[pixel + tap][channel] ·
/// weights[column][tap][channel]): forward convolutions, and gradients with respect to the input, whose weights are
/// packed transposed, with the taps reversed.
/// </summary>
/// <remarks>
/// The inner dimension is split into chunks, tap by tap, and eight chunks are a stage: thread t copies chunk t mod 8 of
/// the rows t / 8, t / 8 + 16, ... Neighbouring pixels are adjacent in memory, so one address serves all rows and a row
/// keeps only which taps lie inside its image.
/// </remarks>
internal static class TensorCoreForward<TTile, TEpilogue>
    where TTile : struct, ITensorCoreStageTile where TEpilogue : struct, ITensorCoreEpilogue
{
    /// <summary>One thread block (group) of <see cref="TensorCoreShared.Threads"/> per tile.</summary>
    public static readonly GroupKernelHandle<TensorCoreArgs> Handle = new(Convolution);

    private static void Convolution(TensorCoreArgs args)
    {
        var part = TensorCorePart.Of(args);
        int columnTile = part.Tile % args.ColumnTiles;
        int firstRow = part.Tile / args.ColumnTiles * TTile.Rows, firstColumn = columnTile * TTile.Columns;
        int thread = Group.IdxX, lane = thread & 31, warp = thread >> 5;

        int rowA = ((warp >> 1) * (TTile.Rows / 2)) + (lane & 15), swizzle = lane & 7;
        int rowB = TTile.Rows + ((warp & 1) * (TTile.Columns / 2)) + swizzle + ((lane >> 4) << 3);
        TTile.Begin(
            (uint)((rowA * TensorCoreShared.LineBytes) + (((lane >> 4) ^ swizzle) * 16)),
            (uint)((rowB * TensorCoreShared.LineBytes) + ((((lane >> 3) & 1) ^ swizzle) * 16)));

        if (thread < TTile.Rows)
            TensorCoreRows.Set(args, thread, firstRow + thread);

        var masks = default(RowMasks);
        masks.Set<TTile>(args, firstRow + (thread >> 3));
        var cursor = default(TermCursor);
        cursor.Start(args, firstRow + (thread >> 3), firstColumn + (thread >> 3), part.FirstStage);

        uint stageBytes = (uint)TensorCoreShared.StageBytes<TTile>();
        uint end = TensorCoreShared.Start + ((uint)args.Ring * stageBytes);
        uint write = TensorCoreShared.Start, read = TensorCoreShared.Start;
        for (int stage = 0; stage < args.Ring - 1; stage++)
        {
            if (stage < part.Stages)
                cursor.Copy<TTile>(args, masks, write);
            TensorCoreShared.Commit();
            write += stageBytes;
        }

        TensorCoreShared.Wait(args.Ring);
        Group.Barrier();
        TTile.Load(read);
        int ahead = args.Ring - 1;
        for (int stage = 0; stage < part.Stages; stage++)
        {
            // Into the place of the previous stage, which all warps have left behind at the barrier.
            if (stage + ahead < part.Stages)
                cursor.Copy<TTile>(args, masks, write);
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
            TTile.MultiplyLast(read, stage + 1 < part.Stages ? 1u : 0u);
        }

        TensorCoreShared.StoreSums<TTile>();
        part.Finish<TTile, TEpilogue>(args, firstColumn);
    }

    /// <summary>
    /// For each of a thread's rows, which taps lie inside its image: bits 16 + dy + 7 and dx + 7 for offset (dy, dx).
    /// </summary>
    private struct RowMasks
    {
        private uint _m0, _m1, _m2, _m3, _m4, _m5, _m6, _m7;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Set<TSize>(in TensorCoreArgs args, int pixel) where TSize : struct, ITensorCoreTile
        {
            _m0 = Mask(args, pixel);
            _m1 = Mask(args, pixel + 16);
            _m2 = Mask(args, pixel + 32);
            _m3 = Mask(args, pixel + 48);
            if (TSize.Rows < 128)
                return;
            _m4 = Mask(args, pixel + 64);
            _m5 = Mask(args, pixel + 80);
            _m6 = Mask(args, pixel + 96);
            _m7 = Mask(args, pixel + 112);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Copy<TSize>(uint shared, ulong source, ulong step, uint bits)
            where TSize : struct, ITensorCoreTile
        {
            const uint lines = 16 * TensorCoreShared.LineBytes;
            TensorCoreShared.Copy(shared, source, _m0, bits);
            TensorCoreShared.Copy(shared + lines, source + step, _m1, bits);
            TensorCoreShared.Copy(shared + (2 * lines), source + (2 * step), _m2, bits);
            TensorCoreShared.Copy(shared + (3 * lines), source + (3 * step), _m3, bits);
            if (TSize.Rows < 128)
                return;
            source += 4 * step;
            TensorCoreShared.Copy(shared + (4 * lines), source, _m4, bits);
            TensorCoreShared.Copy(shared + (5 * lines), source + step, _m5, bits);
            TensorCoreShared.Copy(shared + (6 * lines), source + (2 * step), _m6, bits);
            TensorCoreShared.Copy(shared + (7 * lines), source + (3 * step), _m7, bits);
        }

        private static uint Mask(in TensorCoreArgs args, int pixel)
        {
            if (pixel >= args.Rows)
                return 0u;
            int line = pixel / args.Width, x = pixel - (line * args.Width), y = line % args.Height;
            return (Offsets(y, args.Height) << 16) | Offsets(x, args.Width);
        }

        // Bit d + 7 for every d from -7 to 7 with 0 <= place + d < size.
        private static uint Offsets(int place, int size)
        {
            int first = place > 7 ? 0 : 7 - place, last = size - 1 - place > 7 ? 14 : size - 1 - place + 7;
            return ((2u << last) - 1u) & ~((1u << first) - 1u);
        }
    }

    /// <summary>Where a thread copies from: a term, and the chunk within it.</summary>
    private struct TermCursor
    {
        private ulong _images, _weights, _weightStep;
        private int _pixel, _column, _term, _left, _chunks, _kernel, _y, _x, _c;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Start(in TensorCoreArgs args, int pixel, int column, int stage)
        {
            (_pixel, _column) = (pixel, column);
            Enter(args.Term0);
            while (stage >= _left)
            {
                stage -= _left;
                EnterNext(args);
            }

            _left -= stage;
            _weights += (ulong)(stage * TensorCoreShared.LineBytes);
            _c += stage * TensorCoreShared.LineChunks;
            Normalize();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Copy<TSize>(in TensorCoreArgs args, in RowMasks masks, uint stage)
            where TSize : struct, ITensorCoreTile
        {
            if (_left == 0)
                EnterNext(args);
            int row = Group.IdxX >> 3, column = Group.IdxX & 7;
            uint shared = stage + (uint)((row * TensorCoreShared.LineBytes) + ((column ^ (row & 7)) * 16));
            int dy = _y - (_kernel >> 1), dx = _x - (_kernel >> 1);
            // Beyond the last tap: bits that no mask has.
            uint bits = _y < _kernel ? (1u << (dy + 23)) | (1u << (dx + 7)) : uint.MaxValue;
            long at = ((long)(_pixel + (dy * args.Width) + dx) * _chunks) + _c;
            masks.Copy<TSize>(shared, _images + (ulong)(at * 16), (ulong)(_chunks * 256), bits);

            shared += (uint)(TSize.Rows * TensorCoreShared.LineBytes);
            ulong source = _weights, step = _weightStep;
            const uint lines = 16 * TensorCoreShared.LineBytes;
            TensorCoreShared.Copy(shared, source);
            TensorCoreShared.Copy(shared + lines, source + step);
            TensorCoreShared.Copy(shared + (2 * lines), source + (2 * step));
            TensorCoreShared.Copy(shared + (3 * lines), source + (3 * step));
            if (TSize.Columns == 128)
            {
                source += 4 * step;
                TensorCoreShared.Copy(shared + (4 * lines), source);
                TensorCoreShared.Copy(shared + (5 * lines), source + step);
                TensorCoreShared.Copy(shared + (6 * lines), source + (2 * step));
                TensorCoreShared.Copy(shared + (7 * lines), source + (3 * step));
            }

            _left--;
            _weights += TensorCoreShared.LineBytes;
            _c += TensorCoreShared.LineChunks;
            Normalize();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void EnterNext(in TensorCoreArgs args)
        {
            _term++;
            Enter(_term == 1 ? args.Term1 : _term == 2 ? args.Term2 : args.Term3);
        }

        // Carries chunks beyond the end of a tap over to the next taps.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Normalize()
        {
            while (_c >= _chunks && _y < _kernel)
            {
                _c -= _chunks;
                _x++;
                if (_x == _kernel)
                {
                    _x = 0;
                    _y++;
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Enter(in TensorCoreTerm term)
        {
            int column = Group.IdxX & 7;
            (_images, _left, _chunks, _kernel) = (term.Images, term.Stages, term.Chunks, term.Kernel);
            ulong line = (ulong)term.Stages * TensorCoreShared.LineBytes;
            _weights = term.Weights + ((ulong)_column * line) + (ulong)(column * 16);
            _weightStep = 16 * line;
            (_y, _x, _c) = (0, 0, column);
            Normalize();
        }
    }
}
