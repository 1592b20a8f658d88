namespace Gqn.Native.Kernels.Gpu;

/// <summary>Shared memory beyond the 48 KiB of every thread block (group), which ILGPU does not request.</summary>
internal static unsafe class CudaSharedMemory
{
    // CUdevice_attribute and CUfunction_attribute of the driver's interface.
    private const int PerMultiprocessor = 81, PerGroupOptIn = 97, MaxDynamicOfFunction = 8, PreferredShare = 9;

    /// <summary>The shared memory of a device.</summary>
    /// <param name="device">The driver's index of the device.</param>
    /// <exception cref="GpuException">The driver refused.</exception>
    public static SharedMemoryLimits Limits(int device) =>
        new(Attribute(PerGroupOptIn, device), Attribute(PerMultiprocessor, device));

    /// <summary>Permits launches with this much dynamic shared memory; the kernel's context must be current.</summary>
    /// <param name="function">The driver's handle of the kernel (CUfunction).</param>
    /// <param name="bytes">The largest size of a launch.</param>
    /// <exception cref="GpuException">The driver refused.</exception>
    public static void Allow(nint function, int bytes)
    {
        var set = (delegate* unmanaged<nint, int, int, int>)CudaStreams.Export("cuFuncSetAttribute");
        CudaStreams.Check(set(function, MaxDynamicOfFunction, bytes), "cuFuncSetAttribute");
        // Configure the whole on-chip memory as shared memory, none as cache, so that several groups fit.
        CudaStreams.Check(set(function, PreferredShare, 100), "cuFuncSetAttribute");
    }

    private static int Attribute(int attribute, int device)
    {
        int value;
        var get = (delegate* unmanaged<int*, int, int, int>)CudaStreams.Export("cuDeviceGetAttribute");
        CudaStreams.Check(get(&value, attribute, device), "cuDeviceGetAttribute");
        return value;
    }
}
