using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Gpu.Generated;
using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>
/// The one matrix kernel for OpenCL processors: c[row][column] = addend + bias + Σ a[row][depth] · b[depth][column].
/// </summary>
/// <remarks>
/// An item holds 8 rows by 16 columns in registers: what it reads of b fills a vector register, what it reads of a is
/// one value per row, and no item waits for another. Rows begin anywhere (<see cref="RowMap"/>) and depth is a nest of
/// three loops, so convolutions, their two gradients and matrix products are all this kernel with other strides. The
/// offset in b advances by addition: if it were a product with a constant, the driver's compiler would no longer see
/// that the 16 values are contiguous, and the speed would fall to a sixth.
/// </remarks>
internal static class RegisterTileProduct
{
    // Items of a group run one after another on one core: few enough to occupy all cores, enough to amortise the group.
    private const int GroupSize = 4;

    private static readonly GroupKernelHandle<Args> Product = new(RegisterTileProductKernel);

    /// <summary>Number of tiles of a product.</summary>
    public static int Tiles(int rows, int columns) =>
        Ceiling.Divide(rows, RegisterTile.Rows) * Panels(columns);

    /// <summary>Number of panels of 16 columns.</summary>
    public static int Panels(int columns) => Ceiling.Divide(columns, RegisterTile.Columns);

    /// <summary>Runs <paramref name="splits"/> products, each at its own offset in a, b and c.</summary>
    public static void Launch(GpuContext context, in Args args, int splits = 1)
    {
        int items = checked(Tiles(args.Rows, args.Columns) * splits);
        int groups = Ceiling.Divide(items, GroupSize);
        context.Launch(Product, new Index3D(groups, 1, 1), GroupSize, args with { Items = items });
    }

    private static void RegisterTileProductKernel(Args args)
    {
        int item = Grid.GlobalIndex.X;
        if (item >= args.Items)
            return;
        // Neighbouring items share a panel of b, which stays in the cache while a streams by.
        int rowTiles = Ceiling.Divide(args.Rows, RegisterTile.Rows);
        int panels = Ceiling.Divide(args.Columns, RegisterTile.Columns);
        int rest = item / rowTiles, first = (item - (rest * rowTiles)) * RegisterTile.Rows;
        int split = rest / panels, panel = rest - (split * panels);
        int rowCount = args.Rows - first, columnCount = args.Columns - (panel * RegisterTile.Columns);
        var a = RowOffsets.Of(args.RowsOfA, first, args.Rows - 1, split * args.SplitA);
        long b = (split * args.SplitB) + args.PanelsOfB.At(panel);
        RegisterTile tile = default;
        long outer = 0;
        for (int i = 0; i < args.Outer; i++, outer += args.OuterA)
        {
            long middle = outer;
            for (int j = 0; j < args.Middle; j++, middle += args.MiddleA)
            {
                long inner = middle;
                for (int k = 0; k < args.Inner; k++, inner += args.InnerA, b += args.StepB)
                    tile.Step(args.A, a, inner, args.B, b);
            }
        }

        var c = RowOffsets.Of(
            args.RowsOfC, first, args.Rows - 1, (split * args.SplitC) + args.PanelsOfC.At(panel));
        if (args.ReadBias != 0)
            tile.AddColumns(args.Bias, panel * (long)RegisterTile.Columns, columnCount);
        if (args.ReadAddend != 0)
            tile.Add(args.Addend, c, rowCount, columnCount);
        tile.Store(args.C, c, rowCount, columnCount);
    }

    internal struct Args
    {
        /// <summary>The result; the addend, laid out likewise, or the result itself; a bias per column.</summary>
        public ArrayView<float> C, Addend, Bias;

        public ArrayView<float> A, B;

        /// <summary>Sizes of the result.</summary>
        public int Rows, Columns;

        public RowMap RowsOfA, RowsOfC;

        public PanelMap PanelsOfB, PanelsOfC;

        /// <summary>Trip counts of the summation loops.</summary>
        public int Outer, Middle, Inner;

        /// <summary>Steps in a per iteration of each loop.</summary>
        public long OuterA, MiddleA, InnerA;

        /// <summary>Distance between rows of a panel of b.</summary>
        public long StepB;

        /// <summary>Offsets between the products if there are several.</summary>
        public long SplitA, SplitB, SplitC;

        public int ReadAddend, ReadBias;

        /// <summary>Number of items, set by <see cref="Launch"/>.</summary>
        public int Items;
    }
}

/// <summary>Where rows begin: row (n · Height + y) · Width + x lies at n · StepN + y · StepY + x · StepX.</summary>
internal struct RowMap
{
    public int Width, Height;

    public long StepX, StepY, StepN;

    /// <summary>Rows at equal distances.</summary>
    public static RowMap Dense(long step) => new() { Width = int.MaxValue, Height = 1, StepX = step };
}

/// <summary>Where panels of 16 columns begin: two panels make a block of weights.</summary>
internal struct PanelMap
{
    public long Block, Half;

    /// <summary>Panels at equal distances.</summary>
    public static PanelMap Dense(long step) => new() { Block = 2 * step, Half = step };

    /// <summary>Panels in the blocks of <see cref="Shapes.Conv2dShape.WeightIndex"/>.</summary>
    public static PanelMap Weights(long block) => new() { Block = block, Half = RegisterTile.Columns };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly long At(int panel) => ((panel >> 1) * Block) + ((panel & 1) * Half);
}
