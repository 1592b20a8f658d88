using Gqn.Native.Engine;

namespace Gqn.Native.Model.Geometry;

/// <summary>The geometry of some views on the host, ready to be uploaded; parts that a network does not need are
/// empty.</summary>
public sealed record ViewArrays
{
    /// <summary>[view][row][column][<see cref="CameraRays.Channels"/>]</summary>
    internal float[] Rays { get; init; } = [];

    /// <summary>Cells along a side of the grid of rays.</summary>
    internal int RayGrid { get; init; }

    /// <summary>[view][place][<see cref="PlaceGrid.SightChannels"/>]</summary>
    internal float[] Sight { get; init; } = [];

    /// <summary>Where places are seen in the features of the tower.</summary>
    internal SparseRowArrays? Coarse { get; init; }

    /// <summary>Where places are seen in the fine features.</summary>
    internal SparseRowArrays? Fine { get; init; }

    /// <summary>Where places are seen, and at which distance.</summary>
    internal SparseRowArrays? Depth { get; init; }

    /// <summary>The places around the points of the rays.</summary>
    internal SparseRowArrays? Points { get; init; }

    /// <summary>Uploads the geometry of some views.</summary>
    /// <param name="tape">Where the variables live until the reset.</param>
    /// <param name="count">How many views, from the first.</param>
    /// <param name="poses">Their viewpoints, (count, 7, 1, 1).</param>
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
