using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>
/// The same as <see cref="TensorCoreForward{TTile, TEpilogue}"/> for images that consist of blocks of 8 by 16 pixels
/// and filters of 3 by 3 or 5 by 5 taps.
/// </summary>
/// <remarks>
/// A block and its halo of two pixels, 12 lines of 20, stay in shared memory for 128 bytes of channels while all taps
/// are applied: a tap is a shift of the lines that fragments are read from. Only weights are fetched for each stage,
/// 16 KiB instead of 32 for 128 by 128. That matters because the second-level cache gives about 5.5 TB/s on sm_90: 32
/// KiB for 2²⁰ multiply-adds of tf32 (2²¹ of bf16) would limit the tensor cores to about 180 (360) TFLOP/s, 17 KiB to
/// twice that. The next channels' block is fetched during the last taps of the current one, so there are two.
/// </remarks>
internal static class TensorCoreHalo<TTile, TEpilogue>
    where TTile : struct, ITensorCoreHaloTile where TEpilogue : struct, ITensorCoreEpilogue
{
    /// <summary>One thread block (group) of <see cref="TensorCoreShared.Threads"/> per tile.</summary>
    public static readonly GroupKernelHandle<TensorCoreArgs> Handle = new(Convolution);

    private static void Convolution(TensorCoreArgs args)
    {
        var part = TensorCorePart.Of(args);
        int columnTile = part.Tile % args.ColumnTiles;
        int firstColumn = columnTile * TTile.Columns, thread = Group.IdxX, lane = thread & 31, warp = thread >> 5;
        var (top, left) = HaloBlock.Corner(args, part.Tile / args.ColumnTiles);

        int columnLine = ((warp & 1) * (TTile.Columns / 2)) + (lane & 7) + ((lane >> 4) << 3);
        TTile.Begin(
            (uint)((columnLine * TensorCoreShared.LineBytes) + ((((lane >> 3) & 1) ^ (lane & 7)) * 16)));
        TensorCoreRows.Set(args, thread, HaloBlock.Pixel(args, top, left, thread));

        var producer = default(HaloCursor);
        producer.Start(args, firstColumn + (thread >> 3), part.FirstStage);
        var consumer = default(HaloWalk);
        consumer.Start(args, part.FirstStage);

        uint stageBytes = (uint)(TTile.Columns * TensorCoreShared.LineBytes);
        uint begin = TensorCoreShared.Start + (2 * HaloBlock.Bytes), end = begin + ((uint)args.Ring * stageBytes);
        uint write = begin, read = begin;
        for (int stage = 0; stage < args.Ring - 1; stage++)
        {
            if (stage < part.Stages)
                producer.Copy<TTile>(args, write, top, left);
            TensorCoreShared.Commit();
            write += stageBytes;
        }

        TensorCoreShared.Wait(args.Ring);
        Group.Barrier();
        uint rows = consumer.Lane();
        TTile.Load(rows, read);
        int ahead = args.Ring - 1;
        for (int stage = 0; stage < part.Stages; stage++)
        {
            if (stage + ahead < part.Stages)
                producer.Copy<TTile>(args, write, top, left);
            TensorCoreShared.Commit();
            write += stageBytes;
            if (write == end)
                write = begin;

            TTile.Multiply(rows, read);
            TensorCoreShared.Wait(args.Ring);
            Group.Barrier();
            read += stageBytes;
            if (read == end)
                read = begin;
            consumer.Advance(args);
            rows = consumer.Lane();
            TTile.MultiplyLast(rows, read, stage + 1 < part.Stages ? 1u : 0u);
        }

        TensorCoreShared.StoreSums<TTile>();
        part.Finish<TTile, TEpilogue>(args, firstColumn);
    }
}

/// <summary>A block of pixels with its halo in shared memory.</summary>
internal static class HaloBlock
{
    /// <summary>Size of the block in pixels.</summary>
    public const int Width = 16, Height = 8;

    /// <summary>Width of the halo in pixels, as 5 by 5 taps need it.</summary>
    public const int Margin = 2;

    /// <summary>Lines from one row of pixels to the next, halo included.</summary>
    public const int Stride = Width + (2 * Margin);

    /// <summary>Lines of a block with its halo, each of 128 bytes of channels.</summary>
    public const int Lines = (Height + (2 * Margin)) * Stride;

    /// <summary>Bytes of one of the two blocks.</summary>
    public const int Bytes = Lines * TensorCoreShared.LineBytes;

    /// <summary>The first line of a block, counted over all images one below the other, and its first column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (int Top, int Left) Corner(in TensorCoreArgs args, int block)
    {
        int across = args.Width / Width, line = block / across;
        return (line * Height, (block - (line * across)) * Width);
    }

    /// <summary>Index of the pixel of a tile's row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Pixel(in TensorCoreArgs args, int top, int left, int row) =>
        ((top + (row / Width)) * args.Width) + left + (row % Width);
}

/// <summary>The order of stages: by term, then by 128 bytes of channels, then by tap.</summary>
internal struct HaloWalk
{
    private int _term, _groups;

    /// <summary>Kernel size of the term, current tap and channels, and which of the two blocks holds them.</summary>
    public int Kernel, Y, X, ChannelGroup, Block;

