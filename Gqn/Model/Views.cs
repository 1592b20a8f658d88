using Gqn.Native.Engine;
using Gqn.Native.Model.Geometry;
using Gqn.Native.Scenes;

namespace Gqn.Native.Model;

/// <summary>The encoded cameras that a network receives, on a tape.</summary>
/// <remarks>The networks of the paper need only the viewpoints; a variable of these converts implicitly.</remarks>
/// <param name="Poses">Viewpoints, (N, 7, 1, 1).</param>
public readonly record struct Views(Variable Poses)
{
    /// <summary>The rays of a grid of cells, (N, 9, h, w); absent if the network does not use rays.</summary>
    public Variable Rays { get; init; }

    /// <summary>How the cameras see each place of the scene, (N, 8, places, 1); for the volume's contexts.</summary>
    public Variable Sight { get; init; }

    /// <summary>From the cells of the tower's features to places; for the volume's contexts.</summary>
    public Interpolation Coarse { get; init; }

    /// <summary>From the cells of the fine features to places; for the volume's contexts.</summary>
    public Interpolation Fine { get; init; }

    /// <summary>From cells and distance bins to places; for the volume's contexts.</summary>
    public Interpolation Depth { get; init; }

    /// <summary>From places to the points of rays; for the volume's queries.</summary>
    public Interpolation Points { get; init; }

    /// <summary>Views with viewpoints only.</summary>
    public static implicit operator Views(Variable poses) => new(poses);

    /// <summary>Uploads viewpoints and, if the network uses it, the geometry of the same views.</summary>
    /// <param name="tape">The tape that owns the variables until its reset.</param>
    /// <param name="poses">Viewpoints of seven numbers each.</param>
    /// <param name="geometry">Arrays whose first views are these; null if the network needs no geometry.</param>
    public static Views Upload(Tape tape, ReadOnlySpan<float> poses, ViewArrays? geometry)
    {
        ArgumentNullException.ThrowIfNull(tape);
        int count = poses.Length / Viewpoint.Dimensions;
        var viewpoints = tape.Constant(ModelOptions.ViewShape(count), poses);
        return geometry?.Upload(tape, count, viewpoints) ?? viewpoints;
    }
}

/// <summary>An interpolation between two sets of places.</summary>
/// <param name="Rows">The weights of the interpolation.</param>
/// <param name="Transposed">The transposed weights, for its gradient; absent in inference.</param>
public readonly record struct Interpolation(SparseRows Rows, SparseRows Transposed)
{
    /// <summary>Applies the interpolation.</summary>
    /// <param name="x">(N, C, H, W)</param>
    /// <returns>(N, C, rows, 1)</returns>
    internal Variable Apply(Variable x) => x.Gather(Rows, Transposed);
}
