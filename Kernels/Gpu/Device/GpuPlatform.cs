namespace Gqn.Native.Kernels.Gpu;

/// <summary>How a device is reached.</summary>
public enum GpuPlatform
{
    /// <summary>NVIDIA's driver, with kernels as PTX.</summary>
    Cuda,

    /// <summary>Any OpenCL 2 or 3 driver, with kernels as OpenCL C.</summary>
    OpenCl,

    /// <summary>ILGPU's accelerator on processor threads: slow, for debugging kernels.</summary>
    Simulator,
}
