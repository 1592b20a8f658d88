using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Rows and columns of a product per thread block (group): 64 of its elements per item.</summary>
internal interface ISharedTileShape
{
    /// <summary>Rows of a tile: 128 or 64.</summary>
    static abstract int Rows { get; }

    /// <summary>Columns of a tile: 128, 64 or 32.</summary>
    static abstract int Columns { get; }

    /// <summary>Groups that a multiprocessor of 65536 registers should have room for.</summary>
    static abstract int ResidentGroups { get; }
}

/// <summary>256 items: each element read from memory serves 128 multiply-adds of the group.</summary>
internal readonly struct Square128 : ISharedTileShape
{
    public static int Rows => 128;

    public static int Columns => 128;

    public static int ResidentGroups => 2;
}

/// <summary>64 items: four times as many groups, for products that would leave multiprocessors idle.</summary>
internal readonly struct Square64 : ISharedTileShape
{
    public static int Rows => 64;

    public static int Columns => 64;

    public static int ResidentGroups => 6;
}

/// <summary>64 items: for few output channels, such as an image's or a latent's.</summary>
internal readonly struct Narrow32 : ISharedTileShape
{
    public static int Rows => 128;

    public static int Columns => 32;

    public static int ResidentGroups => 6;
}

/// <summary>The tile shapes to choose from.</summary>
internal enum SharedTileShape
{
    /// <summary><see cref="Gpu.Square128"/></summary>
    Square128,

    /// <summary><see cref="Gpu.Square64"/></summary>
    Square64,

    /// <summary><see cref="Gpu.Narrow32"/></summary>
    Narrow32,
}

/// <summary>Chooses tile shapes.</summary>
internal static class SharedTileShapes
{
    /// <summary>The shape that should finish first.</summary>
    /// <param name="rows">Rows of the product.</param>
    /// <param name="columns">Columns of the product.</param>
    /// <param name="multiprocessors">Multiprocessors that share the groups; 1 if there are enough groups.</param>
    /// <remarks>
    /// The time is taken to be that of the multiprocessor with the most groups, each proportional to its elements,
    /// including the unused ones at the edges. Smaller tiles pay for reading each element more often.
    /// </remarks>
    public static SharedTileShape Choose(long rows, long columns, int multiprocessors)
    {
        double square128 = Cost(rows, columns, 128, 128, 1.0, multiprocessors);
        double square64 = Cost(rows, columns, 64, 64, 0.85, multiprocessors);
        double narrow32 = Cost(rows, columns, 128, 32, 0.75, multiprocessors);
        return narrow32 < square64 && narrow32 < square128 ? SharedTileShape.Narrow32
            : square64 < square128 ? SharedTileShape.Square64 : SharedTileShape.Square128;
    }

    /// <inheritdoc cref="Choose(long, long, int)" />
    public static SharedTileShape Choose(GpuContext context, long rows, long columns) =>
        Choose(rows, columns, context.Accelerator.NumMultiprocessors);

    /// <summary>Rows and columns of a shape.</summary>
    public static (int Rows, int Columns) Size(SharedTileShape shape) => shape switch
    {
        SharedTileShape.Square128 => (Square128.Rows, Square128.Columns),
        SharedTileShape.Square64 => (Square64.Rows, Square64.Columns),
        _ => (Narrow32.Rows, Narrow32.Columns),
    };

    private static double Cost(
        long rows, long columns, int tileRows, int tileColumns, double efficiency, int multiprocessors)
    {
        long groups = Ceiling.Divide(rows, tileRows) * Ceiling.Divide(columns, tileColumns);
        return Ceiling.Divide(groups, multiprocessors) * (double)(tileRows * tileColumns) / efficiency;
    }
}
