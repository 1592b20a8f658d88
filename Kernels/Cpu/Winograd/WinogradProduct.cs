using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>One tensor of the result, its weights, and what is added to it.</summary>
internal unsafe struct WinogradTarget
{
    public float* Output, Addend, Weights;
    public int Columns;
}

/// <summary>What completes the sums of some tiles: the inverse transform and what follows.</summary>
internal unsafe interface IWinogradEpilogue
{
    /// <summary>Columns of one item: a multiple of 32.</summary>
    static abstract int ItemColumns { get; }

    /// <summary>Finishes tiles [first, last) of the columns from <paramref name="column"/> on.</summary>
    void Finish<T>(
        in WinogradTiling tiling, in WinogradTarget target, in WinogradSums sums, int first, int last, int column)
        where T : unmanaged, ISimdLane<T>;
}

/// <summary>The sums of an item: [block of 32 columns][frequency][tile][column], and room for transforms.</summary>
internal unsafe readonly struct WinogradSums(float* memory, nint block, nint plane, float* outputs, float* buffer)
{
    /// <summary>Room for the 16 outputs of each of four transforms.</summary>
    public readonly float* Outputs = outputs;

    /// <summary>Address of a tile's column, both relative to the item of <paramref name="columns"/> columns.</summary>
    public float* At(int row, int column, int columns)
    {
        int first = column / MicroKernel.Columns * MicroKernel.Columns;
        int width = MicroKernel.Width(Math.Min(MicroKernel.Columns, columns - first));
        return memory + (first / MicroKernel.Columns * block) + ((nint)row * width) + (column - first);
    }

    /// <summary>Transforms a lane at <paramref name="from"/> to 16 outputs in <paramref name="slot"/>.</summary>
    public float* Transform<T>(int kernel, float* from, int slot) where T : unmanaged, ISimdLane<T>
    {
        float* to = Outputs + (slot * 16 * T.Width);
        if (kernel == 5)
            Generated.WinogradTransforms.Output5<T>(from, plane, to, buffer);
        else
            Generated.WinogradTransforms.Output3<T>(from, plane, to, buffer);
        return to;
    }
}

/// <summary>
/// Σ over chunks of planes · filters, frequency by frequency, for one or several targets that share the planes: a
/// convolution, or the input gradients of the terms of a sum.
/// </summary>
/// <remarks>
/// An item is a block of columns times a part of the tiles. It makes the filters of a chunk in the second-level cache
/// and uses them at once; if there are more tiles than the sums have room for, the filters of all chunks are kept.
/// Every sum runs over the chunks in order: the number of threads does not show in the result.
/// </remarks>
internal unsafe struct WinogradProduct<TEpilogue> : ILaneItem where TEpilogue : unmanaged, IWinogradEpilogue
{
    // 64 frequencies of 64 tiles by 32 columns are half a megabyte.
    private const int TilesAtOnce = 64, MinTilesPerPart = 16;

    public WinogradPlanes Planes;
    public WinogradTarget* Targets;
    public int TargetCount;

    /// <summary>Use the target's weights, outputs and inputs exchanged, instead of <see cref="Weights"/>.</summary>
    public bool Backward;

    /// <summary>Weights of the planes' operands, unless <see cref="Backward"/>.</summary>
    public float** Weights;

    public TEpilogue Epilogue;

    private int _parts, _tiles;

    public readonly long PerWorkerFloats =>
        (BlocksPerItem * SumBlock) + FilterFloats + WinogradFilters.PanelFloats
        + (4 * 16 * 16) + (WinogradTiling.MaxFrequencies * 16) + 64;

    private static int BlocksPerItem => TEpilogue.ItemColumns / MicroKernel.Columns;

    private readonly nint SumPlane => ((nint)MicroKernel.RoundUp(_tiles) * MicroKernel.Columns) + 16;

    private readonly nint SumBlock => Planes.Tiling.Frequencies * SumPlane;

    private readonly bool KeepsFilters => TilesPerPart > TilesAtOnce;

    private readonly int TilesPerPart => MicroKernel.RoundUp(Ceiling.Divide(Planes.Tiling.Count, _parts));

    private readonly long FilterFloats
    {
        get
        {
            long all = 0, most = 0;
            for (int q = 0; q < Planes.ChunkCount; q++)
            {
                long floats = Planes.Tiling.Frequencies
                    * WinogradFilters.Plane(Planes.Chunks[q].Depth, MicroKernel.Columns);
                all += floats;
                most = Math.Max(most, floats);
            }

            return KeepsFilters ? all * BlocksPerItem : most;
        }
    }

    private readonly int Blocks
    {
        get
        {
            int blocks = 0;
            for (int i = 0; i < TargetCount; i++)
                blocks += BlocksOf(Targets[i]);
            return blocks;
        }
    }

