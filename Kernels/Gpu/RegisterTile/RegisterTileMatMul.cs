using Gqn.Native.Kernels.Gpu.Generated;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Matrix products on processors behind OpenCL.</summary>
internal static class RegisterTileMatMul
{
    // This much of a panel's depth stays in the caches while the other operand streams by.
    private const int DepthPerPass = 1024;

    private const int PartLength = 64;

    /// <summary>As <see cref="MatMulKernels.Multiply"/>.</summary>
    public static void Multiply(
        GpuContext context, GpuArray c, GpuArray addend, GpuArray a, GpuArray b, in MatMulShape shape)
    {
        var (rows, columns, inner, transposeA, transposeB) = shape;
        var args = new RegisterTileProduct.Args
        {
            C = c.View,
            Rows = rows,
            Columns = columns,
            RowsOfC = RowMap.Dense(columns),
            PanelsOfC = PanelMap.Dense(RegisterTile.Columns),
            A = a.View,
            RowsOfA = RowMap.Dense(transposeA ? 1 : inner),
            InnerA = transposeA ? rows : 1,
            B = b.View,
            PanelsOfB = PanelMap.Dense(RegisterTile.Columns),
            StepB = columns,
            Outer = 1,
            Middle = 1,
        };

        // Each operand is read once per tile of the other.
        if (columns > 2 * RegisterTile.Columns)
        {
            args.A = Pack(context, ScratchSlots.Operand, a, rows, inner, transposed: !transposeA).View;
            args.RowsOfA = new RowMap { Width = RegisterTile.Columns, Height = 1, StepX = 1, StepN = PanelSize(inner) };
            args.InnerA = RegisterTile.Columns;
        }

        if (rows > 2 * RegisterTile.Rows || transposeB || columns % RegisterTile.Columns != 0)
        {
            args.B = Pack(context, ScratchSlots.SecondOperand, b, columns, inner, transposeB).View;
            args.PanelsOfB = PanelMap.Dense(PanelSize(inner));
            args.StepB = RegisterTile.Columns;
        }

        args.Addend = addend.ViewOr(c);
        args.Bias = args.C;
        args.ReadAddend = addend.Exists ? 1 : 0;
        var (wholeA, wholeB) = (args.A, args.B);
        for (int first = 0; first < inner; first += args.Inner)
        {
            args.Inner = Math.Min(DepthPerPass, inner - first);
            long skipA = first * args.InnerA, skipB = first * args.StepB;
            args.A = wholeA.SubView(skipA, wholeA.Length - skipA);
            args.B = wholeB.SubView(skipB, wholeB.Length - skipB);
            RegisterTileProduct.Launch(context, args);
            (args.Addend, args.ReadAddend) = (args.C, 1);
        }
    }

    private static long PanelSize(int inner) => (long)inner * RegisterTile.Columns;

    // Packs [inner][lines], or its transpose, into panels of 16 lines.
    private static GpuArray Pack(
        GpuContext context, int slot, GpuArray matrix, int lines, int inner, bool transposed)
    {
        var panels = context.Scratch(slot, RegisterTileProduct.Panels(lines) * PanelSize(inner));
        RegisterTilePacking.Panels(
            context,
            new RegisterTilePacking.PanelArgs
            {
                To = panels.View,
                From = matrix.View,
                Columns = lines,
                ColumnFrom = transposed ? inner : 1,
                Panel = PanelMap.Dense(RegisterTile.Columns * (transposed ? (long)inner : 1)),
                PanelTo = PanelSize(inner),
                Outer = 1,
                Length = inner,
                PartLength = PartLength,
                PartFrom = PartLength * (transposed ? 1 : (long)lines),
                PartTo = PartLength * RegisterTile.Columns,
                RowFrom = transposed ? 1 : lines,
            });
        return panels;
    }
}
