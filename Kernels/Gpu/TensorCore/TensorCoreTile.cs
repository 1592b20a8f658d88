using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>The inner products of a group of 128 threads, four warps, two by two: generated inline PTX.</summary>
/// <remarks>
/// <para>
/// Accumulators and fragments live in registers that the PTX declares. Begin declares them, so it is called once,
/// before any loop. A stage is 128 bytes of the inner dimension for all rows and then for all columns, in
/// lines of 128 bytes whose 16-byte chunks are exchanged (<see cref="TensorCoreShared"/>) so that eight lanes always
/// meet eight different quarters of the banks.
/// </para>
/// <para>
/// What a main loop can reach, for 128 by 128 and a stage: 4 warps load (4 + 4)·512 bytes in each of 4 steps, 512 cycles
/// of 128 bytes; the copies write 32 KiB, 256 cycles; together 768. The 512 products of m16n8k8 (tf32) or m16n8k16
/// (bf16) take 1024 cycles on sm_80 (1024 multiply-adds of bf16 a cycle) and at the rate that mma.sync reaches of
/// sm_90's tensor cores, about 62 %, 820. Shared memory is thus busy three quarters (sm_80) to 94 % (sm_90) of the time,
/// and tensor cores are the limit. A scheduler issues 128 products, 32 fragment loads and about 110 other instructions
/// per stage and warp in those cycles: a third of its slots. Two groups fit a multiprocessor (255 registers a thread),
/// so that one computes while the other waits. 64 by 64 loads as much for a quarter of the products: at most half the
/// rate, for problems that would leave multiprocessors idle otherwise.
/// </para>
/// </remarks>
internal interface ITensorCoreTile : ITensorCoreShape
{
    /// <summary>Bytes of an operand's number: 4 (tf32) or 2 (bf16).</summary>
    static abstract int ElementBytes { get; }

    /// <summary>Writes the sums to shared memory in rows of <see cref="ITensorCoreShape.Columns"/> + 8 floats.</summary>
    /// <param name="lane">Where the thread's first pair belongs, in bytes.</param>
    static abstract void Store(uint lane);
}

/// <summary>Tiles whose stages hold all rows and then all columns.</summary>
internal interface ITensorCoreStageTile : ITensorCoreTile
{
    /// <summary>Declares all registers and clears the sums.</summary>
    /// <param name="laneA">Where the thread's fragments of rows begin in a stage, in bytes.</param>
    /// <param name="laneB">The same of columns.</param>
    static abstract void Begin(uint laneA, uint laneB);

    /// <summary>Reads the fragments of the first step of a stage.</summary>
    /// <param name="stage">Where the stage begins in shared memory, in bytes.</param>
    static abstract void Load(uint stage);

    /// <summary>Multiplies all steps but the last, and has the fragments of that one read.</summary>
    static abstract void Multiply(uint stage);

    /// <summary>Multiplies the last step; if <paramref name="more"/> is not 0, reads the first one of the next.</summary>
    static abstract void MultiplyLast(uint next, uint more);
}

/// <summary>Tiles whose stages hold columns only; rows lie among lines that many stages read.</summary>
internal interface ITensorCoreHaloTile : ITensorCoreTile
{
    /// <summary>As <see cref="ITensorCoreStageTile.Begin"/>, of columns.</summary>
    static abstract void Begin(uint laneB);

    /// <summary>As <see cref="ITensorCoreStageTile.Load"/>.</summary>
    /// <param name="rows">Where the thread's first line of rows begins, swizzled, in bytes.</param>
    /// <param name="stage">Where the stage begins, in bytes.</param>
    static abstract void Load(uint rows, uint stage);

    /// <summary>As <see cref="ITensorCoreStageTile.Multiply"/>.</summary>
    static abstract void Multiply(uint rows, uint stage);

    /// <summary>As <see cref="ITensorCoreStageTile.MultiplyLast"/>, with the rows of the next stage.</summary>
    static abstract void MultiplyLast(uint rows, uint next, uint more);
}

/// <summary>Sums of a group of threads in shared memory.</summary>
internal interface ITensorCoreShape
{
    /// <summary>Rows of the result.</summary>
    static abstract int Rows { get; }

    /// <summary>Columns of the result.</summary>
    static abstract int Columns { get; }
}

/// <summary>What a group does with the sums, which lie in shared memory.</summary>
internal interface ITensorCoreEpilogue
{
    /// <summary>Finishes one tile.</summary>
    static abstract void Apply<TShape>(in TensorCoreArgs args, int firstColumn, int part)
        where TShape : struct, ITensorCoreShape;
}

/// <summary>A chunk: 4 numbers of tf32 or 8 of bf16, what one copy moves.</summary>
internal struct Chunk
{
    public uint First, Second, Third, Fourth;
}

/// <summary>One term of a sum: packed images and weights.</summary>
internal struct TensorCoreTerm
{
    /// <summary>Addresses of the packed images [pixel][chunk] and weights [column][tap][chunk].</summary>
    public ulong Images, Weights;

    /// <summary>Chunks of a pixel, side of the filter, stages of its part of the inner dimension.</summary>
    public int Chunks, Kernel, Stages;
}

/// <summary>What the convolution and the weight-gradient kernels are told.</summary>
internal struct TensorCoreArgs
{
    public TensorCoreTerm Term0, Term1, Term2, Term3;

    /// <summary>Result; addend and bias where they exist; values of border classes.</summary>
    public ArrayView<float> Y, Addend, Bias, Table;

    /// <summary>Of the cell.</summary>
    public ArrayView<float> Cell, CellNext, Hidden;

    /// <summary>1 where there is one, else 0.</summary>
    public int HasAddend, HasBias, HasTable, HasCell, HasGates;

    /// <summary>Rows and columns of the result, tiles along the columns, stages of all terms or of one part.</summary>
    public int Rows, Columns, ColumnTiles, Stages;

    /// <summary>Stages that fit the ring, 2 to 4.</summary>
    public int Ring;

    /// <summary>
    /// Tiles that one group each computes, parts that the inner dimension of every other tile is cut into, and stages of
    /// such a part: see <see cref="TensorCorePart"/>.
    /// </summary>
    public int WholeTiles, Parts, PartStages;

    /// <summary>Sums of the parts, [tile][part][row][column], and rows of a tile.</summary>
    public ArrayView<Quad> Partial;

    /// <inheritdoc cref="Partial" />
    public int TileRows;

    /// <summary>1 where the rows of a tile are a block of pixels: see <see cref="HaloBlock"/>.</summary>
    public int IsBlock;

    /// <summary>Size of an image, and the side of the filter that border classes are of.</summary>
    public int Height, Width, TableKernel;

    /// <summary>⌈2³² / Width⌉ and ⌈2³² / Height⌉: quotients by a multiplication.</summary>
    public uint WidthReciprocal, HeightReciprocal;

    /// <summary>Pixels that a weight gradient sums over.</summary>
    public int Pixels;

    /// <summary>Numbers of y from one part's sums to the next; input channels and taps of a weight gradient.</summary>
    public int PartStride, Channels, Taps;

    /// <summary>Side of the patches where rows or columns of the result belong to patches, else 0.</summary>
    public int Patch;

    /// <summary>1 where weights lie in blocks of 32 outputs.</summary>
    public int Blocked;
}