    /// <summary>Splits the tiles if there are fewer blocks than threads.</summary>
    public void Divide(int threads)
    {
        int most = Math.Max(1, Planes.Tiling.Count / MinTilesPerPart), blocks = Blocks;
        _parts = blocks >= threads ? 1 : Math.Min(most, Ceiling.Divide(threads, blocks));
        _tiles = Math.Min(TilesAtOnce, TilesPerPart);
    }

    /// <summary>Items of the parallel loop over all targets.</summary>
    public readonly int Items => Blocks * _parts;

    public readonly void Run<T>(int item, float* scratch) where T : unmanaged, ISimdLane<T>
    {
        int block = item / _parts, part = item % _parts, t = 0;
        for (; block >= BlocksOf(Targets[t]); t++)
            block -= BlocksOf(Targets[t]);
        ref readonly var target = ref Targets[t];
        int column = block * TEpilogue.ItemColumns;
        int columns = Math.Min(TEpilogue.ItemColumns, target.Columns - column);
        int firstTile = part * TilesPerPart, lastTile = Math.Min(Planes.Tiling.Count, firstTile + TilesPerPart);

        float* memory = scratch, filters = memory + (BlocksPerItem * SumBlock), panel = filters + (nint)FilterFloats;
        float* outputs = panel + WinogradFilters.PanelFloats, buffer = outputs + (4 * 16 * 16);
        var sums = new WinogradSums(memory, SumBlock, SumPlane, outputs, buffer);
        for (int first = firstTile; first < lastTile; first += TilesAtOnce)
        {
            int last = Math.Min(lastTile, first + TilesAtOnce);
            float* kept = filters;
            for (int done = 0; done < columns; done += MicroKernel.Columns)
            {
                int width = MicroKernel.Width(Math.Min(MicroKernel.Columns, columns - done));
                float* to = memory + (done / MicroKernel.Columns * SumBlock);
                for (int q = 0; q < Planes.ChunkCount; q++)
                {
                    nint plane = WinogradFilters.Plane(Planes.Chunks[q].Depth, width);
                    if (first == firstTile || !KeepsFilters)
                        MakeFilters<T>(target, q, column + done, width, kept, plane, panel, buffer);
                    MultiplyChunk<T>(q, first, last - first, width, kept, plane, to);
                    kept += KeepsFilters ? Planes.Tiling.Frequencies * plane : 0;
                }
            }

            Epilogue.Finish<T>(Planes.Tiling, target, sums, first, last, column);
        }
    }

    private static int BlocksOf(in WinogradTarget target) =>
        Ceiling.Divide(target.Columns, TEpilogue.ItemColumns);

    private readonly void MakeFilters<T>(
        in WinogradTarget target, int q, int column, int width, float* filters, nint plane, float* panel, float* buffer)
        where T : unmanaged, ISimdLane<T>
    {
        var chunk = Planes.Chunks[q];
        for (int p = chunk.FirstPiece; p < chunk.FirstPiece + chunk.Pieces; p++)
        {
            ref readonly var piece = ref Planes.Pieces[p];
            float* rows = filters + (piece.Slot * width);
            var weights = new WinogradFilters
            {
                Weights = Backward ? target.Weights : Weights[piece.Operand],
                Kernel = Planes.Tiling.Kernel,
                Inputs = Backward ? target.Columns : piece.SourceChannels,
                Outputs = Backward ? piece.SourceChannels : target.Columns,
                Width = width,
                PlaneStride = plane,
                Panel = panel,
                Buffer = buffer,
            };
            int columns = Math.Min(MicroKernel.Columns, target.Columns - column);
            if (Backward)
                weights.Backward<T>(rows, column, columns, piece.Channel, piece.Count);
            else
                weights.Forward<T>(rows, column / MicroKernel.Columns, piece.Channel, piece.Count);
        }
    }

    private readonly void MultiplyChunk<T>(
        int q, int first, int tiles, int width, float* filters, nint filterPlane, float* to)
        where T : unmanaged, ISimdLane<T>
    {
        var chunk = Planes.Chunks[q];
        var tile = MicroKernel.Tile<T>(width, transposed: false);
        var loop = new TileLoop
        {
            OuterCount = 1,
            InnerCount = 1,
            Depth = chunk.Depth,
            StrideA = chunk.Stride,
            StrideB = width,
            StrideC = width,
            Accumulate = q > 0,
            Next = filters,
        };
        float* planes = Planes.Memory + chunk.Offset + ((nint)first * chunk.Stride);
        for (int frequency = 0; frequency < Planes.Tiling.Frequencies; frequency++)
        {
            for (int row = 0; row < tiles; row += MicroKernel.Rows)
                tile(&loop, planes + ((nint)row * chunk.Stride), filters, to + ((nint)row * width));
            planes += chunk.Plane;
            filters += filterPlane;
            to += SumPlane;
        }
    }
}
