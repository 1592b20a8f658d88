using Gqn.Native.Kernels.Gpu.Generated;
using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Copies operands into the layouts that <see cref="RegisterTileProduct"/> reads fastest.</summary>
internal static class RegisterTilePacking
{
    private const int GroupSize = 4;

    private static readonly GroupKernelHandle<PanelArgs> PanelHandle = new(RegisterTilePanels);
    private static readonly GroupKernelHandle<ImageArgs> ImageHandle = new(RegisterTileImages);

    /// <summary>Panels of 16 columns from a matrix, [panel][row][16], padded with zero columns.</summary>
    public static void Panels(GpuContext context, PanelArgs args)
    {
        args.Parts = Ceiling.Divide(args.Length, args.PartLength);
        args.Items = checked(RegisterTileProduct.Panels(args.Columns) * args.Outer * args.Parts);
        context.Launch(PanelHandle, Groups(args.Items), GroupSize, args);
    }

    /// <summary>Images with borders of zeros, [n][y][x], pixels PixelStride apart.</summary>
    public static void Images(GpuContext context, ImageArgs args)
    {
        args.Items = checked(args.N * (args.H + (2 * args.Padding)) * (args.W + (2 * args.Padding)));
        context.Launch(ImageHandle, Groups(args.Items), GroupSize, args);
    }

    private static Index3D Groups(int items) => new(Ceiling.Divide(items, GroupSize), 1, 1);

    private static void RegisterTilePanels(PanelArgs args)
    {
        int item = Grid.GlobalIndex.X;
        if (item >= args.Items)
            return;
        int rest = item / args.Parts, part = item - (rest * args.Parts);
        int panel = rest / args.Outer, outer = rest - (panel * args.Outer);
        long from = args.Panel.At(panel) + (outer * args.OuterFrom) + (part * args.PartFrom);
        long to = args.To0 + (panel * args.PanelTo) + (outer * args.OuterTo) + (part * args.PartTo);
        int columns = args.Columns - (panel * RegisterTile.Columns), left = args.Length - (part * args.PartLength);
        int length = left < args.PartLength ? left : args.PartLength;
        for (int i = 0; i < length; i++, from += args.RowFrom, to += RegisterTile.Columns)
        {
            if (columns < RegisterTile.Columns)
            {
                for (int column = 0; column < RegisterTile.Columns; column++)
                    args.To[to + column] = column < columns ? args.From[from + (column * args.ColumnFrom)] : 0f;
            }
            else if (args.ColumnFrom == 1)
            {
                PanelRow.Copy(args.To, to, args.From, from);
            }
            else
            {
                PanelRow.Gather(args.To, to, args.From, from, args.ColumnFrom);
            }
        }
    }

    private static void RegisterTileImages(ImageArgs args)
    {
        int item = Grid.GlobalIndex.X;
        if (item >= args.Items)
            return;
        int width = args.W + (2 * args.Padding), height = args.H + (2 * args.Padding);
        int line = item / width, x = item - (line * width) - args.Padding;
        int n = line / height, y = line - (n * height) - args.Padding;
        long to = item * args.PixelStride;
        if (x < 0 || x >= args.W || y < 0 || y >= args.H)
        {
            for (int c = 0; c < args.C; c++)
                args.To[to + c] = 0f;
            return;
        }

        long from = (((((long)n * args.H) + y) * args.W) + x) * args.C;
        int channel = 0;
        for (; channel + RegisterTile.Columns <= args.C; channel += RegisterTile.Columns)
            PanelRow.Copy(args.To, to + channel, args.From, from + channel);
        for (; channel < args.C; channel++)
            args.To[to + channel] = args.From[from + channel];
    }

    internal struct PanelArgs
    {
        public ArrayView<float> To, From;

        /// <summary>Columns of the matrix; <see cref="ColumnFrom"/> is their distance.</summary>
        public int Columns;

        public long ColumnFrom;

        /// <summary>Offsets of the panels' first columns; <see cref="PanelTo"/>: distance of packed panels.</summary>
        public PanelMap Panel;

        public long PanelTo;

        /// <summary>Rows are Outer times Length, split into parts of PartLength; each item copies one.</summary>
        public int Outer, Length, PartLength;

        public long OuterFrom, OuterTo, PartFrom, PartTo, RowFrom;

        /// <summary>Offset of the first row: rows may be written in reverse, from the last place down.</summary>
        public long To0;

        public int Parts, Items;
    }

    internal struct ImageArgs
    {
        public ArrayView<float> To, From;
        public int N, C, H, W, Padding;
        public long PixelStride;
        public int Items;
    }
}
