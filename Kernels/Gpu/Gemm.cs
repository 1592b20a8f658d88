using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>General matrix products.</summary>
public static class Gemm
{
    private static readonly KernelHandle<Args> Plain = new(GemmPlain);

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
        if (context.Tiles == TileFamily.Register)
        {
            RegisterTileGemm.Multiply(context, c, addend, a, b, rows, columns, inner, transposeA, transposeB);
            return;
        }

        if (context.Tiles == TileFamily.Shared && inner > 0)
        {
            SharedTileGemm.Multiply(context, c, addend, a, b, rows, columns, inner, transposeA, transposeB);
            return;
        }

        context.Launch(
            Plain, (long)rows * columns,
            new Args
            {
                C = c.View,
                Addend = addend.ViewOr(c),
                A = a.View,
                B = b.View,
                Columns = columns,
                Inner = inner,
                RowStepA = transposeA ? 1 : inner,
                InnerStepA = transposeA ? rows : 1,
                ColumnStepB = transposeB ? inner : 1,
                InnerStepB = transposeB ? 1 : columns,
                ReadAddend = addend.Exists ? 1 : 0,
            });
    }

    private static void GemmPlain(Index1D index, Args args)
    {
        int i = index, row = i / args.Columns, column = i - (row * args.Columns);
        int a = row * args.RowStepA, b = column * args.ColumnStepB;
        float sum = args.ReadAddend != 0 ? args.Addend[i] : 0f;
        for (int k = 0; k < args.Inner; k++, a += args.InnerStepA, b += args.InnerStepB)
            sum += args.A[a] * args.B[b];
        args.C[i] = sum;
    }

    internal struct Args
    {
        public ArrayView<float> C, Addend, A, B;
        public int Columns, Inner, RowStepA, InnerStepA, ColumnStepB, InnerStepB, ReadAddend;
    }
}
