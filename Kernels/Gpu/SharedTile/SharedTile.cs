using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Gpu.Generated;
using ILGPU;
using ILGPU.Runtime;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Position of a thread block (group) along the reduction axis: slices of 8, the same for all items.</summary>
internal interface ISharedTileWalk
{
    /// <summary>Moves to the first slice.</summary>
    void Begin();

    /// <summary>Moves to the next slice; false if it is not adjacent, then <see cref="Jump"/> to it.</summary>
    bool Step();

    /// <summary>Moves to a slice that lies elsewhere.</summary>
    void Jump();
}

/// <summary>One factor of a product, as an item reads it: four consecutive elements per slice.</summary>
/// <typeparam name="TWalk">What moves along the reduction axis.</typeparam>
internal interface ISharedTileOperand<TWalk> where TWalk : struct, ISharedTileWalk
{
    /// <summary>
    /// True if elements adjacent in memory are adjacent along the reduction axis; they are then stored transposed.
    /// </summary>
    static abstract bool AlongInner { get; }

    /// <summary>Sets the item's position: row or column of the product, and offset within the slice.</summary>
    void Begin(in TWalk walk, int outer, int inner);

    /// <summary>Follows the walk to the next slice.</summary>
    void Step(in TWalk walk);

    /// <summary>Follows the walk's jump.</summary>
    void Jump(in TWalk walk);

    /// <summary>Loads the four elements of this slice, zero where there are none.</summary>
    Quad Load(in TWalk walk);
}

/// <summary>What is done with the sums.</summary>
internal interface ISharedTileEpilogue
{
    /// <summary>Prepares for the four columns from <paramref name="column"/> on.</summary>
    void Begin(int column);

    /// <summary>Takes four sums of a row; the row, or the columns, may lie beyond the edge.</summary>
    void Store(int row, Quad sums);
}

/// <summary>A matrix product by thread blocks (groups) that share tiles of both factors.</summary>
/// <remarks>
/// Slices of 8 are double-buffered in shared memory: while one is multiplied, the next is on its way from global memory
/// to registers. An item owns 8 x 8 sums, two quads of rows by two of columns, half a tile apart: per step along the
/// reduction axis it reads 4 quads (LDS.128) for 64 multiply-adds, so about every sixteenth instruction is a read. Its
/// warp of 32 is 4 x 8 items with adjacent quads, so reads have no bank conflicts; rows of a slice are 4 elements
/// longer than the tile, so transposed stores have none either. A tile of 128 x 128 does 64 multiply-adds per float
/// that it reads. ILGPU recomputes loop-invariant values in every iteration, so operands keep what would cost them a
/// division in variables that advance with the loop.
/// </remarks>
internal static class SharedTile
{
    /// <summary>Elements of the reduction axis in a slice.</summary>
    public const int Depth = 8;

    private const int Padding = 4, WarpItems = 32;

    /// <summary>The kernel: a group computes one tile of the product.</summary>
    public static void Product<TShape, TWalk, TLeft, TRight, TEpilogue>(
        SharedTileArgs<TWalk, TLeft, TRight, TEpilogue> args)
        where TShape : struct, ISharedTileShape
        where TWalk : struct, ISharedTileWalk
        where TLeft : struct, ISharedTileOperand<TWalk>
        where TRight : struct, ISharedTileOperand<TWalk>
        where TEpilogue : struct, ISharedTileEpilogue
    {
        int leftPitch = TShape.Rows + Padding, rightPitch = TShape.Columns + Padding;
        var leftSlices = SharedMemory.Allocate<float>(2 * Depth * (TShape.Rows + Padding));
        var rightSlices = SharedMemory.Allocate<float>(2 * Depth * (TShape.Columns + Padding));
        var leftQuads = leftSlices.Cast<Quad>();
        var rightQuads = rightSlices.Cast<Quad>();
        int firstRow = Grid.IdxX * TShape.Rows, firstColumn = Grid.IdxY * TShape.Columns;

        var walk = args.Walk;
        walk.Begin();
        var left = default(SharedTileFactor<TWalk, TLeft>);
        var right = default(SharedTileFactor<TWalk, TRight>);
        left.Begin(args.Left, walk, firstRow, leftPitch, TShape.Rows, Items<TShape>());
        right.Begin(args.Right, walk, firstColumn, rightPitch, TShape.Columns, Items<TShape>());
        left.Load(walk, TShape.Rows, Items<TShape>());
        right.Load(walk, TShape.Columns, Items<TShape>());
        left.Store(leftSlices, leftPitch, TShape.Rows, Items<TShape>(), Depth * leftPitch);
        right.Store(rightSlices, rightPitch, TShape.Columns, Items<TShape>(), Depth * rightPitch);
        Group.Barrier();

        var (row, column) = Place<TShape>();
        int a = row, b = column;
        var sums = default(SharedTileSums);
        for (int slice = 1; slice < args.Slices; slice++)
        {
            if (walk.Step())
            {
                left.Step(walk, TShape.Rows, Items<TShape>());
                right.Step(walk, TShape.Columns, Items<TShape>());
            }
            else
            {
                walk.Jump();
                left.Jump(walk, TShape.Rows, Items<TShape>());
                right.Jump(walk, TShape.Columns, Items<TShape>());
            }

            left.Load(walk, TShape.Rows, Items<TShape>());
            right.Load(walk, TShape.Columns, Items<TShape>());
            MultiplySlice<TShape>(ref sums, leftQuads, ref a, rightQuads, ref b);

            // After the second slice comes the first again.
            int second = 1 - (slice & 1), move = (2 * second) - 1;
            a -= second * (2 * Depth * leftPitch / Quad.Length);
            b -= second * (2 * Depth * rightPitch / Quad.Length);
            left.Store(leftSlices, leftPitch, TShape.Rows, Items<TShape>(), move * (Depth * leftPitch));
            right.Store(rightSlices, rightPitch, TShape.Columns, Items<TShape>(), move * (Depth * rightPitch));
            Group.Barrier();
        }

        MultiplySlice<TShape>(ref sums, leftQuads, ref a, rightQuads, ref b);
        Drain<TShape, TEpilogue>(
            sums, args.Epilogue, firstRow + (row * Quad.Length), firstColumn + (column * Quad.Length));
    }

