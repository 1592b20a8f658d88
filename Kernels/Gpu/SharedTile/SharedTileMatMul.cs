using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Products of matrices by groups that share tiles.</summary>
internal static class SharedTileMatMul
{
    /// <summary>What <see cref="MatMulKernels.Multiply"/> says.</summary>
    public static void Multiply(
        GpuContext context, GpuArray c, GpuArray addend, GpuArray a, GpuArray b, int rows, int columns, int inner,
        bool transposeA, bool transposeB)
    {
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
        var left = (Matrix(a, rows, inner), Matrix(a, rows));
        var right = (Matrix(b, columns, inner), Matrix(b, columns));
        var walk = LinearWalk.Whole(inner);
        switch (SharedTileShapes.Choose(context, rows, columns))
        {
            case SharedTileShape.Square128:
                Multiply<Square128>(context, walk, left, transposeA, right, transposeB, sums);
                break;
            case SharedTileShape.Square64:
                Multiply<Square64>(context, walk, left, transposeA, right, transposeB, sums);
                break;
            default:
                Multiply<Narrow32>(context, walk, left, transposeA, right, transposeB, sums);
                break;
        }
    }

    private static void Multiply<TShape>(
        GpuContext context, LinearWalk walk, (MatrixRows Rows, MatrixColumns Columns) left, bool transposeA,
        (MatrixRows Rows, MatrixColumns Columns) right, bool transposeB, in SumEpilogue<Identity> sums)
        where TShape : struct, ISharedTileShape
    {
        if (transposeA && transposeB)
        {
            Launch<TShape, MatrixColumns, MatrixRows>(
                context, SharedTileMatrixProduct<TShape>.TransposedATransposedB, walk, left.Columns, right.Rows, sums);
        }
        else if (transposeA)
        {
            Launch<TShape, MatrixColumns, MatrixColumns>(
                context, SharedTileMatrixProduct<TShape>.TransposedAB, walk, left.Columns, right.Columns, sums);
        }
        else if (transposeB)
        {
            Launch<TShape, MatrixRows, MatrixRows>(
                context, SharedTileMatrixProduct<TShape>.ATransposedB, walk, left.Rows, right.Rows, sums);
        }
        else
        {
            Launch<TShape, MatrixRows, MatrixColumns>(
                context, SharedTileMatrixProduct<TShape>.AB, walk, left.Rows, right.Columns, sums);
        }
    }

    private static void Launch<TShape, TLeft, TRight>(
        GpuContext context,
        GroupKernelHandle<SharedTileArgs<LinearWalk, TLeft, TRight, SumEpilogue<Identity>>> kernel, LinearWalk walk,
        TLeft left, TRight right, in SumEpilogue<Identity> sums)
        where TShape : struct, ISharedTileShape
        where TLeft : struct
        where TRight : struct
    {
        var args = new SharedTileArgs<LinearWalk, TLeft, TRight, SumEpilogue<Identity>>
        {
            Walk = walk,
            Left = left,
            Right = right,
            Epilogue = sums,
            Slices = (int)SharedTileShapes.Groups(walk.Length, SharedTile.Depth),
        };
        SharedTileLaunch.Launch<TShape, LinearWalk, TLeft, TRight, SumEpilogue<Identity>>(
            context, kernel, args, sums.Rows, sums.Columns);
    }

    private static MatrixRows Matrix(GpuArray source, int outer, int inner) =>
        new() { Source = source.View, Outer = outer, Aligned = IsAligned(source, inner) };

    private static MatrixColumns Matrix(GpuArray source, int outer) =>
        new() { Source = source.View, Outer = outer, Aligned = IsAligned(source, outer) };

    private static int IsAligned(GpuArray array, int length) => array.IsAligned && length % Quad.Length == 0 ? 1 : 0;
}
