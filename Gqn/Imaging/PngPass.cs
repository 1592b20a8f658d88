namespace Gqn.Native.Imaging;

/// <summary>The pixels of a PNG image that come together: all of them or, if it is interlaced, those of one of the seven
/// passes of Adam7. Each pass is filtered like an image of its own.</summary>
/// <param name="FirstColumn">The column of the first pixel.</param>
/// <param name="FirstRow">The row of the first pixel.</param>
/// <param name="Across">The distance between the columns.</param>
/// <param name="Down">The distance between the rows.</param>
/// <param name="Width">The number of pixels in a row.</param>
/// <param name="Height">The number of rows.</param>
internal readonly record struct PngPass(int FirstColumn, int FirstRow, int Across, int Down, int Width, int Height)
{
    /// <summary>The bytes of a row, without its filter type.</summary>
    /// <param name="bits">The number of bits of a pixel.</param>
    public int Stride(int bits) => ((Width * bits) + 7) / 8;

    /// <summary>Adds the passes of an image that have pixels, in the order of the file.</summary>
    public static void AddTo(List<PngPass> passes, int width, int height, bool isInterlaced)
    {
        if (!isInterlaced)
        {
            passes.Add(new PngPass(0, 0, 1, 1, width, height));
            return;
        }

        ReadOnlySpan<(int Column, int Row, int Across, int Down)> adam7 =
            [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
        foreach (var (column, row, across, down) in adam7)
        {
            int columns = (width - column + across - 1) / across, rows = (height - row + down - 1) / down;
            if (columns > 0 && rows > 0)
                passes.Add(new PngPass(column, row, across, down, columns, rows));
        }
    }
}
