using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>The inner products of a thread block (group) of 128 threads, 2 x 2 warps: generated inline PTX.</summary>
/// <remarks>
/// <para>
/// Accumulators and fragments live in registers that Begin declares in PTX, so it is called once, before any loop.
/// A stage is 128 bytes of the inner dimension for all rows and then for all columns, in lines of 128 bytes whose
/// 16-byte chunks are swizzled (<see cref="TensorCoreShared"/>) so that eight lanes always access eight different
/// groups of four banks.
/// </para>
/// <para>
/// Limits of the main loop, for 128 by 128 and a stage: 4 warps load (4 + 4)·512 bytes in each of 4 steps, 512 cycles
/// of 128 bytes; the copies write 32 KiB, 256 cycles; together 768. The 512 products of m16n8k8 (tf32) or m16n8k16
/// (bf16) take 1024 cycles on sm_80 (1024 multiply-adds of bf16 per cycle) and, at the rate that mma.sync reaches on
/// sm_90's tensor cores, about 62 %, 820. Shared memory is thus busy three quarters (sm_80) to 94 % (sm_90) of the
/// time, and tensor cores are the limit. A scheduler issues 128 products, 32 fragment loads and about 110 other
/// instructions per stage and warp in those cycles: a third of its slots. Two groups fit a multiprocessor (255
/// registers per thread), so that one computes while the other waits. 64 by 64 loads half as much for a quarter of the
/// products: at most half the rate, for problems that would otherwise leave multiprocessors idle.
/// </para>
/// </remarks>
internal interface ITensorCoreTile : ITensorCoreShape
{
    /// <summary>Bytes of an operand's value: 4 (tf32) or 2 (bf16).</summary>
    static abstract int ElementBytes { get; }

    /// <summary>Stores the sums to shared memory, rows of <see cref="ITensorCoreShape.Columns"/> + 8 floats.</summary>
    /// <param name="lane">Offset of the thread's first pair, in bytes.</param>
    static abstract void Store(uint lane);
}

/// <summary>Tiles whose stages hold all rows and then all columns.</summary>
internal interface ITensorCoreStageTile : ITensorCoreTile
{
    /// <summary>Declares all registers and clears the sums.</summary>
    /// <param name="laneA">Offset of the thread's row fragments in a stage, in bytes.</param>
    /// <param name="laneB">The same for columns.</param>
    static abstract void Begin(uint laneA, uint laneB);

    /// <summary>Loads the fragments of the first step of a stage.</summary>
    /// <param name="stage">Offset of the stage in shared memory, in bytes.</param>
    static abstract void Load(uint stage);

    /// <summary>Multiplies all steps but the last, and loads the fragments of the last.</summary>
    static abstract void Multiply(uint stage);

    /// <summary>Multiplies the last step; unless <paramref name="more"/> is 0, loads the first of the next.</summary>
    static abstract void MultiplyLast(uint next, uint more);
}

/// <summary>Tiles whose stages hold only columns; rows are among lines that many stages read.</summary>
internal interface ITensorCoreHaloTile : ITensorCoreTile
{
    /// <summary>As <see cref="ITensorCoreStageTile.Begin"/>, for columns only.</summary>
    static abstract void Begin(uint laneB);

    /// <summary>As <see cref="ITensorCoreStageTile.Load"/>.</summary>
    /// <param name="rows">Offset of the thread's first line of rows, swizzled, in bytes.</param>
    /// <param name="stage">Offset of the stage, in bytes.</param>
    static abstract void Load(uint rows, uint stage);

    /// <summary>As <see cref="ITensorCoreStageTile.Multiply"/>.</summary>
    static abstract void Multiply(uint rows, uint stage);

    /// <summary>As <see cref="ITensorCoreStageTile.MultiplyLast"/>, with the rows of the next stage.</summary>
    static abstract void MultiplyLast(uint rows, uint next, uint more);
}

/// <summary>The extent of the sums that a thread block (group) has in shared memory.</summary>
internal interface ITensorCoreShape
{
    /// <summary>Rows of the result.</summary>
    static abstract int Rows { get; }

    /// <summary>Columns of the result.</summary>
    static abstract int Columns { get; }
}

/// <summary>What a group does with the sums in shared memory.</summary>
internal interface ITensorCoreEpilogue
{
    /// <summary>Finishes one tile.</summary>
    static abstract void Apply<TShape>(in TensorCoreArgs args, int firstColumn, int part)
        where TShape : struct, ITensorCoreShape;
}

/// <summary>A chunk of 4 tf32 or 8 bf16 values: what one copy moves.</summary>
internal struct Chunk
{
    public uint First, Second, Third, Fourth;
}

/// <summary>One term of a sum: packed images and weights.</summary>
internal struct TensorCoreTerm
{
    /// <summary>Addresses of the packed images [pixel][chunk] and weights [column][tap][chunk].</summary>
    public ulong Images, Weights;

    /// <summary>Chunks of a pixel, kernel size, stages of the term's part of the inner dimension.</summary>
    public int Chunks, Kernel, Stages;
}

/// <summary>Arguments of the convolution and the weight-gradient kernels.</summary>
internal struct TensorCoreArgs
{
    public TensorCoreTerm Term0, Term1, Term2, Term3;

    /// <summary>Result; addend and bias, if any; table of border classes.</summary>
    public ArrayView<float> Y, Addend, Bias, Table;

    /// <summary>State of the LSTM cell: c, c′ and h.</summary>
    public ArrayView<float> Cell, CellNext, Hidden;

    /// <summary>1 if the array exists, else 0.</summary>
    public int HasAddend, HasBias, HasTable, HasCell, HasGates;

    /// <summary>Rows and columns of the result, tiles along the columns, stages of all terms or of one part.</summary>
    public int Rows, Columns, ColumnTiles, Stages;

    /// <summary>Stages in the ring buffer, 2 to 4.</summary>
    public int Ring;

    /// <summary>
    /// Tiles computed by one group each, parts that the inner dimension of every other tile is split into, and stages
    /// of such a part: see <see cref="TensorCorePart"/>.
    /// </summary>
    public int WholeTiles, Parts, PartStages;

    /// <summary>Sums of the parts, [tile][part][row][column], and rows of a tile.</summary>
    public ArrayView<Quad> Partial;

    /// <inheritdoc cref="Partial" />
    public int TileRows;

    /// <summary>1 if the rows of a tile are a block of pixels: see <see cref="HaloBlock"/>.</summary>
    public int IsBlock;

    /// <summary>Size of an image, and the kernel size that defines the border classes.</summary>
    public int Height, Width, TableKernel;

    /// <summary>⌈2³² / Width⌉ and ⌈2³² / Height⌉: division by multiplication.</summary>
    public uint WidthReciprocal, HeightReciprocal;

    /// <summary>Pixels that a weight gradient sums over.</summary>
    public int Pixels;

    /// <summary>Elements of y from one part's sums to the next; input channels and taps of a weight gradient.</summary>
    public int PartStride, Channels, Taps;

    /// <summary>Side of the patches if rows or columns of the result belong to patches, else 0.</summary>
    public int Patch;

    /// <summary>1 if weights are in blocks of 32 outputs.</summary>
    public int Blocked;
}
