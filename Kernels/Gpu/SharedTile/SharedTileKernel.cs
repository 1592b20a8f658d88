using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>A product by groups that share tiles, compiled for each shape of a tile.</summary>
/// <typeparam name="TWalk">What leads along the reduction axis.</typeparam>
/// <typeparam name="TLeft">The factor whose rows are those of the product.</typeparam>
/// <typeparam name="TRight">The factor whose columns are those of the product.</typeparam>
/// <typeparam name="TEpilogue">What is done with the sums.</typeparam>
internal sealed class SharedTileKernel<TWalk, TLeft, TRight, TEpilogue> : IKernelSet
    where TWalk : struct, ISharedTileWalk
    where TLeft : struct, ISharedTileOperand<TWalk>
    where TRight : struct, ISharedTileOperand<TWalk>
    where TEpilogue : struct, ISharedTileEpilogue
{
    private readonly GroupKernelHandle<SharedTileArgs<TWalk, TLeft, TRight, TEpilogue>>
        _square128 = Handle<Square128>(), _square64 = Handle<Square64>(), _narrow32 = Handle<Narrow32>();

    /// <inheritdoc />
    public IEnumerable<(string Name, KernelHandle Handle)> Handles =>
        [(nameof(Square128), _square128), (nameof(Square64), _square64), (nameof(Narrow32), _narrow32)];

    /// <summary>Launches with the shape that should be done first.</summary>
    /// <param name="context">The device.</param>
    /// <param name="args">The factors and the epilogue.</param>
    /// <param name="rows">Rows of the product.</param>
    /// <param name="columns">Columns of the product.</param>
    public void Launch(
        GpuContext context, in SharedTileArgs<TWalk, TLeft, TRight, TEpilogue> args, int rows, int columns) =>
        Launch(context, SharedTileShapes.Choose(context, rows, columns), args, rows, columns, 1);

    /// <summary>Launches one group for each tile of the product, and for each part of the reduction axis.</summary>
    public void Launch(
        GpuContext context, SharedTileShape shape, in SharedTileArgs<TWalk, TLeft, TRight, TEpilogue> args, int rows,
        int columns, int parts)
    {
        switch (shape)
        {
            case SharedTileShape.Square128:
                Launch<Square128>(context, _square128, args, rows, columns, parts);
                break;
            case SharedTileShape.Square64:
                Launch<Square64>(context, _square64, args, rows, columns, parts);
                break;
            default:
                Launch<Narrow32>(context, _narrow32, args, rows, columns, parts);
                break;
        }
    }

    private static GroupKernelHandle<SharedTileArgs<TWalk, TLeft, TRight, TEpilogue>> Handle<TShape>()
        where TShape : struct, ISharedTileShape => new(SharedTile.Product<TShape, TWalk, TLeft, TRight, TEpilogue>)
        {
            Bounds = SharedTile.Bounds<TShape>(),
        };

    private static void Launch<TShape>(
        GpuContext context, GroupKernelHandle<SharedTileArgs<TWalk, TLeft, TRight, TEpilogue>> kernel,
        in SharedTileArgs<TWalk, TLeft, TRight, TEpilogue> args, int rows, int columns, int parts)
        where TShape : struct, ISharedTileShape => context.Launch(
        kernel,
        new Index3D(
            (int)SharedTileShapes.Groups(rows, TShape.Rows), (int)SharedTileShapes.Groups(columns, TShape.Columns), parts),
        SharedTile.Items<TShape>(), args);
}
