using System.Runtime.CompilerServices;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>What a thread block (group) computes: a tile, or some stages of the inner dimension of one.</summary>
/// <remarks>
/// <para>
/// 288 tiles on 132 multiprocessors take three rounds for the work of 2.2. So as many tiles as fill whole rounds are
/// computed whole, and the inner dimension of the others is split into parts, one group each, whose sums are added in
/// order by a second launch (<see cref="TensorCorePartialSums{TSlice, TEpilogue}"/>).
/// </para>
/// <para>Group numbers: whole tiles first, then part by part of each of the other tiles.</para>
/// </remarks>
internal struct TensorCorePart
{
    /// <summary>The tile, first stage and number of stages.</summary>
    public int Tile, FirstStage, Stages;

    // Where the sums go, in tiles; negative for a whole tile.
    private int _partial;

    /// <summary>The part of this group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TensorCorePart Of(in TensorCoreArgs args)
    {
        var part = default(TensorCorePart);
        int partial = Grid.IdxX - args.WholeTiles;
        (part.Tile, part.FirstStage, part.Stages, part._partial) = (Grid.IdxX, 0, args.Stages, partial);
        if (partial >= 0)
        {
            int tile = partial / args.Parts;
            part.Tile = args.WholeTiles + tile;
            part.FirstStage = (partial - (tile * args.Parts)) * args.PartStages;
            int left = args.Stages - part.FirstStage;
            part.Stages = left < args.PartStages ? left : args.PartStages;
        }

        return part;
    }

    /// <summary>Finishes a whole tile, or stores the sums of a part; both are read from shared memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Finish<TTile, TEpilogue>(in TensorCoreArgs args, int firstColumn)
        where TTile : struct, ITensorCoreTile where TEpilogue : struct, ITensorCoreEpilogue
    {
        if (_partial < 0)
        {
            TEpilogue.Apply<TTile>(args, firstColumn, 0);
            return;
        }

        var sums = TensorCoreShared.SumQuads();
        int across = TTile.Columns / Quad.Length, stride = TensorCoreShared.SumStride<TTile>() / Quad.Length;
        int to = (_partial * TTile.Rows * across) + Group.IdxX;
        int from = (Group.IdxX / across * stride) + (Group.IdxX % across);
        for (int i = Group.IdxX; i < TTile.Rows * across; i += TensorCoreShared.Threads)
        {
            args.Partial[to] = sums[from];
            to += TensorCoreShared.Threads;
            from += TensorCoreShared.Threads / across * stride;
        }
    }
}

/// <summary>Some rows of a tile whose parts are added.</summary>
internal interface ITensorCoreSlice : ITensorCoreShape
{
}

/// <summary>16 rows of a tile with 128 columns.</summary>
internal readonly struct Slice16x128 : ITensorCoreSlice
{
    public static int Rows => 16;

    public static int Columns => 128;
}

/// <summary>16 rows of a tile with 64 columns.</summary>
internal readonly struct Slice16x64 : ITensorCoreSlice
{
    public static int Rows => 16;

    public static int Columns => 64;
}

/// <summary>Adds the parts of split tiles in order, and finishes them: one thread block (group) per 16 rows.</summary>
internal static class TensorCorePartialSums<TSlice, TEpilogue>
    where TSlice : struct, ITensorCoreSlice where TEpilogue : struct, ITensorCoreEpilogue
{
    /// <summary>One group of <see cref="TensorCoreShared.Threads"/> per slice of each split tile.</summary>
    public static readonly GroupKernelHandle<TensorCoreArgs> Handle = new(AddParts);

    // A thread adds two quads of a slice with 64 columns, or four with 128, with their loads in flight together.
    private static void AddParts(TensorCoreArgs args)
    {
        int slices = args.TileRows / TSlice.Rows, index = Grid.IdxX / slices, thread = Group.IdxX;
        int tile = args.WholeTiles + index, firstRow = (Grid.IdxX - (index * slices)) * TSlice.Rows;
        int rowTile = tile / args.ColumnTiles, firstColumn = (tile - (rowTile * args.ColumnTiles)) * TSlice.Columns;
        if (thread < TSlice.Rows)
            TensorCoreRows.Set(args, thread, Pixel(args, rowTile, firstRow + thread));

        const int across64 = 16, threads = TensorCoreShared.Threads;
        int across = TSlice.Columns / Quad.Length, step = args.TileRows * across;
        int from = (index * args.Parts * step) + (firstRow * across) + thread;
        Quad first = default, second = default, third = default, fourth = default;
        for (int part = 0; part < args.Parts; part++)
        {
            Quad a = args.Partial[from], b = args.Partial[from + threads];
            if (across > across64)
            {
                Quad c = args.Partial[from + (2 * threads)], d = args.Partial[from + (3 * threads)];
                third += c;
                fourth += d;
            }

            first += a;
            second += b;
            from += step;
        }

        var sums = TensorCoreShared.SumQuads();
        int stride = TensorCoreShared.SumStride<TSlice>() / Quad.Length, next = threads / across * stride;
        int at = (thread / across * stride) + (thread % across);
        sums[at] = first;
        sums[at + next] = second;
        if (across > across64)
        {
            sums[at + (2 * next)] = third;
            sums[at + (3 * next)] = fourth;
        }

        Group.Barrier();
        TEpilogue.Apply<TSlice>(args, firstColumn, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Pixel(in TensorCoreArgs args, int rowTile, int row)
    {
        if (args.IsBlock == 0)
            return (rowTile * args.TileRows) + row;
        var (top, left) = HaloBlock.Corner(args, rowTile);
        return HaloBlock.Pixel(args, top, left, row);
    }
}
