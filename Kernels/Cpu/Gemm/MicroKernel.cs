using Gqn.Native.Kernels.Cpu.Generated;
using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>
/// The loops around one register tile: c[row][column] (+)= Σ over outer, inner and depth of a[row] · b[column].
/// </summary>
/// <remarks>
/// The depth is the contiguous innermost sum (channels, or pixels for a weight gradient); the inner and outer sums step
/// through filter taps or lines. All steps and strides are in floats.
/// </remarks>
internal unsafe struct TileLoop
{
    public int OuterCount, InnerCount, Depth;

    /// <summary>Address steps of a and b per outer iteration.</summary>
    public nint OuterStepA, OuterStepB;

    /// <summary>Address steps of a and b per inner iteration.</summary>
    public nint InnerStepA, InnerStepB;

    /// <summary>Distance between rows in memory.</summary>
    public nint StrideA, StrideB, StrideC;

    /// <summary>Whether to accumulate into c instead of overwriting it.</summary>
    public bool Accumulate;

    /// <summary>Memory needed later: each inner step of an N tile prefetches 32 floats here, 32 at NextRow.</summary>
    public float* Next;

    /// <summary>Offset of the second 32 floats, and the address steps per inner and outer iteration.</summary>
    public nint NextRow, InnerStepNext, OuterStepNext;
}

/// <summary>The register tiles: 8 rows by 32 or 16 columns.</summary>
/// <remarks>
/// An N tile reads a[row · StrideA + depth], a T tile a[depth · StrideA + row]; both read b[depth · StrideB + column].
/// Columns are independent of each other, and so are rows: garbage in one never reaches another.
/// </remarks>
internal static unsafe class MicroKernel
{
    /// <summary>Rows of a tile.</summary>
    public const int Rows = 8;

    /// <summary>Columns of a wide tile; a narrow one has half as many.</summary>
    public const int Columns = 32;

    /// <summary>The narrowest tile width, 16 or 32, that covers <paramref name="columns"/> columns.</summary>
    public static int Width(int columns) => columns <= Columns / 2 ? Columns / 2 : Columns;

    /// <summary>The next multiple of <see cref="Rows"/>.</summary>
    public static int RoundUp(int rows) => Ceiling.Multiple(rows, Rows);

    /// <summary>The tile for the vector arithmetic of <typeparamref name="TLane"/>.</summary>
    public static delegate*<TileLoop*, float*, float*, float*, void> Tile<TLane>(int width, bool transposed)
        where TLane : unmanaged, ISimdLane<TLane> =>
        Tile(
            TLane.Width == F32x16.Width ? SimdLevel.Vector512
            : TLane.Width == F32x8.Width ? SimdLevel.Vector256 : SimdLevel.Scalar, width, transposed);

    /// <summary>The tile of <paramref name="width"/> columns that reads a by rows (N) or by columns (T).</summary>
    public static delegate*<TileLoop*, float*, float*, float*, void> Tile(
        SimdLevel level, int width, bool transposed) =>
        (level, width == Columns, transposed) switch
        {
            (SimdLevel.Vector512, true, false) => &MicroKernels.N32Vector512,
            (SimdLevel.Vector512, true, true) => &MicroKernels.T32Vector512,
            (SimdLevel.Vector512, false, false) => &MicroKernels.N16Vector512,
            (SimdLevel.Vector512, false, true) => &MicroKernels.T16Vector512,
            (SimdLevel.Vector256, true, false) => &MicroKernels.N32Vector256,
            (SimdLevel.Vector256, true, true) => &MicroKernels.T32Vector256,
            (SimdLevel.Vector256, false, false) => &MicroKernels.N16Vector256,
            (SimdLevel.Vector256, false, true) => &MicroKernels.T16Vector256,
            (_, true, false) => &MicroKernels.N32Scalar,
            (_, true, true) => &MicroKernels.T32Scalar,
            (_, false, false) => &MicroKernels.N16Scalar,
            (_, false, true) => &MicroKernels.T16Scalar,
        };
}
