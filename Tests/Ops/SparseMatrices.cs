using Gqn.Native.Engine;

namespace Gqn.Native.Tests.Ops;

/// <summary>A sparse matrix for each image, with its transpose, both sorted from one list of entries.</summary>
/// <remarks>Unused room holds NaN, which shows if it is read.</remarks>
internal sealed class SparseMatrices
{
    private readonly int _images, _room;
    private readonly Entry[] _entries;
    private readonly Matrices _rows, _transposed;

    /// <summary>Matrices with entries at the given places, in order; a place may occur several times.</summary>
    /// <param name="images">Number of matrices.</param>
    /// <param name="rows">Rows of each.</param>
    /// <param name="columns">Columns of each.</param>
    /// <param name="unused">Room beyond the largest number of entries of an image.</param>
    /// <param name="places">Image, row and column of each entry.</param>
    public SparseMatrices(
        int images, int rows, int columns, int unused, IEnumerable<(int Image, int Row, int Column)> places)
    {
        (int Image, int Row, int Column)[] all = [.. places];
        double[] weights = new Operand(new Shape(1, all.Length, 1, 1), Gap: 0.05).Values((uint)(rows + (7 * columns)));
        _entries = [.. all.Select((place, e) => new Entry(place.Image, place.Row, place.Column, (float)weights[e]))];
        _images = images;
        _room = _entries.GroupBy(entry => entry.Image).Max(group => group.Count()) + unused;
        _rows = Sort(rows, entry => entry.Row, entry => entry.Column);
        _transposed = Sort(columns, entry => entry.Column, entry => entry.Row);
    }

    /// <summary>The number of terms of the longest sum, forwards or backwards.</summary>
    public int LongestSum => Math.Max(
        _entries.GroupBy(entry => (entry.Image, entry.Row)).Max(group => group.Count()),
        _entries.GroupBy(entry => (entry.Image, entry.Column)).Max(group => group.Count()));

    /// <summary>Matrices with the same number of entries in each row, in random columns.</summary>
    public static SparseMatrices Random(int images, int rows, int columns, int taps)
    {
        double[] draws = new Operand(new Shape(images, rows, taps, 1), 0, columns).Values((uint)taps);
        return new SparseMatrices(
            images, rows, columns, taps,
            draws.Select((draw, e) => (e / taps / rows, e / taps % rows, Math.Min((int)draw, columns - 1))));
    }

    /// <summary>The op on a variable.</summary>
    public Variable Apply(Tape tape, Variable x) => x.Gather(Put(tape, _rows), Put(tape, _transposed));

    private Matrices Sort(int rows, Func<Entry, int> rowOf, Func<Entry, int> columnOf)
    {
        float[] starts = new float[_images * (rows + 1)], columns = new float[_images * _room],
            weights = new float[columns.Length];
        Array.Fill(columns, float.NaN);
        Array.Fill(weights, float.NaN);
        for (int image = 0; image < _images; image++)
        {
            int at = 0;
            var ofImage = _entries.Where(entry => entry.Image == image).ToLookup(rowOf);
            for (int row = 0; row < rows; row++)
            {
                starts[(image * (rows + 1)) + row] = at;
                foreach (var entry in ofImage[row])
                {
                    columns[(image * _room) + at] = columnOf(entry);
                    weights[(image * _room) + at++] = entry.Weight;
                }
            }

            starts[(image * (rows + 1)) + rows] = at;
        }

        return new Matrices(rows, starts, columns, weights);
    }

    private SparseRows Put(Tape tape, Matrices matrices)
    {
        Shape starts = new(_images, 1, matrices.Rows + 1, 1), entries = new(_images, 1, _room, 1);
        return new(
            tape.Constant(starts, matrices.Starts), tape.Constant(entries, matrices.Columns),
            tape.Constant(entries, matrices.Weights));
    }

    private sealed record Entry(int Image, int Row, int Column, float Weight);

    private sealed record Matrices(int Rows, float[] Starts, float[] Columns, float[] Weights);
}
