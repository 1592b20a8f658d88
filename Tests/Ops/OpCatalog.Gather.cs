using Gqn.Native.Engine;

namespace Gqn.Native.Tests.Ops;

/// <content>Sums of a few pixels by sparse matrices, and distributions over channels.</content>
internal static partial class OpCatalog
{
    private static IEnumerable<OpCase> Gathers()
    {
        (Shape X, int Rows, int Taps)[] sizes =
        [
            (new(1, 1, 1, 1), 1, 1), (new(1, 2, 3, 1), 4, 4), (new(2, 1, 3, 2), 5, 8), (new(2, 7, 3, 5), 9, 4),
            (new(3, 17, 4, 4), 20, 8), (new(2, 1, 6, 5), 131, 8), (new(2, 64, 5, 3), 13, 4), (new(2, 100, 3, 3), 10, 4),
            (new(1, 33, 1, 17), 7, 8), (new(2, 129, 1, 5), 3, 5),
            // The volume's own: places among cells, among cells and distances, points among places.
            (new(3, 64, 8, 8), 1024, 4), (new(2, 1, 1024, 1), 1024, 8), (new(2, 32, 1024, 1), 4096, 8),
        ];
        foreach (var (x, rows, taps) in sizes)
        {
            var matrices = SparseMatrices.Random(x.N, rows, x.H * x.W, taps);
            yield return new(
                "Gather", $"{taps} pixels of {x} to {rows}", [new(x)], Reduction(matrices.LongestSum),
                (t, v) => [matrices.Apply(t, v[0])]);
        }

        foreach (var (channels, height) in ((int, int)[])[(1, 3), (7, 5), (40, 9)])
        {
            Shape x = new(3, channels, height, 2);
            foreach (var (detail, matrices) in Sparse(x))
            {
                yield return new(
                    "Gather", $"{x}, {detail}", [new(x)], Reduction(matrices.LongestSum),
                    (t, v) => [matrices.Apply(t, v[0])]);
            }
        }

        foreach (int channels in (int[])[1, 3, 20, 70])
        {
            SparseMatrices first = SparseMatrices.Random(2, 7, 6, 4), second = SparseMatrices.Random(2, 4, 6, 8);
            yield return new(
                "Gather", $"{channels} channels read twice and once more", [new(new(2, channels, 3, 2))],
                Reduction(first.LongestSum + second.LongestSum),
                (t, v) => [first.Apply(t, v[0]), second.Apply(t, v[0]), v[0].Tanh()]);
        }

        var (to, back) = (SparseMatrices.Random(2, 9, 4, 3), SparseMatrices.Random(2, 4, 9, 3));
        yield return new(
            "Gather", "of gathered pixels", [new(new(2, 3, 2, 2))], Reduction(to.LongestSum + back.LongestSum),
            (t, v) => [back.Apply(t, to.Apply(t, v[0]))]);
        yield return new(
            "Gather", "of a reshaped variable", [new(new(2, 4, 1, 1))], Reduction(to.LongestSum),
            (t, v) => [to.Apply(t, v[0].Reshape(new Shape(2, 1, 4, 1))), v[0]]);
    }

    private static IEnumerable<(string Detail, SparseMatrices Matrices)> Sparse(Shape x)
    {
        int columns = x.H * x.W, rows = 2 * columns;
        yield return ("rows without entries", new SparseMatrices(
            x.N, rows, columns, 5,
            from image in Enumerable.Range(0, x.N)
            from row in Enumerable.Range(0, rows)
            where image != 1 && row % 3 == 1
            select (image, row, (row + image) % columns)));
        yield return ("all entries in one row", new SparseMatrices(
            x.N, rows, columns, 0,
            from image in Enumerable.Range(0, x.N)
            from entry in Enumerable.Range(0, 3 * columns)
            select (image, rows - 1 - image, entry % columns)));
        yield return ("all entries of one pixel", new SparseMatrices(
            x.N, rows, columns, 1,
            from image in Enumerable.Range(0, x.N)
            from row in Enumerable.Range(0, rows)
            select (image, row, image % columns)));
    }

    private static IEnumerable<OpCase> Distributions()
    {
        foreach (var (shape, range) in ((Shape, double)[])[
            (new(1, 3, 2, 1), 2), (new(1, 7, 1, 1), 2), (new(2, 17, 3, 5), 8), (new(3, 16, 8, 8), 8),
            (new(2, 256, 5, 3), 8)])
        {
            yield return new(
                "Softmax", $"{shape}", [new(shape, -range, range)], Elementwise + Reduction(shape.C),
                (_, x) => [x[0].Softmax()]);
        }

        foreach (var shape in (Shape[])[new(1, 3, 2, 1), new(2, 17, 3, 5), new(3, 16, 8, 8)])
        {
            yield return new(
                "LayerNorm", $"{shape}", [new(shape, -2, 2)], Elementwise + (8 * Reduction(shape.C * shape.H * shape.W)),
                (_, x) => [x[0].LayerNorm()]);
        }

        // Beyond 44 the square of a sum is infinite; an exponential is off by as much as its argument is rounded.
        foreach (double level in (double[])[-77, 50, 77])
        {
            yield return new(
                "Softmax", $"near {level}", [new(new(2, 5, 1, 3), level - 2, level + 2)], Elementwise + (160 * Ulp),
                (_, x) => [x[0].Softmax()]);
        }
    }
}
