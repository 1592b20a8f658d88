using Gqn.Native.Kernels.Pointwise;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Convolutions and activation.</summary>
internal static class SharedTileForward<TShape, TActivation>
    where TShape : struct, ISharedTileShape
    where TActivation : unmanaged, IUnaryOp
{
    public static readonly
        GroupKernelHandle<SharedTileArgs<TapWalk, GatheredPixels, WeightColumns, SumEpilogue<TActivation>>> Handle =
            new(SharedTile.Product<TShape, TapWalk, GatheredPixels, WeightColumns, SumEpilogue<TActivation>>)
            {
                Bounds = SharedTile.Bounds<TShape>(),
            };
}

/// <summary>Convolutions and the cell on them.</summary>
internal static class SharedTileLstmCell<TShape> where TShape : struct, ISharedTileShape
{
    public static readonly
        GroupKernelHandle<SharedTileArgs<TapWalk, GatheredPixels, GateWeightColumns, SharedTileCellEpilogue>> Handle =
            new(SharedTile.Product<TShape, TapWalk, GatheredPixels, GateWeightColumns, SharedTileCellEpilogue>)
            {
                Bounds = SharedTile.Bounds<TShape>(),
            };
}

/// <summary>The input gradient at stride 1.</summary>
internal static class SharedTileBackwardInput<TShape> where TShape : struct, ISharedTileShape
{
    public static readonly
        GroupKernelHandle<SharedTileArgs<TapWalk, GatheredPixels, WeightRows, SumEpilogue<Identity>>> Handle =
            new(SharedTile.Product<TShape, TapWalk, GatheredPixels, WeightRows, SumEpilogue<Identity>>)
            {
                Bounds = SharedTile.Bounds<TShape>(),
            };
}

/// <summary>The input gradient of patches.</summary>
internal static class SharedTileBackwardPatches<TShape> where TShape : struct, ISharedTileShape
{
    public static readonly
        GroupKernelHandle<SharedTileArgs<LinearWalk, MatrixRows, MatrixRows, PatchEpilogue>> Handle =
            new(SharedTile.Product<TShape, LinearWalk, MatrixRows, MatrixRows, PatchEpilogue>)
            {
                Bounds = SharedTile.Bounds<TShape>(),
            };
}

/// <summary>The weight gradient.</summary>
internal static class SharedTileBackwardWeight<TShape> where TShape : struct, ISharedTileShape
{
    public static readonly
        GroupKernelHandle<SharedTileArgs<LinearWalk, TapPixels, MatrixColumns, WeightGradientEpilogue>> Handle =
            new(SharedTile.Product<TShape, LinearWalk, TapPixels, MatrixColumns, WeightGradientEpilogue>)
            {
                Bounds = SharedTile.Bounds<TShape>(),
            };
}

/// <summary>Products of matrices; a transposed one is marked by T.</summary>
internal static class SharedTileMatrixProduct<TShape> where TShape : struct, ISharedTileShape
{
    public static readonly
        GroupKernelHandle<SharedTileArgs<LinearWalk, MatrixRows, MatrixColumns, SumEpilogue<Identity>>> AB =
            new(SharedTile.Product<TShape, LinearWalk, MatrixRows, MatrixColumns, SumEpilogue<Identity>>)
            {
                Bounds = SharedTile.Bounds<TShape>(),
            };

    public static readonly
        GroupKernelHandle<SharedTileArgs<LinearWalk, MatrixColumns, MatrixColumns, SumEpilogue<Identity>>> TransposedAB =
            new(SharedTile.Product<TShape, LinearWalk, MatrixColumns, MatrixColumns, SumEpilogue<Identity>>)
            {
                Bounds = SharedTile.Bounds<TShape>(),
            };

    public static readonly
        GroupKernelHandle<SharedTileArgs<LinearWalk, MatrixRows, MatrixRows, SumEpilogue<Identity>>> ATransposedB =
            new(SharedTile.Product<TShape, LinearWalk, MatrixRows, MatrixRows, SumEpilogue<Identity>>)
            {
                Bounds = SharedTile.Bounds<TShape>(),
            };

    public static readonly
        GroupKernelHandle<SharedTileArgs<LinearWalk, MatrixColumns, MatrixRows, SumEpilogue<Identity>>>
            TransposedATransposedB =
                new(SharedTile.Product<TShape, LinearWalk, MatrixColumns, MatrixRows, SumEpilogue<Identity>>)
                {
                    Bounds = SharedTile.Bounds<TShape>(),
                };
}

/// <summary>Launches of products.</summary>
internal static class SharedTileLaunch
{
    /// <summary>One group for each tile of the product, and for each part of the summed axis.</summary>
    public static void Launch<TShape, TWalk, TLeft, TRight, TEpilogue>(
        GpuContext context, GroupKernelHandle<SharedTileArgs<TWalk, TLeft, TRight, TEpilogue>> kernel,
        in SharedTileArgs<TWalk, TLeft, TRight, TEpilogue> args, int rows, int columns, int parts = 1)
        where TShape : struct, ISharedTileShape
        where TWalk : struct
        where TLeft : struct
        where TRight : struct
        where TEpilogue : struct =>
        context.Launch(
            kernel,
            new Index3D(
                (int)SharedTileShapes.Groups(rows, TShape.Rows), (int)SharedTileShapes.Groups(columns, TShape.Columns),
                parts),
            SharedTile.Items<TShape>(), args);
}
