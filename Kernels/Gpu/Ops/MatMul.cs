using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>General matrix products.</summary>
public static class MatMulKernels
{
    /// <summary>c = addend + op(a)·op(b), row-major, where op is the identity or the transpose.</summary>
    /// <param name="context">The device.</param>
    /// <param name="c">[rows, columns]</param>
    /// <param name="addend">Same shape as c, may be c itself; absent for zero.</param>
    /// <param name="a">[rows, inner], or its transpose.</param>
    /// <param name="b">[inner, columns], or its transpose.</param>
    /// <param name="shape">The sizes.</param>
    public static void Multiply(
        GpuContext context, GpuArray c, GpuArray addend, GpuArray a, GpuArray b, in MatMulShape shape)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (TensorCoreConv2d.SupportsProduct(context, shape))
            TensorCoreConv2d.Multiply(context, c, addend, a, b, shape);
        else if (context.Tiles == TileFamily.Register)
            RegisterTileMatMul.Multiply(context, c, addend, a, b, shape);
        else
            SharedTileMatMul.Multiply(context, c, addend, a, b, shape);
    }

    /// <summary>da = dy·bᵀ and db = aᵀ·dy, the gradients of a product a·b; an absent one is not computed.</summary>
    /// <param name="context">The device.</param>
    /// <param name="da">[rows, inner], or absent.</param>
    /// <param name="addA">Accumulate into da instead of overwriting it.</param>
    /// <param name="db">[inner, columns], or absent.</param>
    /// <param name="addB">Accumulate into db instead of overwriting it.</param>
    /// <param name="dy">[rows, columns]</param>
    /// <param name="a">[rows, inner]</param>
    /// <param name="b">[inner, columns]</param>
    /// <param name="shape">The sizes of a·b; nothing is transposed.</param>
    public static void Backward(
        GpuContext context, GpuArray da, bool addA, GpuArray db, bool addB, GpuArray dy, GpuArray a, GpuArray b,
        in MatMulShape shape)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (rows, columns, inner, _, _) = shape;
        var first = new MatMulShape(rows, inner, columns, TransposeB: true);
        if (TensorCoreConv2d.SupportsProduct(context, first))
        {
            TensorCoreConv2d.MultiplyBackward(context, da, addA, db, addB, dy, a, b, shape);
            return;
        }

        if (da.Exists)
            Multiply(context, da, addA ? da : default, dy, b, first);
        if (db.Exists)
            Multiply(context, db, addB ? db : default, a, dy, new MatMulShape(inner, columns, rows, TransposeA: true));
    }
}
