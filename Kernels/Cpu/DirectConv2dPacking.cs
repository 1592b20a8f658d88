using System.Runtime.CompilerServices;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>
/// Rearranges NHWC images to [line][pixel][image][channel] with a halo of zeros; one item is one line with its halo.
/// </summary>
/// <remarks>The gap between the channels and the next multiple of 8 is left uninitialised.</remarks>
internal unsafe struct PackPadded : IWorkItem
{
    public float* To, From;
    public int Images, Channels, Height, Width, Padding, Stride;

    public readonly void Invoke(int item, int worker)
    {
        int line = item - Padding;
        float* to = To + ((nint)item * (Width + (2 * Padding)) * Images * Stride);
        if (line < 0 || line >= Height)
        {
            Clear(to, (nint)(Width + (2 * Padding)) * Images * Stride);
            return;
        }

        nint halo = (nint)Padding * Images * Stride, pixels = (nint)Width * Images * Stride;
        Clear(to, halo);
        Clear(to + halo + pixels, halo);
        for (int image = 0; image < Images; image++)
        {
            float* from = From + ((((nint)image * Height) + line) * Width * Channels);
            float* pixel = to + halo + ((nint)image * Stride);
            for (int x = 0; x < Width; x++, pixel += (nint)Images * Stride, from += Channels)
                Copy(pixel, from, Channels);
        }
    }

    public static void Copy(float* to, float* from, int floats) =>
        Unsafe.CopyBlockUnaligned(to, from, (uint)floats * sizeof(float));

    private static void Clear(float* to, nint floats) => new Span<float>(to, (int)floats).Clear();
}

/// <summary>
/// Rearranges NHWC images to one row per patch, [patch][y][x][channel]; one item is one line of patches.
/// </summary>
internal unsafe struct PackPatches : IWorkItem
{
    public float* To, From;
    public int Channels, Width, Patch, Stride;

    public readonly void Invoke(int item, int worker)
    {
        int patches = Width / Patch, run = Patch * Channels;
        float* from = From + ((nint)item * Patch * Width * Channels), to = To + ((nint)item * patches * Stride);
        for (int y = 0; y < Patch; y++)
        {
            for (int x = 0; x < patches; x++, from += run)
                PackPadded.Copy(to + ((nint)x * Stride) + (y * run), from, run);
        }
    }
}

/// <summary>Rearranges NHWC gradients to [block of 32 channels][line][pixel][image][32]; one item is 64 rows.</summary>
internal unsafe struct PackBlocks : IWorkItem
{
    public const int RowsPerItem = 64;

    public float* To, From;
    public int Images, Channels, Pixels, Lines;

    public readonly void Invoke(int item, int worker)
    {
        nint rows = (nint)Images * Pixels * Lines, last = Math.Min(rows, (nint)(item + 1) * RowsPerItem);
        for (nint row = (nint)item * RowsPerItem; row < last; row++)
        {
            nint pixel = row / Images, image = row % Images;
            float* from = From + (((image * Lines * Pixels) + pixel) * Channels), to = To + (row * MicroKernel.Columns);
            for (int channel = 0; channel < Channels; channel += MicroKernel.Columns)
            {
                int columns = Math.Min(MicroKernel.Columns, Channels - channel);
                Panel.Copy(to, MicroKernel.Columns, from + channel, Channels, 1, columns);
                to += rows * MicroKernel.Columns;
            }
        }
    }
}
