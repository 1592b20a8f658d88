using Gqn.Native.Engine;
using Gqn.Native.Model.Geometry;
using Xunit;

namespace Gqn.Native.Tests.Geometry;

/// <summary>Sparse matrices on the host, overwritten repeatedly.</summary>
public sealed class SparseRowArraysTests
{
    [Fact]
    public void TheTransposeHasTheSameEntriesInOrderOfRows()
    {
        const int Views = 3, Rows = 11, Columns = 7, Taps = 4;
        var arrays = new SparseRowArrays(Views, Rows, Columns, Taps, transposed: true);
        var random = new RandomStream(3, 1);
        // Twice into the same arrays: the old content must not show.
        for (int pass = 0; pass < 2; pass++)
        {
            for (int view = Views - 1; view >= 0; view--)
            {
                var expected = new List<(int Row, int Column, float Weight)>();
                arrays.Begin(view);
                for (int row = 0; row < Rows; row++)
                {
                    int count = random.NextInt32(Taps + 1);
                    for (int e = 0; e < count; e++)
                    {
                        int column = random.NextInt32(Columns);
                        float weight = e == 1 ? 0f : random.NextSingle() + .1f;
                        arrays.Add(column, weight);
                        if (weight != 0f)
                            expected.Add((row, column, weight));
                    }

                    arrays.EndRow();
                }

                arrays.End();
                Assert.Equal(expected, SparseRowReader.Rows(arrays, view).SelectMany(
                    (entries, row) => entries.Select(entry => (row, entry.Cell, entry.Weight))));
                Assert.Equal(
                    expected.OrderBy(entry => entry.Column),
                    SparseRowReader.TransposedRows(arrays, view).SelectMany(
                        (entries, column) => entries.Select(entry => (entry.Cell, column, entry.Weight))));
            }
        }
    }

    [Fact]
    public void WithoutATransposeThereIsNone()
    {
        var arrays = new SparseRowArrays(1, 2, 3, 4, transposed: false);
        arrays.Begin(0);
        arrays.Add(2, 1);
        arrays.EndRow();
        arrays.EndRow();
        arrays.End();
        Assert.Empty(arrays.TransposedStarts);
        Assert.Equal([0f, 1f, 1f], arrays.Starts);
    }
}
