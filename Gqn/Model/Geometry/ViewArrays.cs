using Gqn.Native.Engine;

namespace Gqn.Native.Model.Geometry;

/// <summary>The geometry of several views on the host, ready for upload; parts that a network does not need are
/// empty.</summary>
public sealed record ViewArrays
{
    /// <summary>The rays of a grid of cells, [view][row][column][<see cref="CameraRays.Channels"/>].</summary>
    internal float[] Rays { get; init; } = [];

    /// <summary>The number of cells along a side of the grid of rays.</summary>
    internal int RayGrid { get; init; }

    /// <summary>How the views see each place, [view][place][<see cref="PlaceGrid.SightChannels"/>].</summary>
    internal float[] Sight { get; init; } = [];

    /// <summary>Interpolates the tower's features at the places.</summary>
    internal SparseRowArrays? Coarse { get; init; }

    /// <summary>Interpolates the fine features at the places.</summary>
    internal SparseRowArrays? Fine { get; init; }

    /// <summary>Interpolates the distribution over distances at the places.</summary>
    internal SparseRowArrays? Depth { get; init; }

    /// <summary>Interpolates the places at the points of the rays.</summary>
    internal SparseRowArrays? Points { get; init; }

    /// <summary>Uploads the geometry of the first views.</summary>
    /// <param name="tape">The tape that owns the variables until its reset.</param>
    /// <param name="count">The number of views to upload.</param>
    /// <param name="poses">The viewpoints of these views, (count, 7, 1, 1).</param>
    public Views Upload(Tape tape, int count, Variable poses) => new(poses)
    {
        Rays = RayGrid == 0 ? default : Take(tape, Rays, new Shape(count, CameraRays.Channels, RayGrid, RayGrid)),
        Sight = Coarse is null
            ? default
            : Take(tape, Sight, new Shape(count, PlaceGrid.SightChannels, Coarse.Rows, 1)),
        Coarse = Upload(tape, count, Coarse),
        Fine = Upload(tape, count, Fine),
        Depth = Upload(tape, count, Depth),
        Points = Upload(tape, count, Points),
    };

    private static Interpolation Upload(Tape tape, int count, SparseRowArrays? rows)
    {
        if (rows is null)
            return default;
        var starts = new Shape(count, 1, rows.Rows + 1, 1);
        var entries = new Shape(count, 1, rows.Entries, 1);
        var forward = new SparseRows(
            Take(tape, rows.Starts, starts), Take(tape, rows.Columns, entries), Take(tape, rows.Weights, entries));
        return new Interpolation(forward, rows.TransposedStarts.Length == 0 ? default : new SparseRows(
            Take(tape, rows.TransposedStarts, starts with { H = rows.SourceLength + 1 }),
            Take(tape, rows.TransposedColumns, entries), Take(tape, rows.TransposedWeights, entries)));
    }

    private static Variable Take(Tape tape, float[] values, Shape shape) =>
        tape.Constant(shape, values.AsSpan(0, (int)shape.Count));
}