    /// <summary>Moves to a stage.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Start(in TensorCoreArgs args, int stage)
    {
        Enter(args);
        while (stage >= _groups * Kernel * Kernel)
        {
            stage -= _groups * Kernel * Kernel;
            _term++;
            Enter(args);
        }

        ChannelGroup = stage / (Kernel * Kernel);
        stage -= ChannelGroup * Kernel * Kernel;
        Y = stage / Kernel;
        X = stage - (Y * Kernel);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Enter(in TensorCoreArgs args)
    {
        var (chunks, kernel) = _term == 0 ? (args.Term0.Chunks, args.Term0.Kernel)
            : _term == 1 ? (args.Term1.Chunks, args.Term1.Kernel)
            : _term == 2 ? (args.Term2.Chunks, args.Term2.Kernel) : (args.Term3.Chunks, args.Term3.Kernel);
        Kernel = kernel;
        _groups = Ceiling.Divide(chunks, TensorCoreShared.LineChunks);
        ChannelGroup = 0;
    }

    /// <summary>Whether the current stage is the first one of its term.</summary>
    public readonly bool BeginsTerm => (X | Y | ChannelGroup) == 0;

    /// <summary>Moves to the next stage.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Advance(in TensorCoreArgs args)
    {
        X++;
        if (X < Kernel)
            return;
        X = 0;
        Y++;
        if (Y < Kernel)
            return;
        Y = 0;
        Block ^= 1;
        ChannelGroup++;
        if (ChannelGroup < _groups)
            return;
        _term++;
        Enter(args);
    }

    /// <summary>Offset of the thread's row fragments for the current tap, in bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly uint Lane()
    {
        int lane = Group.IdxX & 31, warp = Group.IdxX >> 5, padding = Kernel >> 1;
        int line = ((((warp >> 1) * (HaloBlock.Height / 2)) + Y + HaloBlock.Margin - padding) * HaloBlock.Stride)
            + X + HaloBlock.Margin - padding + (lane & 15);
        return (uint)(TensorCoreShared.Start + (Block * HaloBlock.Bytes) + (line * TensorCoreShared.LineBytes)
            + (((lane >> 4) ^ (line & 7)) * 16));
    }

    /// <summary>The current term.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly TensorCoreTerm Term(in TensorCoreArgs args) =>
        _term == 0 ? args.Term0 : _term == 1 ? args.Term1 : _term == 2 ? args.Term2 : args.Term3;
}

/// <summary>Where a thread copies from: a walk, and the addresses of its term.</summary>
internal struct HaloCursor
{
    private HaloWalk _walk;
    private ulong _images, _weights, _weightStep;
    private int _column, _chunks, _hasBlock;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Start(in TensorCoreArgs args, int column, int stage)
    {
        _column = column;
        _walk.Start(args, stage);
        Enter(args);
    }

    /// <summary>
    /// Starts the copies of a stage of weights and, with the group's first tap on a block, those of the block.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Copy<TTile>(in TensorCoreArgs args, uint stage, int top, int left)
        where TTile : struct, ITensorCoreHaloTile
    {
        int row = Group.IdxX >> 3, column = Group.IdxX & 7;
        int chunk = (_walk.ChannelGroup * TensorCoreShared.LineChunks) + column;
        uint exists = chunk < _chunks ? 1u : 0u, place = (uint)((row * TensorCoreShared.LineBytes)
            + ((column ^ (row & 7)) * 16));
        if (_hasBlock == 0 || (_walk.X | _walk.Y) == 0)
        {
            CopyBlock(args, place, chunk, exists, top, left);
            _hasBlock = 1;
        }

        uint shared = stage + place;
        int at = (((_walk.Y * _walk.Kernel) + _walk.X) * _chunks) + chunk;
        ulong source = _weights + ((ulong)at * 16), step = _weightStep;
        const uint lines = 16 * TensorCoreShared.LineBytes;
        TensorCoreShared.Copy(shared, source, exists, 1u);
        TensorCoreShared.Copy(shared + lines, source + step, exists, 1u);
        TensorCoreShared.Copy(shared + (2 * lines), source + (2 * step), exists, 1u);
        TensorCoreShared.Copy(shared + (3 * lines), source + (3 * step), exists, 1u);
        if (TTile.Columns == 128)
        {
            source += 4 * step;
            TensorCoreShared.Copy(shared + (4 * lines), source, exists, 1u);
            TensorCoreShared.Copy(shared + (5 * lines), source + step, exists, 1u);
            TensorCoreShared.Copy(shared + (6 * lines), source + (2 * step), exists, 1u);
            TensorCoreShared.Copy(shared + (7 * lines), source + (3 * step), exists, 1u);
        }

        _walk.Advance(args);
        if (_walk.BeginsTerm)
            Enter(args);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void CopyBlock(in TensorCoreArgs args, uint place, int chunk, uint exists, int top, int left)
    {
        uint shared = TensorCoreShared.Start + ((uint)_walk.Block * HaloBlock.Bytes) + place;
        int line = Group.IdxX >> 3, y = 0, x = line;
        // The line within the block's own image; top counts the lines of all images, one below the other.
        int within = top % args.Height;
        for (; line < HaloBlock.Lines; line += 16, x += 16, shared += 16 * TensorCoreShared.LineBytes)
        {
            if (x >= HaloBlock.Stride)
            {
                x -= HaloBlock.Stride;
                y++;
            }

            int dy = y - HaloBlock.Margin, column = left + x - HaloBlock.Margin;
            uint inside = (uint)(within + dy) < (uint)args.Height & (uint)column < (uint)args.Width ? exists : 0u;
            long pixel = ((long)(top + dy) * args.Width) + column;
            TensorCoreShared.Copy(shared, _images + (ulong)(((pixel * _chunks) + chunk) * 16), inside, 1u);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Enter(in TensorCoreArgs args)
    {
        var term = _walk.Term(args);
        ulong line = (ulong)term.Stages * TensorCoreShared.LineBytes;
        (_images, _chunks) = (term.Images, term.Chunks);
        _weights = term.Weights + ((ulong)_column * line);
        _weightStep = 16 * line;
    }
}