    /// <summary>Items per group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Items<TShape>() where TShape : struct, ISharedTileShape => Items(TShape.Rows, TShape.Columns);

    /// <summary>Items per group for a tile with these sides: each owns 8 x 8 sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Items(int rows, int columns) => rows * columns / 64;

    /// <summary>Launch bounds, which limit the registers of an item.</summary>
    public static KernelSpecialization Bounds<TShape>() where TShape : struct, ISharedTileShape =>
        new(Items<TShape>(), TShape.ResidentGroups);

    // Unrolled further, reads would be hoisted to the front and take all registers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplySlice<TShape>(
        ref SharedTileSums sums, ArrayView<Quad> left, ref int a, ArrayView<Quad> right, ref int b)
        where TShape : struct, ISharedTileShape
    {
        int leftPitch = (TShape.Rows + Padding) / Quad.Length, rightPitch = (TShape.Columns + Padding) / Quad.Length;
        for (int k = 0; k < Depth; k += 2)
        {
            sums.MultiplyAdd(
                left.SubView(a), leftPitch, TShape.Rows / (2 * Quad.Length), right.SubView(b), rightPitch,
                TShape.Columns / (2 * Quad.Length));
            a += 2 * leftPitch;
            b += 2 * rightPitch;
        }
    }

    // The item's quad of rows and quad of columns, within its half of the tile.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (int Row, int Column) Place<TShape>() where TShape : struct, ISharedTileShape
    {
        int across = TShape.Columns / 8, warpAcross = across < 8 ? across : 8, warpDown = WarpItems / warpAcross;
        int item = Group.IdxX, warp = item / WarpItems, lane = item & (WarpItems - 1), warps = across / warpAcross;
        return (
            (warp / warps * warpDown) + (lane / warpAcross),
            ((warp & (warps - 1)) * warpAcross) + (lane & (warpAcross - 1)));
    }

    // The rows shift up through the first one: unrolled, the epilogue would be in the kernel sixteen times.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Drain<TShape, TEpilogue>(SharedTileSums sums, TEpilogue epilogue, int row, int column)
        where TShape : struct, ISharedTileShape
        where TEpilogue : struct, ISharedTileEpilogue
    {
        var far = epilogue;
        epilogue.Begin(column);
        far.Begin(column + (TShape.Columns / 2));
        for (int i = 0; i < 8; i++)
        {
            int at = row + i + (i < Quad.Length ? 0 : (TShape.Rows / 2) - Quad.Length);
            epilogue.Store(at, sums.Near);
            far.Store(at, sums.Far);
            sums.Shift();
        }
    }
}

/// <summary>Arguments of a product: both factors and the epilogue, not yet bound to an item.</summary>
internal struct SharedTileArgs<TWalk, TLeft, TRight, TEpilogue>
    where TWalk : struct
    where TLeft : struct
    where TRight : struct
    where TEpilogue : struct
{
    public TWalk Walk;
    public TLeft Left;
    public TRight Right;
    public TEpilogue Epilogue;

    /// <summary>Slices that a group processes, at least one.</summary>
    public int Slices;
}
