namespace Gqn.Native.Imaging;

/// <summary>The filters of PNG rows, which predict each byte from its neighbours.</summary>
internal static class PngFilter
{
    /// <summary>Reverses the filter of a row, in place.</summary>
    /// <param name="filter">The filter type, 0 to 4.</param>
    /// <param name="row">The bytes of the row.</param>
    /// <param name="above">The row above; zeros for the first.</param>
    /// <param name="distance">The number of bytes between a byte and that of the pixel to the left.</param>
    /// <exception cref="ImageFormatException">There is no such filter.</exception>
    public static void Reverse(int filter, Span<byte> row, ReadOnlySpan<byte> above, int distance)
    {
        above = above[..row.Length];
        switch (filter)
        {
            case 0:
                break;
            case 1:
                for (int i = distance; i < row.Length; i++)
                    row[i] += row[i - distance];
                break;
            case 2:
                for (int i = 0; i < row.Length; i++)
                    row[i] += above[i];
                break;
            case 3:
                for (int i = 0; i < row.Length; i++)
                    row[i] += (byte)(((i < distance ? 0 : row[i - distance]) + above[i]) / 2);
                break;
            case 4:
                for (int i = 0; i < distance; i++)
                    row[i] += above[i];
                for (int i = distance; i < row.Length; i++)
                    row[i] += (byte)Paeth(row[i - distance], above[i], above[i - distance]);
                break;
            default:
                throw new ImageFormatException($"there is no PNG filter {filter}");
        }
    }

    /// <summary>The Paeth predictor: the neighbour nearest to left + up - corner.</summary>
    private static int Paeth(int left, int up, int corner)
    {
        int toLeft = Math.Abs(up - corner), toUp = Math.Abs(left - corner);
        int toCorner = Math.Abs(left + up - (2 * corner));
        if (toLeft <= toUp && toLeft <= toCorner)
            return left;
        return toUp <= toCorner ? up : corner;
    }
}
