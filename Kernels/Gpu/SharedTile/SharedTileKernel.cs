using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>A product by thread blocks (groups) that share tiles, compiled for each tile shape.</summary>
/// <typeparam name="TWalk">What moves along the reduction axis.</typeparam>
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

    /// <summary>Launches one group per tile of the product and part of the reduction axis.</summary>
    /// <param name="context">The device.</param>
    /// <param name="args">The factors and the epilogue.</param>
    /// <param name="rows">Rows of the product.</param>
    /// <param name="columns">Columns of the product.</param>
    /// <param name="tile">The tile shape; if null, the one that should finish first.</param>
    /// <param name="parts">Parts of the reduction axis.</param>
    public void Launch(
        GpuContext context, in SharedTileArgs<TWalk, TLeft, TRight, TEpilogue> args, int rows, int columns,
        SharedTileShape? tile = null, int parts = 1)
    {
        var shape = tile ?? SharedTileShapes.Choose(context, rows, columns);
        var kernel = shape switch
        {
            SharedTileShape.Square128 => _square128,
            SharedTileShape.Square64 => _square64,
            _ => _narrow32,
        };
        var (tileRows, tileColumns) = SharedTileShapes.Size(shape);
        var groups = new Index3D(
            Ceiling.Divide(rows, tileRows), Ceiling.Divide(columns, tileColumns), parts);
        context.Launch(kernel, groups, SharedTile.Items(tileRows, tileColumns), args);
    }

    private static GroupKernelHandle<SharedTileArgs<TWalk, TLeft, TRight, TEpilogue>> Handle<TShape>()
        where TShape : struct, ISharedTileShape => new(SharedTile.Product<TShape, TWalk, TLeft, TRight, TEpilogue>)
        {
            Bounds = SharedTile.Bounds<TShape>(),
        };
}
