namespace Gqn.Native.Kernels.Shapes;

/// <summary>
/// The rows (or columns) of an image by the taps of a zero-padded filter that lie inside: rows of a class see the same
/// taps, so a convolution of a spatially constant map gives them the same value.
/// </summary>
/// <remarks>
/// With p = Kernel / 2, the rows from p to Size - 1 - p see all taps and are one class; every other row is a class of
/// its own. Classes are numbered from the first row to the last. Output row y reads row y + t - p through tap t.
/// </remarks>
/// <param name="Size">Rows of the image, at least 1.</param>
/// <param name="Kernel">Taps of the filter, odd.</param>
public readonly record struct BorderClasses(int Size, int Kernel)
{
    /// <summary>Number of classes.</summary>
    public int Count => Math.Min(Size, Kernel);

    private int Padding => Kernel / 2;

    /// <summary>The class of a row.</summary>
    public int Of(int row) => Math.Min(row, Math.Max(Padding, row - (Size - Count)));

    /// <summary>The first row of a class.</summary>
    public int First(int index) => index <= Padding ? index : index + Size - Count;

    /// <summary>The last row of a class.</summary>
    public int Last(int index) => index < Padding ? index : index + Size - Count;

    /// <summary>The first tap that lies inside the image for a class.</summary>
    public int FirstTap(int index) => Math.Max(0, Padding - First(index));

    /// <summary>The last tap that lies inside the image for a class.</summary>
    public int LastTap(int index) => Math.Min(Kernel - 1, Size - 1 - First(index) + Padding);

    /// <summary>The first class for which a tap lies inside the image.</summary>
    public int FirstClass(int tap) => Math.Max(0, Padding - tap);

    /// <summary>
    /// The last class for which a tap lies inside the image; less than <see cref="FirstClass"/> if there is none.
    /// </summary>
    public int LastClass(int tap) => Count - 1 - Math.Max(0, tap - Padding);
}
