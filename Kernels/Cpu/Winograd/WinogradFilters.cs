using Gqn.Native.Kernels.Cpu.Generated;
using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>Transformed filters of a chunk: planes[frequency][depth][width], a panel for register tiles.</summary>
/// <remarks>
/// Weights are in blocks of 32 outputs, [block][input][tap][output]. A block narrower than the panel is copied to full
/// width first.
/// </remarks>
internal unsafe struct WinogradFilters
{
    /// <summary>Size of <see cref="Panel"/> in floats: 32 filters of up to 25 taps and 32 columns.</summary>
    public const int PanelFloats = 32 * 25 * MicroKernel.Columns;

    private const int TransposedInputs = 8;

    /// <summary>The weights and their sizes; a filter has Kernel · Kernel taps.</summary>
    public float* Weights;

    public int Kernel, Inputs, Outputs;

    /// <summary>Columns of the panel; <see cref="PlaneStride"/> is the distance between two frequencies.</summary>
    public int Width;

    public nint PlaneStride;

    /// <summary>Room for <see cref="PanelFloats"/> floats, and for a transform.</summary>
    public float* Panel, Buffer;

    /// <summary>Distance between two frequencies with <paramref name="rows"/> rows.</summary>
    public static nint Plane(int rows, int width) => ((nint)rows * width) + 16;

    /// <summary>Rows are inputs [channel, channel + count), columns the outputs of a block.</summary>
    public readonly void Forward<T>(float* planes, int block, int channel, int count) where T : unmanaged, ISimdLane<T>
    {
        int taps = Kernel * Kernel, columns = Math.Min(MicroKernel.Columns, Outputs - (block * MicroKernel.Columns));
        float* from = Weights + ((nint)block * MicroKernel.Columns * Inputs * taps) + ((nint)channel * taps * columns);
        for (int row = 0; row < count; row++, from += taps * columns, planes += Width)
        {
            float* filter = from;
            if (columns != Width)
            {
                Cpu.Panel.Copy(Panel, Width, from, columns, taps, columns);
                filter = Panel;
            }

            for (int column = 0; column < Width; column += T.Width)
                Transform<T>(filter + column, Width, planes + column);
        }
    }

    /// <summary>
    /// For the input gradient: rows are outputs [first, first + count), columns inputs [channel, channel + columns),
    /// taps in reverse order.
    /// </summary>
    public readonly void Backward<T>(float* planes, int channel, int columns, int first, int count)
        where T : unmanaged, ISimdLane<T>
    {
        int taps = Kernel * Kernel;
        for (int row = 0; row < count;)
        {
            int block = (first + row) / MicroKernel.Columns, within = (first + row) % MicroKernel.Columns;
            int blockColumns = Math.Min(MicroKernel.Columns, Outputs - (block * MicroKernel.Columns));
            int rows = Math.Min(count - row, blockColumns - within);
            float* from = Weights + ((nint)block * MicroKernel.Columns * Inputs * taps)
                + ((nint)channel * taps * blockColumns) + within;
            // Eight inputs at a time: the hardware prefetchers can follow this many streams.
            for (int column = 0; column < columns; column += TransposedInputs)
            {
                float* source = from + ((nint)column * taps * blockColumns);
                int inputsNow = Math.Min(TransposedInputs, columns - column);
                for (int tap = 0; tap < taps; tap++)
                {
                    Cpu.Panel.CopyTransposed(
                        Panel + (tap * Width) + column, taps * Width, source + (tap * blockColumns),
                        taps * (nint)blockColumns, rows, inputsNow);
                }
            }

            float* lastTap = Panel + ((taps - 1) * Width);
            for (int r = 0; r < rows; r++, lastTap += taps * Width, planes += Width)
            {
                for (int column = 0; column < Width; column += T.Width)
                    Transform<T>(lastTap + column, -Width, planes + column);
            }

            row += rows;
        }
    }

    private readonly void Transform<T>(float* filter, nint tap, float* planes) where T : unmanaged, ISimdLane<T>
    {
        if (Kernel == 5)
            WinogradTransforms.Weight5<T>(filter, tap, planes, PlaneStride, Buffer);
        else
            WinogradTransforms.Weight3<T>(filter, tap, planes, PlaneStride, Buffer);
    }
}
