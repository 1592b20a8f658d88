using Gqn.Native.Model.Geometry;

namespace Gqn.Native.Tests.Geometry;

/// <summary>Reads sparse matrices on the host entry by entry.</summary>
internal static class SparseRowReader
{
    /// <summary>The entries of each row of a view's matrix.</summary>
    public static List<(int Cell, float Weight)>[] Rows(SparseRowArrays arrays, int view) =>
        Read(arrays.Starts, arrays.Columns, arrays.Weights, arrays.Rows, arrays.Entries, view);

    /// <summary>The entries of each row of its transpose.</summary>
    public static List<(int Cell, float Weight)>[] TransposedRows(SparseRowArrays arrays, int view) => Read(
        arrays.TransposedStarts, arrays.TransposedColumns, arrays.TransposedWeights, arrays.SourceLength,
        arrays.Entries, view);

    private static List<(int Cell, float Weight)>[] Read(
        float[] starts, float[] columns, float[] weights, int rows, int room, int view)
    {
        var read = new List<(int, float)>[rows];
        for (int row = 0; row < rows; row++)
        {
            int at = (view * (rows + 1)) + row;
            read[row] = [];
            for (int e = (int)starts[at]; e < (int)starts[at + 1]; e++)
                read[row].Add(((int)columns[(view * room) + e], weights[(view * room) + e]));
        }

        return read;
    }
}
