using Gqn.Native.Kernels.Cpu.Generated;
using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>Transformed filters of a chunk: planes[frequency][depth][width], a panel that register tiles read.</summary>
/// <remarks>
/// Weights lie in blocks of 32 outputs, [block][input][tap][output]. A block for which 32 outputs are left over is
/// copied to full width first.
/// </remarks>
internal static unsafe class WinogradFilters
{
    /// <summary>Floats of the panel behind the planes: 32 filters of 32 columns.</summary>
    public const int PanelFloats = 32 * 25 * MicroKernel.Columns;

    private const int TransposedInputs = 8;

    /// <summary>Distance of two frequencies for so many rows.</summary>
    public static nint Plane(int rows, int width) => ((nint)rows * width) + 16;

    /// <summary>Rows are inputs channel .. channel+count, columns the outputs of a block.</summary>
    public static void Forward<T>(
        float* planes, nint plane, int width, int kernel, float* weights, int inputs, int outputs, int block,
        int channel, int count, float* panel, float* buffer)
        where T : unmanaged, ISimdLane<T>
    {
        int taps = kernel * kernel, columns = Math.Min(MicroKernel.Columns, outputs - (block * MicroKernel.Columns));
        float* from = weights + ((nint)block * MicroKernel.Columns * inputs * taps) + ((nint)channel * taps * columns);
        for (int row = 0; row < count; row++, from += taps * columns, planes += width)
        {
            float* filter = from;
            if (columns != width)
            {
                Panel.Copy(panel, width, from, columns, taps, columns);
                filter = panel;
            }

            for (int column = 0; column < width; column += T.Width)
                Transform<T>(kernel, filter + column, width, planes + column, plane, buffer);
        }
    }

    /// <summary>
    /// Of the input gradient: rows are outputs first .. first+count, columns the inputs channel .. channel+columns, the
    /// taps in reverse order.
    /// </summary>
    public static void Backward<T>(
        float* planes, nint plane, int width, int kernel, float* weights, int inputs, int outputs, int channel,
        int columns, int first, int count, float* panel, float* buffer)
        where T : unmanaged, ISimdLane<T>
    {
        int taps = kernel * kernel;
        for (int row = 0; row < count;)
        {
            int block = (first + row) / MicroKernel.Columns, within = (first + row) % MicroKernel.Columns;
            int blockColumns = Math.Min(MicroKernel.Columns, outputs - (block * MicroKernel.Columns));
            int rows = Math.Min(count - row, blockColumns - within);
            float* from = weights + ((nint)block * MicroKernel.Columns * inputs * taps)
                + ((nint)channel * taps * blockColumns) + within;
            // Eight inputs at a time: so many runs of memory the processor fetches ahead by itself.
            for (int column = 0; column < columns; column += TransposedInputs)
            {
                float* source = from + ((nint)column * taps * blockColumns);
                int inputsNow = Math.Min(TransposedInputs, columns - column);
                for (int tap = 0; tap < taps; tap++)
                {
                    Panel.CopyTransposed(
                        panel + (tap * width) + column, taps * width, source + (tap * blockColumns),
                        taps * (nint)blockColumns, rows, inputsNow);
                }
            }

            float* lastTap = panel + ((taps - 1) * width);
            for (int r = 0; r < rows; r++, lastTap += taps * width, planes += width)
            {
                for (int column = 0; column < width; column += T.Width)
                    Transform<T>(kernel, lastTap + column, -width, planes + column, plane, buffer);
            }

            row += rows;
        }
    }

    private static void Transform<T>(int kernel, float* filter, nint tap, float* planes, nint plane, float* buffer)
        where T : unmanaged, ISimdLane<T>
    {
        if (kernel == 5)
            WinogradTransforms.Weight5<T>(filter, tap, planes, plane, buffer);
        else
            WinogradTransforms.Weight3<T>(filter, tap, planes, plane, buffer);
    }
}
