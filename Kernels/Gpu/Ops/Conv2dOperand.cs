namespace Gqn.Native.Kernels.Gpu;

/// <summary>One convolution of a sum, forward or backward.</summary>
public readonly record struct Conv2dOperand
{
    /// <summary>x, or one pixel per image of it where <see cref="IsConstant"/>; absent where only dx is wanted.</summary>
    public GpuArray X { get; init; }

    /// <summary>w; absent where only dw is wanted.</summary>
    public GpuArray W { get; init; }

    /// <summary>The gradient of x; absent where not wanted.</summary>
    public GpuArray Dx { get; init; }

    /// <summary>The gradient of w; absent where not wanted.</summary>
    public GpuArray Dw { get; init; }

    /// <summary>Channels of x.</summary>
    public int Channels { get; init; }

    /// <summary>Side of the filter.</summary>
    public int Kernel { get; init; }

    /// <summary>True where x has the same value in every pixel of an image.</summary>
    public bool IsConstant { get; init; }

    /// <summary>Adds to dx instead of writing it.</summary>
    public bool AddDx { get; init; }

    /// <summary>Adds to dw instead of writing it.</summary>
    public bool AddDw { get; init; }
}
