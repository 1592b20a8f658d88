using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Matrix products by thread blocks (groups) that share tiles.</summary>
internal static class SharedTileMatMul
{
    private static readonly SharedTileKernel<LinearWalk, MatrixRows, MatrixColumns, SumEpilogue<Identity>> AB = new();
    private static readonly SharedTileKernel<LinearWalk, MatrixColumns, MatrixColumns, SumEpilogue<Identity>>
        TransposedAB = new();
    private static readonly SharedTileKernel<LinearWalk, MatrixRows, MatrixRows, SumEpilogue<Identity>>
        ATransposedB = new();
    private static readonly SharedTileKernel<LinearWalk, MatrixColumns, MatrixRows, SumEpilogue<Identity>>
        TransposedATransposedB = new();

    /// <summary>As <see cref="MatMulKernels.Multiply"/>.</summary>
    public static void Multiply(
        GpuContext context, GpuArray c, GpuArray addend, GpuArray a, GpuArray b, in MatMulShape shape)
    {
        var (rows, columns, inner, transposeA, transposeB) = shape;
        var sums = new SumEpilogue<Identity>
        {
            Y = c.View,
            Addend = addend.ViewOr(c),
            Bias = c.View,
            Table = new BorderTable { Values = c.View },
            Rows = rows,
            Columns = columns,
            ReadAddend = addend.Exists ? 1 : 0,
            Aligned = IsAligned(c, columns) != 0 && addend.IsAligned ? 1 : 0,
        };
        var left = (Rows: Matrix(a, rows, inner), Columns: Matrix(a, rows));
        var right = (Rows: Matrix(b, columns, inner), Columns: Matrix(b, columns));
        var walk = LinearWalk.Whole(inner);
        if (transposeA && transposeB)
            Launch(context, TransposedATransposedB, walk, left.Columns, right.Rows, sums);
        else if (transposeA)
            Launch(context, TransposedAB, walk, left.Columns, right.Columns, sums);
        else if (transposeB)
            Launch(context, ATransposedB, walk, left.Rows, right.Rows, sums);
        else
            Launch(context, AB, walk, left.Rows, right.Columns, sums);
    }

    private static void Launch<TLeft, TRight>(
        GpuContext context, SharedTileKernel<LinearWalk, TLeft, TRight, SumEpilogue<Identity>> kernel, LinearWalk walk,
        TLeft left, TRight right, in SumEpilogue<Identity> sums)
        where TLeft : struct, ISharedTileOperand<LinearWalk>
        where TRight : struct, ISharedTileOperand<LinearWalk>
    {
        var args = new SharedTileArgs<LinearWalk, TLeft, TRight, SumEpilogue<Identity>>
        {
            Walk = walk,
            Left = left,
            Right = right,
            Epilogue = sums,
            Slices = Ceiling.Divide(walk.Length, SharedTile.Depth),
        };
        kernel.Launch(context, args, sums.Rows, sums.Columns);
    }

    private static MatrixRows Matrix(GpuArray source, int outer, int inner) =>
        new() { Source = source.View, Outer = outer, Aligned = IsAligned(source, inner) };

    private static MatrixColumns Matrix(GpuArray source, int outer) =>
        new() { Source = source.View, Outer = outer, Aligned = IsAligned(source, outer) };

    private static int IsAligned(GpuArray array, int length) => array.IsAligned && length % Quad.Length == 0 ? 1 : 0;
}
