namespace Gqn.Native.Kernels.Cpu;

/// <summary>One term x ∗ w of a sum of convolutions, and what backward wants to know of it.</summary>
public unsafe struct Conv2dOperand
{
    /// <summary>The images, (N, C, H, W); one pixel of each, (N, C), where they are constant.</summary>
    public float* X;

    /// <summary>The weights, (K, C, Kernel, Kernel).</summary>
    public float* W;

    /// <summary>The gradient by x, or null where it is not wanted.</summary>
    public float* Dx;

    /// <summary>The gradient by w, or null where it is not wanted.</summary>
    public float* Dw;

    /// <summary>C</summary>
    public int Channels;

    /// <summary>Height and width of the filter.</summary>
    public int Kernel;

    /// <summary>Whether every pixel of an image is the same; only at stride 1.</summary>
    public bool IsConstant;

    /// <summary>Whether the gradients are added to what dx and dw hold.</summary>
    public bool AddDx, AddDw;
}
