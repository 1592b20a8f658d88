namespace Gqn.Native.Model.Geometry;

/// <summary>On the host: a sparse matrix for each of several views, and its transpose where a gradient needs
/// it.</summary>
/// <remarks>Filled view by view and row by row, with the layout of <see cref="Engine.Ops.SparseRows"/>.</remarks>
internal sealed class SparseRowArrays
{
    private readonly int[] _cursors;
    private int _view, _row, _entry;

    /// <summary>Room for some matrices.</summary>
    /// <param name="views">How many.</param>
    /// <param name="rows">Rows of each.</param>
    /// <param name="columns">Columns of each.</param>
    /// <param name="entriesPerRow">The most entries of a row.</param>
    /// <param name="transposed">Whether to make the transposes, too.</param>
    public SparseRowArrays(int views, int rows, int columns, int entriesPerRow, bool transposed)
    {
        (Rows, SourceLength, Entries) = (rows, columns, checked(rows * entriesPerRow));
        Starts = new float[checked(views * (rows + 1))];
        Columns = new float[checked(views * Entries)];
        Weights = new float[Columns.Length];
        _cursors = new int[columns];
        if (!transposed)
            return;
        TransposedStarts = new float[checked(views * (columns + 1))];
        TransposedColumns = new float[Columns.Length];
        TransposedWeights = new float[Columns.Length];
    }

    /// <summary>Rows of a matrix.</summary>
    public int Rows { get; }

    /// <summary>Columns of a matrix: pixels of what is interpolated.</summary>
    public int SourceLength { get; }

    /// <summary>Room for the entries of a matrix.</summary>
    public int Entries { get; }

    /// <summary>[view][row], and where the last row ends.</summary>
    public float[] Starts { get; }

    /// <summary>[view][entry]</summary>
    public float[] Columns { get; }

    /// <summary>[view][entry]</summary>
    public float[] Weights { get; }

    /// <summary>[view][column], and where the last ends; empty where no transpose is made.</summary>
    public float[] TransposedStarts { get; } = [];

    /// <summary>[view][entry], the rows; empty where no transpose is made.</summary>
    public float[] TransposedColumns { get; } = [];

    /// <summary>[view][entry]; empty where no transpose is made.</summary>
    public float[] TransposedWeights { get; } = [];

    /// <summary>Starts the matrix of a view.</summary>
    public void Begin(int view)
    {
        (_view, _row, _entry) = (view, 0, 0);
        Starts[view * (Rows + 1)] = 0;
    }

    /// <summary>Adds an entry to the row that is being written; none where the weight is 0.</summary>
    public void Add(int column, float weight)
    {
        if (weight == 0f)
            return;
        int at = (_view * Entries) + _entry++;
        (Columns[at], Weights[at]) = (column, weight);
    }

    /// <summary>Goes to the next row.</summary>
    public void EndRow() => Starts[(_view * (Rows + 1)) + ++_row] = _entry;

    /// <summary>Ends the matrix, after its last row.</summary>
    public void End()
    {
        if (TransposedStarts.Length > 0)
            Transpose();
    }

    /// <summary>Sorts the entries by column, those of a column by row: a counting sort.</summary>
    private void Transpose()
    {
        int first = _view * Entries;
        var columns = Columns.AsSpan(first, _entry);
        Array.Clear(_cursors);
        foreach (float column in columns)
            _cursors[(int)column]++;
        var starts = TransposedStarts.AsSpan(_view * (SourceLength + 1), SourceLength + 1);
        int start = 0;
        for (int column = 0; column < SourceLength; column++)
        {
            starts[column] = start;
            (start, _cursors[column]) = (start + _cursors[column], first + start);
        }

        starts[SourceLength] = start;
        var rowStarts = Starts.AsSpan(_view * (Rows + 1), Rows + 1);
        for (int row = 0; row < Rows; row++)
        {
            for (int e = first + (int)rowStarts[row]; e < first + (int)rowStarts[row + 1]; e++)
            {
                int to = _cursors[(int)Columns[e]]++;
                (TransposedColumns[to], TransposedWeights[to]) = (row, Weights[e]);
            }
        }
    }
}
