using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Tiles of a product on tensor cores, and which of them are cut along the inner dimension.</summary>
/// <param name="Tiling">The tiles.</param>
/// <param name="WholeTiles">The first ones, which one group each computes; the others are cut.</param>
/// <param name="Parts">Parts of a tile that is cut, at least 1.</param>
/// <param name="PartStages">Stages of such a part; the last one may have fewer.</param>
/// <param name="Cycles">What the model takes the product to last.</param>
/// <remarks>
/// The model: a multiprocessor has room for two groups, and with one alone, which waits for its own loads, it does 0.7 of
/// the work. Shares are estimates of the rate that a tile lets tensor cores of sm_90 reach, from the bytes that it fetches
/// from the second-level cache and from shared memory (<see cref="ITensorCoreTile"/>). Parts cost the time to write and
/// read their sums.
/// </remarks>
internal readonly record struct TensorCoreSchedule(
    TensorCoreTiling Tiling, int WholeTiles, int Parts, int PartStages, double Cycles)
{
    /// <summary>Parts of a tile, at most.</summary>
    public const int MaxParts = 32;

    // Stages of a part, at least.
    private const int MinStages = 8;

    // Of a stage of 128 by 128, of a group's beginning and end, and of one more launch.
    private const double StageCycles = 820, GroupCycles = 3000, LaunchCycles = 4000;

    // What a group takes longer that has a multiprocessor for itself.
    private const double Alone = 0.4;

    // Bytes of sums that a multiprocessor writes or reads in a cycle.
    private const double SumBytes = 16;

    /// <summary>Rows and columns of a tile.</summary>
    public static (int Rows, int Columns) Size(TensorCoreTiling tiling) => tiling switch
    {
        TensorCoreTiling.HaloLarge or TensorCoreTiling.Large => (128, 128),
        TensorCoreTiling.HaloMedium or TensorCoreTiling.Medium => (128, 64),
        _ => (64, 64),
    };

    /// <summary>Of a forward convolution or a gradient by the input.</summary>
    /// <param name="rows">Rows of the result.</param>
    /// <param name="columns">Columns of the result.</param>
    /// <param name="stages">Of the inner dimension.</param>
    /// <param name="haloStages">The same with blocks of pixels that stay; 0 where they cannot.</param>
    /// <param name="multiprocessors">Of the device.</param>
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
                // As many as are not empty.
                if ((parts - 1) * part < inner)
                    Keep(ref best, new(tiling, pairs, parts, part, time));
            }
        }

        return best;
    }

    /// <summary>Of a gradient by the weights, all of whose tiles are cut into the same parts of the pixels.</summary>
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

    /// <summary>How long so many groups with so many stages each take.</summary>
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
        // The busiest multiprocessor's.
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
