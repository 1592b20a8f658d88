using Gqn.Native.Kernels.Gpu.Generated;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>A tensor-core kernel, and what its launcher must know about its tiles.</summary>
/// <param name="Handle">The kernel.</param>
/// <param name="Rows">Rows of a tile.</param>
/// <param name="Columns">Columns of a tile.</param>
/// <param name="SumBytes">Shared memory for the sums of a tile at the end, in bytes.</param>
/// <param name="BlockBytes">Shared memory before the ring buffer: the resident blocks of pixels, or none.</param>
/// <param name="StageBytes">Shared memory of a stage of the ring buffer.</param>
internal sealed record TensorCoreKernel(
    GroupKernelHandle<TensorCoreArgs> Handle, int Rows, int Columns, int SumBytes, int BlockBytes, int StageBytes)
{
    /// <summary>True if a block of pixels stays in shared memory while the taps pass over it.</summary>
    public bool IsHalo => BlockBytes > 0;

    /// <summary>Adds the parts of split tiles, a slice of rows per thread block; null for weight gradients.</summary>
    public GroupKernelHandle<TensorCoreArgs>? PartialSums { get; private init; }

    /// <summary>Rows of a slice of <see cref="PartialSums"/>.</summary>
    public int SliceRows { get; private init; }

    /// <summary>Shared memory of a slice, in bytes.</summary>
    public int SliceBytes { get; private init; }

    /// <summary>A kernel whose stages hold pixels and weights.</summary>
    public static TensorCoreKernel Of<TTile>(GroupKernelHandle<TensorCoreArgs> handle)
        where TTile : struct, ITensorCoreStageTile =>
        new(
            handle, TTile.Rows, TTile.Columns, TensorCoreShared.SumBytes<TTile>(), 0,
            TensorCoreShared.StageBytes<TTile>());

    /// <summary>A kernel whose stages hold only weights.</summary>
    public static TensorCoreKernel Halo<TTile>(GroupKernelHandle<TensorCoreArgs> handle)
        where TTile : struct, ITensorCoreHaloTile =>
        new(
            handle, TTile.Rows, TTile.Columns, TensorCoreShared.SumBytes<TTile>(), 2 * HaloBlock.Bytes,
            TTile.Columns * TensorCoreShared.LineBytes);

    /// <summary>The same with the kernel that adds the parts of split tiles.</summary>
    public TensorCoreKernel Cut<TSlice, TEpilogue>()
        where TSlice : struct, ITensorCoreSlice
        where TEpilogue : struct, ITensorCoreEpilogue => this with
        {
            PartialSums = TensorCorePartialSums<TSlice, TEpilogue>.Handle,
            SliceRows = TSlice.Rows,
            SliceBytes = TensorCoreShared.SumBytes<TSlice>(),
        };
}

/// <summary>The forward kernels with one epilogue, which also compute gradients with respect to the input.</summary>
internal static class TensorCoreKernels<TEpilogue> where TEpilogue : struct, ITensorCoreEpilogue
{
    private static readonly TensorCoreKernel[] Tf32 =
    [
        TensorCoreKernel.Halo<Halo128x128Tf32>(TensorCoreHalo<Halo128x128Tf32, TEpilogue>.Handle)
            .Cut<Slice16x128, TEpilogue>(),
        TensorCoreKernel.Halo<Halo128x64Tf32>(TensorCoreHalo<Halo128x64Tf32, TEpilogue>.Handle)
            .Cut<Slice16x64, TEpilogue>(),
        TensorCoreKernel.Of<Linewise128x128Tf32>(TensorCoreForward<Linewise128x128Tf32, TEpilogue>.Handle)
            .Cut<Slice16x128, TEpilogue>(),
        TensorCoreKernel.Of<Linewise128x64Tf32>(TensorCoreForward<Linewise128x64Tf32, TEpilogue>.Handle)
            .Cut<Slice16x64, TEpilogue>(),
        TensorCoreKernel.Of<Linewise64x64Tf32>(TensorCoreForward<Linewise64x64Tf32, TEpilogue>.Handle)
            .Cut<Slice16x64, TEpilogue>(),
    ];

    private static readonly TensorCoreKernel[] Bf16 =
    [
        TensorCoreKernel.Halo<Halo128x128Bf16>(TensorCoreHalo<Halo128x128Bf16, TEpilogue>.Handle)
            .Cut<Slice16x128, TEpilogue>(),
        TensorCoreKernel.Halo<Halo128x64Bf16>(TensorCoreHalo<Halo128x64Bf16, TEpilogue>.Handle)
            .Cut<Slice16x64, TEpilogue>(),
        TensorCoreKernel.Of<Linewise128x128Bf16>(TensorCoreForward<Linewise128x128Bf16, TEpilogue>.Handle)
            .Cut<Slice16x128, TEpilogue>(),
        TensorCoreKernel.Of<Linewise128x64Bf16>(TensorCoreForward<Linewise128x64Bf16, TEpilogue>.Handle)
            .Cut<Slice16x64, TEpilogue>(),
        TensorCoreKernel.Of<Linewise64x64Bf16>(TensorCoreForward<Linewise64x64Bf16, TEpilogue>.Handle)
            .Cut<Slice16x64, TEpilogue>(),
    ];

    /// <summary>The kernel with the tiles of <paramref name="tiling"/>.</summary>
    public static TensorCoreKernel Of(TensorCoreTiling tiling, bool bf16) => (bf16 ? Bf16 : Tf32)[(int)tiling];
}

/// <summary>The kernels of gradients with respect to the weights.</summary>
internal static class TensorCoreWeightKernels<TEpilogue> where TEpilogue : struct, ITensorCoreEpilogue
{
    private static readonly TensorCoreKernel
        LargeTf32 = Of<Crosswise128x128Tf32>(), LargeBf16 = Of<Crosswise128x128Bf16>(),
        SmallTf32 = Of<Crosswise64x64Tf32>(), SmallBf16 = Of<Crosswise64x64Bf16>();

    /// <summary>The kernel with the tiles of <paramref name="tiling"/>.</summary>
    public static TensorCoreKernel Of(TensorCoreTiling tiling, bool bf16) => (tiling, bf16) switch
    {
        (TensorCoreTiling.Large, false) => LargeTf32,
        (TensorCoreTiling.Large, true) => LargeBf16,
        (_, false) => SmallTf32,
        _ => SmallBf16,
    };

    private static TensorCoreKernel Of<TTile>() where TTile : struct, ITensorCoreStageTile =>
        TensorCoreKernel.Of<TTile>(TensorCoreWeightGradient<TTile, TEpilogue>.Handle);
}
