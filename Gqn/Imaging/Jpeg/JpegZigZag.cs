namespace Gqn.Native.Imaging;

/// <summary>The order of the coefficients of a block in the file: by diagonals, low frequencies first.</summary>
internal static class JpegZigZag
{
    private const int Side = 8;

    private static readonly byte[] Places = Diagonals();

    /// <summary>Maps a place in the file to 8u + v, u and v being the horizontal and vertical frequency.</summary>
    public static ReadOnlySpan<byte> Order => Places;

    private static byte[] Diagonals()
    {
        byte[] order = new byte[Side * Side];
        int next = 0;
        for (int diagonal = 0; diagonal < (2 * Side) - 1; diagonal++)
        {
            int first = Math.Max(0, diagonal - Side + 1), last = Math.Min(diagonal, Side - 1);
            for (int i = first; i <= last; i++)
            {
                // Odd diagonals run downwards: the horizontal frequency decreases.
                int v = diagonal % 2 == 1 ? i : first + last - i;
                order[next++] = (byte)((Side * (diagonal - v)) + v);
            }
        }

        return order;
    }
}
