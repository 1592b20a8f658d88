namespace Gqn.Native.Kernels.Shapes;

/// <summary>
/// The sizes of a two-dimensional convolution: x is (N, C, H, W), w is (K, C, Kernel, Kernel), y is (N, K, OutH, OutW).
/// </summary>
/// <param name="N">Images.</param>
/// <param name="C">Input channels.</param>
/// <param name="H">Input height in pixels.</param>
/// <param name="W">Input width in pixels.</param>
/// <param name="K">Output channels.</param>
/// <param name="Kernel">Height and width of the filter in pixels.</param>
/// <param name="Stride">Distance between neighbouring filter positions in pixels.</param>
/// <remarks>
/// There are two families. Stride 1 with an odd kernel is zero-padded so that the image keeps its size. A stride equal
/// to the kernel splits the image into patches, without padding. A transposed convolution is described by the shape of
/// the convolution whose input gradient it is.
/// </remarks>
public readonly record struct Conv2dShape(int N, int C, int H, int W, int K, int Kernel, int Stride)
{
    /// <summary>Outputs whose weights are contiguous if the image is padded.</summary>
    public const int WeightBlock = 32;

    /// <summary>Rows and columns of zeros on each side: Kernel / 2 at stride 1, else 0.</summary>
    public int Padding => Stride == 1 ? Kernel / 2 : 0;

    /// <summary>Output height in pixels: (H + 2 Padding - Kernel) / Stride + 1.</summary>
    public int OutH => Stride == 1 ? H : H / Stride;

    /// <summary>Output width in pixels: (W + 2 Padding - Kernel) / Stride + 1.</summary>
    public int OutW => Stride == 1 ? W : W / Stride;

    /// <summary>N · OutH · OutW · K · C · Kernel²: multiply-adds of one pass, those on padding included.</summary>
    public long MultiplyAccumulates => (long)N * OutH * OutW * K * C * Kernel * Kernel;

    /// <summary>Whether the shape belongs to one of the two families and all sizes are positive.</summary>
    public bool IsSupported =>
        N > 0 && C > 0 && H > 0 && W > 0 && K > 0 && Kernel > 0
        && ((Stride == 1 && Kernel % 2 == 1) || (Stride == Kernel && H % Stride == 0 && W % Stride == 0));

    /// <summary>Index of w[k,c,ky,kx] in memory.</summary>
    /// <remarks>
    /// With padding [block of 32 outputs][c][ky][kx][output of the block], the last block narrower if need be: a
    /// register tile reads all taps of a channel in one run, whereas taps far apart, perhaps by powers of two, would
    /// evict each other from the caches. Without padding [ky][kx][c][k], a plain matrix of patches by outputs.
    /// </remarks>
    public long WeightIndex(int k, int c, int ky, int kx)
    {
        long tap = (ky * Kernel) + kx;
        if (Padding == 0)
            return (((tap * C) + c) * K) + k;
        int within = k % WeightBlock, first = k - within, width = Math.Min(WeightBlock, K - first);
        return ((((long)first * C) + ((long)c * width)) * Kernel * Kernel) + (tap * width) + within;
    }

    /// <summary>The sizes in the field's notation, for messages.</summary>
    public override string ToString() =>
        $"x ({N}, {C}, {H}, {W}), w ({K}, {C}, {Kernel}, {Kernel}), stride {Stride}";
}
