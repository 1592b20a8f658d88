using System.Runtime.CompilerServices;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>What the epilogue of a convolution must know about the pixels that are its rows.</summary>
internal static class TensorCoreRows
{
    /// <summary>Records where a pixel's results and border class lie; a pixel beyond the last has neither.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set(in TensorCoreArgs args, int row, int pixel)
    {
        if (pixel >= args.Rows)
        {
            TensorCoreShared.SetRow(row, -1, 0);
            return;
        }

        int line = pixel / args.Width, x = pixel - (line * args.Width), image = line / args.Height;
        int index = pixel, border = 0;
        if (args.Patch != 0)
            index = ((line * args.Patch * args.Width) + x) * args.Patch * args.Channels;
        if (args.HasTable != 0)
        {
            int y = line - (image * args.Height), side = args.TableKernel;
            int rows = args.Height < side ? args.Height : side, columns = args.Width < side ? args.Width : side;
            int cell = (((image * rows) + ClassOf(y, args.Height, rows, side / 2)) * columns)
                + ClassOf(x, args.Width, columns, side / 2);
            border = cell * args.Columns;
        }

        TensorCoreShared.SetRow(row, index, border);
    }

    // As Shapes.BorderClasses.Of.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ClassOf(int row, int size, int count, int padding)
    {
        int last = row - (size - count), middle = last > padding ? last : padding;
        return row < middle ? row : middle;
    }
}
