namespace Gqn.Native.Kernels.Gpu;

/// <summary>One convolution of a sum, forward or backward.</summary>
public readonly record struct Conv2dOperand
{
    /// <summary>x, or one pixel of each image if <see cref="IsConstant"/>; absent if only dx is needed.</summary>
    public GpuArray X { get; init; }

    /// <summary>w; absent if only dw is needed.</summary>
    public GpuArray W { get; init; }

    /// <summary>The gradient with respect to x; absent if not needed.</summary>
    public GpuArray Dx { get; init; }

    /// <summary>The gradient with respect to w; absent if not needed.</summary>
    public GpuArray Dw { get; init; }

    /// <summary>Channels of x.</summary>
    public int Channels { get; init; }

    /// <summary>Height and width of the filter.</summary>
    public int Kernel { get; init; }

    /// <summary>True if all pixels of an image of x are equal.</summary>
    public bool IsConstant { get; init; }

    /// <summary>Accumulates into dx instead of overwriting it.</summary>
    public bool AddDx { get; init; }

    /// <summary>Accumulates into dw instead of overwriting it.</summary>
    public bool AddDw { get; init; }
}
