namespace Gqn.Native.Kernels.Gpu;

/// <summary>General matrix products.</summary>
public static class Gemm
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
        if (TensorCoreConvolution.SupportsProduct(context, rows, columns, inner, transposeA, transposeB))
        {
            TensorCoreConvolution.Multiply(
                context, c, addend, a, b, rows, columns, inner, transposeA, transposeB);
        }
        else if (context.Tiles == TileFamily.Register)
        {
            RegisterTileGemm.Multiply(context, c, addend, a, b, rows, columns, inner, transposeA, transposeB);
        }
        else
        {
            SharedTileGemm.Multiply(context, c, addend, a, b, rows, columns, inner, transposeA, transposeB);
        }
    }
}
