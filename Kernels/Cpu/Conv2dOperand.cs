namespace Gqn.Native.Kernels.Cpu;

/// <summary>One term x ∗ w of a sum of convolutions, and the gradients requested of it.</summary>
public unsafe struct Conv2dOperand
{
    /// <summary>The images, (N, C, H, W); one pixel of each, (N, C), if they are constant.</summary>
    public float* X;

    /// <summary>The weights, (K, C, Kernel, Kernel).</summary>
    public float* W;

    /// <summary>The gradient with respect to x, or null if not needed.</summary>
    public float* Dx;

    /// <summary>The gradient with respect to w, or null if not needed.</summary>
    public float* Dw;

    /// <summary>C, the channels of x.</summary>
    public int Channels;

    /// <summary>Height and width of the filter.</summary>
    public int Kernel;

    /// <summary>Whether all pixels of an image are equal; only at stride 1.</summary>
    public bool IsConstant;

    /// <summary>Whether to accumulate into dx and dw instead of overwriting them.</summary>
    public bool AddDx, AddDw;
}
