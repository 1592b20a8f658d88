using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Benchmarks;

/// <summary>Sparse matrices as interpolation makes them, with their transposes: the entries of a row are in columns
/// that are neighbours on a grid, and consecutive rows are close to each other.</summary>
internal sealed class InterpolationRows
{
    private InterpolationRows(int images, int rows, int columns, int entries)
    {
        (Rows, ColumnCount, Entries) = (rows, columns, entries);
        Starts = new float[images * (rows + 1)];
        (Columns, Weights) = (new float[images * entries], new float[images * entries]);
    }

    public int Rows { get; }

    public int ColumnCount { get; }

    public int Entries { get; }

    /// <summary>[image][row], followed by the end of the last row.</summary>
    public float[] Starts { get; }

    /// <summary>[image][entry]</summary>
    public float[] Columns { get; }

    /// <summary>[image][entry]</summary>
    public float[] Weights { get; }

    /// <summary>The matrices and their transposes.</summary>
    /// <param name="images">Number of matrices.</param>
    /// <param name="rows">Rows of each.</param>
    /// <param name="columns">Columns of each.</param>
    /// <param name="taps">Entries per row: 4 or 8.</param>
    public static (InterpolationRows Rows, InterpolationRows Transposed) Create(
        int images, int rows, int columns, int taps)
    {
        var forward = new InterpolationRows(images, rows, columns, rows * taps);
        var transposed = new InterpolationRows(images, columns, rows, rows * taps);
        for (int image = 0; image < images; image++)
        {
            forward.Fill(image, taps);
            transposed.FillTransposed(image, forward);
        }

        return (forward, transposed);
    }

    public GatherShape Shape(int images, int channels) => new(images, Rows, ColumnCount, Entries, channels);

    private void Fill(int image, int taps)
    {
        int side = (int)Math.Sqrt(ColumnCount);
        for (int row = 0; row < Rows; row++)
        {
            // A walk over the grid with a different start for each image.
            int first = (int)(((long)row * ColumnCount / Rows) + (image * 7)) % ColumnCount;
            for (int tap = 0; tap < taps; tap++)
            {
                int at = (image * Entries) + (row * taps) + tap;
                Columns[at] = (first + (tap & 1) + ((tap >> 1 & 1) * side) + ((tap >> 2) * 2)) % ColumnCount;
                Weights[at] = (tap + 1f) / taps;
            }

            Starts[(image * (Rows + 1)) + row + 1] = (row + 1) * taps;
        }
    }

    private void FillTransposed(int image, InterpolationRows forward)
    {
        var entries = from row in Enumerable.Range(0, forward.Rows)
                      from e in Enumerable.Range(
                          (int)forward.Starts[(image * (forward.Rows + 1)) + row],
                          (int)(forward.Starts[(image * (forward.Rows + 1)) + row + 1]
                              - forward.Starts[(image * (forward.Rows + 1)) + row]))
                      let at = (image * Entries) + e
                      select (Row: row, Column: (int)forward.Columns[at], Weight: forward.Weights[at]);
        var byColumn = entries.ToLookup(entry => entry.Column);
        int next = image * Entries;
        for (int column = 0; column < Rows; column++)
        {
            foreach (var entry in byColumn[column])
                (Columns[next], Weights[next++]) = (entry.Row, entry.Weight);
            Starts[(image * (Rows + 1)) + column + 1] = next - (image * Entries);
        }
    }
}
