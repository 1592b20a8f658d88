namespace Gqn.Native.Scenes;

/// <summary>The position of a cube in a grid.</summary>
/// <param name="X">Column.</param>
/// <param name="Y">Row.</param>
/// <param name="Z">Layer.</param>
public readonly record struct GridCell(int X, int Y, int Z);

/// <summary>The identity of a polycube: a canonical form of its cells under translation and rotation.</summary>
/// <remarks>
/// For each of the 24 rotations of the cube, the cells are moved to the corner at the origin and sorted; the smallest
/// list is the identity. It takes nine bits per cell, so a 64-bit number holds seven cells.
/// </remarks>
/// <param name="Cells">The sorted cells, nine bits each.</param>
/// <param name="Labels">Four bits per cell, in the same order: the smallest list among the rotations that give
/// <paramref name="Cells"/>, so that symmetric shapes have a unique identity as well.</param>
internal readonly record struct PolycubeShape(ulong Cells, ulong Labels)
{
    /// <summary>The maximum number of cells of an identity.</summary>
    public const int MaxCells = 7;

    /// <summary>The rotations of the cube: signed permutations of the axes that preserve handedness.</summary>
    public static readonly AxisRotation[] Rotations = MakeRotations();

    /// <summary>Computes the identity of labelled cells.</summary>
    /// <param name="cells">One to seven cells that fit a 7×7×7 grid.</param>
    /// <param name="labels">A label from 0 to 15 for each cell, or empty.</param>
    public static PolycubeShape Of(ReadOnlySpan<GridCell> cells, ReadOnlySpan<int> labels)
    {
        Span<GridCell> turned = stackalloc GridCell[MaxCells];
        Span<int> codes = stackalloc int[MaxCells];
        turned = turned[..cells.Length];
        codes = codes[..cells.Length];
        var best = new PolycubeShape(ulong.MaxValue, ulong.MaxValue);
        foreach (var rotation in Rotations)
        {
            (int x, int y, int z) = (int.MaxValue, int.MaxValue, int.MaxValue);
            for (int i = 0; i < cells.Length; i++)
            {
                turned[i] = rotation.Apply(cells[i]);
                (x, y, z) = (Math.Min(x, turned[i].X), Math.Min(y, turned[i].Y), Math.Min(z, turned[i].Z));
            }

            for (int i = 0; i < cells.Length; i++)
            {
                int cell = ((turned[i].X - x) << 6) | ((turned[i].Y - y) << 3) | (turned[i].Z - z);
                codes[i] = (cell << 4) | (labels.IsEmpty ? 0 : labels[i]);
            }

            codes.Sort();
            ulong packedCells = 0, packedLabels = 0;
            foreach (int code in codes)
            {
                packedCells = (packedCells << 9) | (uint)(code >> 4);
                packedLabels = (packedLabels << 4) | (uint)(code & 15);
            }

            if (packedCells < best.Cells || (packedCells == best.Cells && packedLabels < best.Labels))
                best = new PolycubeShape(packedCells, packedLabels);
        }

        return best;
    }

    /// <summary>Computes the identity of the mirror image of the cells.</summary>
    public static PolycubeShape OfMirrored(ReadOnlySpan<GridCell> cells)
    {
        Span<GridCell> mirrored = stackalloc GridCell[MaxCells];
        for (int i = 0; i < cells.Length; i++)
            mirrored[i] = cells[i] with { X = -cells[i].X };
        return Of(mirrored[..cells.Length], []);
    }

    /// <summary>The cells as text, three digits each: "000 001 011".</summary>
    public string ToText(int cells)
    {
        var text = new System.Text.StringBuilder();
        for (int i = cells - 1; i >= 0; i--)
        {
            ulong cell = Cells >> (9 * i);
            text.Append((cell >> 6) & 7).Append((cell >> 3) & 7).Append(cell & 7).Append(' ');
        }

        return text.ToString(0, text.Length - 1);
    }

    private static AxisRotation[] MakeRotations()
    {
        var rotations = new List<AxisRotation>();
        for (int a = 0; a < 3; a++)
        {
            for (int signs = 0; signs < 4; signs++)
            {
                (int first, int second) = (1 - (2 * (signs & 1)), 1 - (signs & 2));
                (int b, int c) = ((a + 1) % 3, (a + 2) % 3);
                // The third sign makes the determinant +1; an odd order of the axes contributes −1.
                rotations.Add(new AxisRotation(a, b, c, first, second, first * second));
                rotations.Add(new AxisRotation(a, c, b, first, second, -first * second));
            }
        }

        return [.. rotations];
    }

    /// <summary>(x, y, z) → the coordinates with indices A, B and C, each times its sign.</summary>
    internal readonly record struct AxisRotation(int A, int B, int C, int SignA, int SignB, int SignC)
    {
        public GridCell Apply(GridCell cell) =>
            new(SignA * Axis(cell, A), SignB * Axis(cell, B), SignC * Axis(cell, C));

        private static int Axis(GridCell cell, int axis) => axis == 0 ? cell.X : axis == 1 ? cell.Y : cell.Z;
    }
}
