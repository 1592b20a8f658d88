using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>
/// Images split into tiles of 4 x 4 outputs, each of which reads Side x Side = (Kernel + 3)² inputs; tiles are counted
/// image by image, line by line.
/// </summary>
/// <param name="shape">The sizes.</param>
/// <param name="firstImage">The first image to tile.</param>
/// <param name="images">Number of images.</param>
internal readonly unsafe struct WinogradTiling(in Conv2dShape shape, int firstImage, int images)
{
    /// <summary>Height and width of the outputs of a tile.</summary>
    public const int Outputs = 4;

    /// <summary>Sizes of the larger of the two variants.</summary>
    public const int MaxSide = 8, MaxFrequencies = MaxSide * MaxSide;

    /// <summary>The convolution; its C and N may differ from those of the tiles.</summary>
    public readonly Conv2dShape Shape = shape;

    private readonly int _firstImage = firstImage, _images = images;

    public int Height => Shape.H;

    public int Width => Shape.W;

    public int Kernel => Shape.Kernel;

    public int Side => Kernel + Outputs - 1;

    /// <summary>Multiplications per tile, input channel and output channel.</summary>
    public int Frequencies => Side * Side;

    public int Taps => Kernel * Kernel;

    public int Count => _images * TilesPerImage;

    private int TilesPerLine => Ceiling.Divide(Width, Outputs);

    private int TilesPerImage => Ceiling.Divide(Height, Outputs) * TilesPerLine;

    /// <summary>The image of a tile, and the position of its first output.</summary>
    public (int Image, int Y, int X) At(int tile)
    {
        int within = tile % TilesPerImage;
        return (_firstImage + (tile / TilesPerImage), within / TilesPerLine * Outputs, within % TilesPerLine * Outputs);
    }

    /// <summary>The addresses of the Side x Side inputs of a tile; pixels outside the image point to zeros.</summary>
    public void FindInputs(int tile, float* images, int channels, float* zeros, float** pixels) =>
        Find(tile, images, channels, zeros, pixels, Kernel / 2, Side);

    /// <summary>The addresses of the 4 x 4 outputs of a tile; pixels outside the image point to zeros.</summary>
    public void FindOutputs(int tile, float* images, int channels, float* zeros, float** pixels) =>
        Find(tile, images, channels, zeros, pixels, 0, Outputs);

    private void Find(int tile, float* images, int channels, float* zeros, float** pixels, int halo, int side)
    {
        var (image, firstY, firstX) = At(tile);
        float* origin = images + ((nint)image * Height * Width * channels);
        for (int i = 0; i < side; i++)
        {
            int y = firstY - halo + i;
            bool inside = (uint)y < (uint)Height;
            float* line = origin + ((nint)y * Width * channels);
            for (int j = 0; j < side; j++)
            {
                int x = firstX - halo + j;
                pixels[(i * side) + j] = inside && (uint)x < (uint)Width ? line + ((nint)x * channels) : zeros;
            }
        }
    }
}
