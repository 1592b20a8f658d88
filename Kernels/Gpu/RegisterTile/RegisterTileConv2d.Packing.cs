using Gqn.Native.Kernels.Gpu.Generated;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Gpu;

/// <content>Packing of the second operands into panels.</content>
internal static partial class RegisterTileConv2d
{
    private const int PartLength = 64;

    // The matrix b is [depth][columns], or its transpose.
    private static void PackMatrix(
        GpuContext context, ref RegisterTileProduct.Args args, GpuArray matrix, int depth, int columns, bool transposed)
    {
        var panels = PanelsOf(context, ref args, depth, columns);
        RegisterTilePacking.Panels(
            context,
            new RegisterTilePacking.PanelArgs
            {
                To = panels.View,
                From = matrix.View,
                Columns = columns,
                ColumnFrom = transposed ? depth : 1,
                Panel = PanelMap.Dense(RegisterTile.Columns * (transposed ? (long)depth : 1)),
                PanelTo = (long)depth * RegisterTile.Columns,
                Outer = 1,
                Length = depth,
                PartLength = PartLength,
                PartFrom = PartLength * (transposed ? 1 : (long)columns),
                PartTo = PartLength * RegisterTile.Columns,
                RowFrom = transposed ? 1 : columns,
            });
    }

    // The outputs from the start of a block on, as [panel][tap][c][16].
    private static void PackWeights(
        GpuContext context, ref RegisterTileProduct.Args args, GpuArray w, in Conv2dShape shape, int first)
    {
        int taps = shape.Kernel * shape.Kernel, depth = taps * shape.C;
        var panels = PanelsOf(context, ref args, depth, shape.K - first);
        int narrow = shape.K % Conv2dShape.WeightBlock, whole = shape.K - narrow;
        for (int from = first, width; from < shape.K; from += width)
        {
            width = from < whole ? whole - from : narrow;
            int block = Math.Min(width, Conv2dShape.WeightBlock);
            RegisterTilePacking.Panels(
                context,
                new RegisterTilePacking.PanelArgs
                {
                    To = panels.Skip((long)(from - first) * depth).View,
                    From = w.Skip((long)from * depth).View,
                    Columns = width,
                    ColumnFrom = 1,
                    Panel = PanelMap.Weights(BlockOfWeights(shape)),
                    PanelTo = (long)depth * RegisterTile.Columns,
                    Outer = taps,
                    OuterFrom = block,
                    OuterTo = (long)shape.C * RegisterTile.Columns,
                    Length = shape.C,
                    PartLength = PartLength,
                    PartFrom = (long)PartLength * taps * block,
                    PartTo = PartLength * RegisterTile.Columns,
                    RowFrom = (long)taps * block,
                });
        }
    }

    // [panel of 16 c][tap, in reverse order][k][c of the panel]
    private static void PackAdjoint(
        GpuContext context, ref RegisterTileProduct.Args args, GpuArray w, in Conv2dShape shape)
    {
        int taps = shape.Kernel * shape.Kernel, depth = taps * shape.K;
        var panels = PanelsOf(context, ref args, depth, shape.C);
        int narrow = shape.K % Conv2dShape.WeightBlock, whole = shape.K - narrow;
        for (int from = 0, width; from < shape.K; from += width)
        {
            width = from < whole ? whole : narrow;
            int block = Math.Min(width, Conv2dShape.WeightBlock);
            RegisterTilePacking.Panels(
                context,
                new RegisterTilePacking.PanelArgs
                {
                    To = panels.View,
                    To0 = (((taps - 1L) * shape.K) + from) * RegisterTile.Columns,
                    From = w.Skip((long)from * shape.C * taps).View,
                    Columns = shape.C,
                    ColumnFrom = (long)taps * block,
                    Panel = PanelMap.Dense((long)RegisterTile.Columns * taps * block),
                    PanelTo = (long)depth * RegisterTile.Columns,
                    Outer = taps,
                    OuterFrom = block,
                    OuterTo = -(long)shape.K * RegisterTile.Columns,
                    Length = width,
                    PartLength = block,
                    PartFrom = BlockOfWeights(shape),
                    PartTo = (long)block * RegisterTile.Columns,
                    RowFrom = 1,
                });
        }
    }

    private static GpuArray PanelsOf(GpuContext context, ref RegisterTileProduct.Args args, int depth, int columns)
    {
        long panel = (long)depth * RegisterTile.Columns;
        var panels = context.Scratch(ScratchSlots.SecondOperand, RegisterTileProduct.Panels(columns) * panel);
        (args.B, args.StepB, args.PanelsOfB) = (panels.View, RegisterTile.Columns, PanelMap.Dense(panel));
        return panels;
    }
}
