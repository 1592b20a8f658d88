namespace Gqn.Native.Kernels.Gpu;

/// <summary>General matrix products.</summary>
public static class MatMulKernels
{
    /// <summary>
    /// c [rows, columns] = addend + op(a)·op(b), row by row in memory; op transposes where told. The addend may be
    /// absent, or c itself.
    /// </summary>
    /// <param name="context">The device.</param>
    /// <param name="c">[rows, columns]</param>
    /// <param name="addend">[rows, columns], or absent.</param>
    /// <param name="a">[rows, inner]; [inner, rows] where transposed.</param>
    /// <param name="b">[inner, columns]; [columns, inner] where transposed.</param>
    /// <param name="rows">Rows of c.</param>
    /// <param name="columns">Columns of c.</param>
    /// <param name="inner">Length of the summed axis.</param>
    /// <param name="transposeA">Takes the transpose of a.</param>
    /// <param name="transposeB">Takes the transpose of b.</param>
    public static void Multiply(
        GpuContext context, GpuArray c, GpuArray addend, GpuArray a, GpuArray b, int rows, int columns, int inner,
        bool transposeA, bool transposeB)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (TensorCoreConv2d.SupportsProduct(context, rows, columns, inner, transposeA, transposeB))
        {
            TensorCoreConv2d.Multiply(
                context, c, addend, a, b, rows, columns, inner, transposeA, transposeB);
        }
        else if (context.Tiles == TileFamily.Register)
        {
            RegisterTileMatMul.Multiply(context, c, addend, a, b, rows, columns, inner, transposeA, transposeB);
        }
        else
        {
            SharedTileMatMul.Multiply(context, c, addend, a, b, rows, columns, inner, transposeA, transposeB);
        }
    }

    /// <summary>
    /// da = dy·bᵀ and db = aᵀ·dy, the gradients of a product a·b; an absent one is not computed.
    /// </summary>
    /// <param name="context">The device.</param>
    /// <param name="da">[rows, inner], or absent.</param>
    /// <param name="addA">Adds to da.</param>
    /// <param name="db">[inner, columns], or absent.</param>
    /// <param name="addB">Adds to db.</param>
    /// <param name="dy">[rows, columns]</param>
    /// <param name="a">[rows, inner]</param>
    /// <param name="b">[inner, columns]</param>
    /// <param name="rows">Rows of the product.</param>
    /// <param name="columns">Columns of the product.</param>
    /// <param name="inner">Length of the axis that the product sums over.</param>
    public static void Backward(
        GpuContext context, GpuArray da, bool addA, GpuArray db, bool addB, GpuArray dy, GpuArray a, GpuArray b, int rows,
        int columns, int inner)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (TensorCoreConv2d.SupportsProduct(context, rows, inner, columns, false, true))
        {
            TensorCoreConv2d.MultiplyBackward(context, da, addA, db, addB, dy, a, b, rows, columns, inner);
            return;
        }

        if (da.Exists)
            Multiply(context, da, addA ? da : default, dy, b, rows, inner, columns, false, true);
        if (db.Exists)
            Multiply(context, db, addB ? db : default, a, dy, inner, columns, rows, true, false);
    }
}
