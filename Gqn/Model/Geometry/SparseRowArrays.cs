namespace Gqn.Native.Model.Geometry;

/// <summary>Host arrays of a sparse matrix for each of several views, and of its transpose if gradients need
/// it.</summary>
/// <remarks>Filled view by view and row by row, in the layout of <see cref="Engine.SparseRows"/>.</remarks>
internal sealed class SparseRowArrays
{
    // For the matrix being written: row and column of each entry, and the number of entries in each column.
    private readonly int[] _entryRows = [], _entryColumns = [], _counts = [];
    private int _view, _row, _entry;

    /// <summary>Allocates the arrays.</summary>
    /// <param name="views">The number of matrices, one per view.</param>
    /// <param name="rows">Rows of each matrix.</param>
    /// <param name="columns">Columns of each matrix.</param>
    /// <param name="entriesPerRow">The largest number of entries of a row.</param>
    /// <param name="transposed">Whether to build the transposes as well.</param>
    public SparseRowArrays(int views, int rows, int columns, int entriesPerRow, bool transposed)
    {
        (Rows, SourceLength, Entries) = (rows, columns, checked(rows * entriesPerRow));
        Starts = new float[checked(views * (rows + 1))];
        Columns = new float[checked(views * Entries)];
        Weights = new float[Columns.Length];
        if (!transposed)
            return;
        (_entryRows, _entryColumns, _counts) = (new int[Entries], new int[Entries], new int[columns]);
        TransposedStarts = new float[checked(views * (columns + 1))];
        TransposedColumns = new float[Columns.Length];
        TransposedWeights = new float[Columns.Length];
    }

    /// <summary>Rows of a matrix.</summary>
    public int Rows { get; }

    /// <summary>Columns of a matrix: the pixels of the map that is interpolated.</summary>
    public int SourceLength { get; }

    /// <summary>Capacity of a matrix, in entries.</summary>
    public int Entries { get; }

    /// <summary>The first entry of each row, [view][row], followed by the end of the last row.</summary>
    public float[] Starts { get; }

    /// <summary>The column of each entry, [view][entry].</summary>
    public float[] Columns { get; }

    /// <summary>The weight of each entry, [view][entry].</summary>
    public float[] Weights { get; }

    /// <summary>[view][column], followed by the end of the last column; empty without transposes.</summary>
    public float[] TransposedStarts { get; } = [];

    /// <summary>The row of each entry, [view][entry]; empty without transposes.</summary>
    public float[] TransposedColumns { get; } = [];

    /// <summary>The weight of each entry, [view][entry]; empty without transposes.</summary>
    public float[] TransposedWeights { get; } = [];

    /// <summary>Starts the matrix of a view.</summary>
    public void Begin(int view)
    {
        (_view, _row, _entry) = (view, 0, 0);
        Starts[view * (Rows + 1)] = 0;
        Array.Clear(_counts);
    }

    /// <summary>Adds an entry to the current row, unless its weight is 0.</summary>
    public void Add(int column, float weight)
    {
        if (weight == 0f)
            return;
        int at = (_view * Entries) + _entry;
        (Columns[at], Weights[at]) = (column, weight);
        if (_counts.Length > 0)
        {
            (_entryRows[_entry], _entryColumns[_entry]) = (_row, column);
            _counts[column]++;
        }

        _entry++;
    }

    /// <summary>Ends the current row.</summary>
    public void EndRow() => Starts[(_view * (Rows + 1)) + ++_row] = _entry;

    /// <summary>Ends the matrix, after its last row.</summary>
    public void End()
    {
        if (TransposedStarts.Length > 0)
            Transpose();
    }

    /// <summary>Sorts the entries by column, then row, with a counting sort.</summary>
    private void Transpose()
    {
        var starts = TransposedStarts.AsSpan(_view * (SourceLength + 1), SourceLength + 1);
        int start = 0;
        for (int column = 0; column < SourceLength; column++)
        {
            starts[column] = start;
            (start, _counts[column]) = (start + _counts[column], start);
        }

        starts[SourceLength] = start;
        var weights = Weights.AsSpan(_view * Entries, _entry);
        var toRows = TransposedColumns.AsSpan(_view * Entries, _entry);
        var toWeights = TransposedWeights.AsSpan(_view * Entries, _entry);
        for (int entry = 0; entry < weights.Length; entry++)
        {
            int to = _counts[_entryColumns[entry]]++;
            (toRows[to], toWeights[to]) = (_entryRows[entry], weights[entry]);
        }
    }
}
