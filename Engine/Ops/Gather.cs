namespace Gqn.Native.Engine;

/// <summary>A sparse matrix per image, in CSR form: the weights with which pixels are summed.</summary>
/// <remarks>
/// The entries of row r are those from Starts[r] to below Starts[r + 1]. Indices of entries and pixels are integers,
/// exact in single precision up to 2²⁴. None of the three has a gradient.
/// </remarks>
/// <param name="Starts">(N, 1, rows + 1, 1)</param>
/// <param name="Columns">(N, 1, room for entries, 1), pixels in memory order.</param>
/// <param name="Weights">Same shape as <paramref name="Columns"/>.</param>
public readonly record struct SparseRows(Variable Starts, Variable Columns, Variable Weights)
{
    /// <summary>The largest number of entries or pixels of an image.</summary>
    public const int MaxLength = 1 << 24;

    /// <summary>False for the default value.</summary>
    public bool Exists => Starts.Exists;

    /// <summary>N, the number of images.</summary>
    public int Images => Starts.Shape.N;

    /// <summary>Rows of each matrix.</summary>
    public int Rows => Starts.Shape.H - 1;
}

/// <content>Interpolation between pixels.</content>
public static partial class Operations
{
    /// <summary>y[n, :, r] = Σₑ weights[n, e] · x[n, :, columns[n, e]], e over the entries of row r.</summary>
    /// <remarks>
    /// The gradient with respect to x is the same sum with the transposed matrix, which the caller supplies: both
    /// directions gather, neither scatters, so the result does not depend on the order of threads.
    /// </remarks>
    /// <param name="x">(N, C, H, W)</param>
    /// <param name="rows">A matrix of H·W columns per image.</param>
    /// <param name="transposed">The transposed matrices; may be absent if x has no gradient.</param>
    /// <returns>(N, C, rows, 1)</returns>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Variable Gather(this Variable x, SparseRows rows, SparseRows transposed = default)
    {
        RequireRows(x, rows);
        var tape = x.Tape;
        bool recorded = tape.Needs(x);
        if (recorded)
            RequireTransposed(x, rows, transposed);
        var y = tape.NewOutput(new Shape(x.Shape.N, x.Shape.C, rows.Rows, 1), recorded);
        tape.Device.Gather(y.Value, 0f, x.Value, rows.Starts.Value, rows.Columns.Value, rows.Weights.Value);
        if (recorded)
        {
            var node = tape.Record<GatherNode>(y);
            (node.X, node.Transposed) = (x, transposed);
        }

        return y;
    }

    private static void RequireRows(Variable x, SparseRows rows)
    {
        if (!rows.Exists || !AreMatrices(rows, x.Shape.N))
        {
            throw new ShapeException(
                $"Gather: starts {ShapeOf(rows.Starts)}, columns {ShapeOf(rows.Columns)} and weights "
                + $"{ShapeOf(rows.Weights)} are no sparse matrices for the images of {x.Shape}.");
        }

        if (rows.Columns.Shape.H > SparseRows.MaxLength || rows.Rows > SparseRows.MaxLength
            || (long)x.Shape.H * x.Shape.W > SparseRows.MaxLength)
        {
            throw new ShapeException(
                $"Gather: {x.Shape} to {rows.Rows} rows of {rows.Columns.Shape.H} entries is too large; an image can "
                + $"have {SparseRows.MaxLength} of each.");
        }
    }

    private static void RequireTransposed(Variable x, SparseRows rows, SparseRows transposed)
    {
        if (!transposed.Exists || !AreMatrices(transposed, x.Shape.N) || transposed.Rows != x.Shape.H * x.Shape.W
            || transposed.Columns.Shape != rows.Columns.Shape)
        {
            throw new ShapeException(
                $"Gather: the gradient of {x.Shape} needs transposed matrices of {x.Shape.H * x.Shape.W} rows and "
                + $"{rows.Columns.Shape.H} entries.");
        }
    }

    private static bool AreMatrices(SparseRows rows, int images) =>
        rows.Images == images && rows.Columns.Exists && rows.Weights.Exists
        && rows.Starts.Shape == Column(images, rows.Rows + 1)
        && rows.Columns.Shape == Column(images, rows.Columns.Shape.H) && rows.Weights.Shape == rows.Columns.Shape;

    // An absent variable has no shape to name.
    private static string ShapeOf(Variable variable) => variable.Exists ? $"{variable.Shape}" : "none";

    private static Shape Column(int images, int length) => new(images, 1, length, 1);

    private sealed class GatherNode : Node
    {
        public Variable X { get; set; }

        public SparseRows Transposed { get; set; }

        internal override void Backward(Tape tape)
        {
            var (dx, beta) = tape.Contribute(X);
            tape.Device.Gather(
                dx, beta, tape.GradientOf(Output), Transposed.Starts.Value, Transposed.Columns.Value,
                Transposed.Weights.Value);
        }
    }
}
