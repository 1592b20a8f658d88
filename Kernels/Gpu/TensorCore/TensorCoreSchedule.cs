using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Tiles of a product on tensor cores, and which of them are split along the inner dimension.</summary>
/// <param name="Tiling">The tiles.</param>
/// <param name="WholeTiles">Number of the first tiles, computed by one group each; the others are split.</param>
/// <param name="Parts">Parts of a split tile, at least 1.</param>
/// <param name="PartStages">Stages of a part; the last one may have fewer.</param>
/// <param name="Cycles">Estimated duration of the product in cycles.</param>
/// <remarks>
/// The model: a multiprocessor has room for two thread blocks (groups); with only one, which waits for its own loads,
/// it does 0.7 of the work. Shares are estimates of the rate at which a tile can use the tensor cores of sm_90, from
/// the bytes that it fetches from the second-level cache and from shared memory (<see cref="ITensorCoreTile"/>). Parts
/// cost the time to write and read their sums.
/// </remarks>
internal readonly record struct TensorCoreSchedule(
    TensorCoreTiling Tiling, int WholeTiles, int Parts, int PartStages, double Cycles)
{
    /// <summary>The most parts of a tile.</summary>
    public const int MaxParts = 32;

    // The fewest stages of a part.
    private const int MinStages = 8;

    // Cycles of a stage of 128 by 128, of a group's prologue and epilogue, and of an additional launch.
    private const double StageCycles = 820, GroupCycles = 3000, LaunchCycles = 4000;

    // The relative extra time of a group that has a multiprocessor to itself.
    private const double Alone = 0.4;

    // Bytes of sums that a multiprocessor writes or reads per cycle.
    private const double SumBytes = 16;

    /// <summary>Rows and columns of a tile.</summary>
    public static (int Rows, int Columns) Size(TensorCoreTiling tiling) => tiling switch
    {
        TensorCoreTiling.HaloLarge or TensorCoreTiling.Large => (128, 128),
        TensorCoreTiling.HaloMedium or TensorCoreTiling.Medium => (128, 64),
        _ => (64, 64),
    };

    /// <summary>The schedule of a forward convolution or of a gradient with respect to the input.</summary>
    /// <param name="rows">Rows of the result.</param>
    /// <param name="columns">Columns of the result.</param>
    /// <param name="stages">Stages of the inner dimension.</param>
    /// <param name="haloStages">The same with resident blocks of pixels; 0 if that is impossible.</param>
    /// <param name="multiprocessors">Multiprocessors of the device.</param>
    public static TensorCoreSchedule Forward(int rows, int columns, int stages, int haloStages, int multiprocessors)
    {
        var best = new TensorCoreSchedule(default, 0, 1, 0, double.MaxValue);
        for (var tiling = haloStages > 0 ? TensorCoreTiling.HaloLarge : TensorCoreTiling.Large;
            tiling <= TensorCoreTiling.Small; tiling++)
        {
            int inner = tiling < TensorCoreTiling.Large ? haloStages : stages;
            int tiles = Tiles(rows, columns, tiling), pairs = tiles - (tiles % (2 * multiprocessors));
            Keep(ref best, new(tiling, tiles, 1, inner, CyclesOf(tiling, tiles, inner, multiprocessors)));
            for (int parts = 2; parts <= Math.Min(MaxParts, inner / MinStages) && pairs < tiles; parts++)
            {
                int part = Ceiling.Divide(inner, parts), groups = (tiles - pairs) * parts;
                double time = CyclesOf(tiling, pairs, inner, multiprocessors)
                    + CyclesOf(tiling, groups, part, multiprocessors)
                    + Sums((double)groups * Area(tiling), multiprocessors);
                // Only partitions without empty parts.
                if ((parts - 1) * part < inner)
                    Keep(ref best, new(tiling, pairs, parts, part, time));
            }
        }

        return best;
    }

    /// <summary>The schedule of a weight gradient, all of whose tiles are split into the same pixel ranges.</summary>
    public static TensorCoreSchedule WeightGradient(int rows, int columns, int stages, int multiprocessors)
    {
        var best = new TensorCoreSchedule(default, 0, 1, 0, double.MaxValue);
        foreach (var tiling in (ReadOnlySpan<TensorCoreTiling>)[TensorCoreTiling.Large, TensorCoreTiling.Small])
        {
            int tiles = Tiles(rows, columns, tiling), most = Math.Clamp(stages / MinStages, 1, MaxParts);
            for (int parts = 1; parts <= most; parts++)
            {
                int part = Ceiling.Divide(stages, parts);
                double time = CyclesOf(tiling, (long)tiles * parts, part, multiprocessors);
                if (parts > 1)
                    time += Sums((double)rows * columns * parts, multiprocessors);
                if ((parts - 1) * part < stages)
                    Keep(ref best, new(tiling, 0, parts, part, time));
            }
        }

        return best;
    }

    /// <summary>Estimated cycles of groups with <paramref name="stages"/> stages each.</summary>
    public static double CyclesOf(TensorCoreTiling tiling, long groups, int stages, int multiprocessors)
    {
        double share = tiling switch
        {
            TensorCoreTiling.HaloLarge => 1,
            TensorCoreTiling.HaloMedium => 0.75,
            TensorCoreTiling.Large => 0.6,
            TensorCoreTiling.Medium => 0.4,
            _ => 0.3,
        };
        // The busiest multiprocessor determines the time.
        long most = Ceiling.Divide(groups, multiprocessors);
        return (most + (most % 2 * Alone))
            * ((stages * StageCycles * Area(tiling) / (128 * 128 * share)) + GroupCycles);
    }

    private static void Keep(ref TensorCoreSchedule best, in TensorCoreSchedule other)
    {
        if (other.Cycles < best.Cycles)
            best = other;
    }

    private static int Tiles(int rows, int columns, TensorCoreTiling tiling)
    {
        var (tileRows, tileColumns) = Size(tiling);
        return checked(Ceiling.Divide(rows, tileRows) * Ceiling.Divide(columns, tileColumns));
    }

    private static int Area(TensorCoreTiling tiling)
    {
        var (rows, columns) = Size(tiling);
        return rows * columns;
    }

    private static double Sums(double numbers, int multiprocessors) =>
        LaunchCycles + (2 * sizeof(float) * numbers / (SumBytes * multiprocessors));
}
