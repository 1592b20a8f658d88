using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>
/// Copies a block of columns of a matrix to a dense panel [row][width], which register tiles read row by row.
/// </summary>
/// <remarks>Only the valid columns are written; the others hold garbage, which stays in unused columns.</remarks>
internal static unsafe class Panel
{
    private const int TransposeBlock = 8;

    /// <summary>panel[row · width + column] = source[row · stride + column]</summary>
    public static void Copy(float* panel, int width, float* source, nint stride, int rows, int columns)
    {
        if (columns == MicroKernel.Columns)
        {
            for (int row = 0; row < rows; row++, panel += MicroKernel.Columns, source += stride)
            {
                Vector512.Load(source).Store(panel);
                Vector512.Load(source + 16).Store(panel + 16);
            }

            return;
        }

        for (int row = 0; row < rows; row++, panel += width, source += stride)
        {
            for (int column = 0; column < columns; column++)
                panel[column] = source[column];
        }
    }

    /// <summary>panel[row · width + column] = source[column · stride + row]</summary>
    public static void CopyTransposed(float* panel, int width, float* source, nint stride, int rows, int columns)
    {
        int row = 0;
        if (Avx.IsSupported)
        {
            for (; row + TransposeBlock <= rows; row += TransposeBlock)
            {
                int column = 0;
                for (; column + TransposeBlock <= columns; column += TransposeBlock)
                    Transpose8x8(panel + (row * width) + column, width, source + (column * stride) + row, stride);
                CopyElements(panel, width, source, stride, row, row + TransposeBlock, column, columns);
            }
        }

        CopyElements(panel, width, source, stride, row, rows, 0, columns);
    }

    private static void CopyElements(
        float* panel, int width, float* source, nint stride, int firstRow, int lastRow, int firstColumn, int lastColumn)
    {
        for (int column = firstColumn; column < lastColumn; column++)
        {
            for (int row = firstRow; row < lastRow; row++)
                panel[(row * width) + column] = source[(column * stride) + row];
        }
    }

    // Lines are interleaved in pairs, then in quadruples, within the register halves; finally the halves are exchanged.
    private static void Transpose8x8(float* to, int width, float* from, nint stride)
    {
        var line0 = Vector256.Load(from);
        var line1 = Vector256.Load(from + stride);
        var line2 = Vector256.Load(from + (2 * stride));
        var line3 = Vector256.Load(from + (3 * stride));
        var line4 = Vector256.Load(from + (4 * stride));
        var line5 = Vector256.Load(from + (5 * stride));
        var line6 = Vector256.Load(from + (6 * stride));
        var line7 = Vector256.Load(from + (7 * stride));
        var (a0, a1, a2, a3) = Transpose4(line0, line1, line2, line3);
        var (b0, b1, b2, b3) = Transpose4(line4, line5, line6, line7);
        Avx.Permute2x128(a0, b0, 0x20).Store(to);
        Avx.Permute2x128(a1, b1, 0x20).Store(to + width);
        Avx.Permute2x128(a2, b2, 0x20).Store(to + (2 * width));
        Avx.Permute2x128(a3, b3, 0x20).Store(to + (3 * width));
        Avx.Permute2x128(a0, b0, 0x31).Store(to + (4 * width));
        Avx.Permute2x128(a1, b1, 0x31).Store(to + (5 * width));
        Avx.Permute2x128(a2, b2, 0x31).Store(to + (6 * width));
        Avx.Permute2x128(a3, b3, 0x31).Store(to + (7 * width));
    }

    // Each half of the results is a transposed 4 x 4 block.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<float>, Vector256<float>, Vector256<float>, Vector256<float>) Transpose4(
        Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d)
    {
        var abLow = Avx.UnpackLow(a, b).AsDouble();
        var abHigh = Avx.UnpackHigh(a, b).AsDouble();
        var cdLow = Avx.UnpackLow(c, d).AsDouble();
        var cdHigh = Avx.UnpackHigh(c, d).AsDouble();
        return (
            Avx.UnpackLow(abLow, cdLow).AsSingle(), Avx.UnpackHigh(abLow, cdLow).AsSingle(),
            Avx.UnpackLow(abHigh, cdHigh).AsSingle(), Avx.UnpackHigh(abHigh, cdHigh).AsSingle());
    }
}
