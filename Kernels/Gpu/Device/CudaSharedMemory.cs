namespace Gqn.Native.Kernels.Gpu;

/// <summary>Shared memory beyond the 48 KiB that every group may have, which ILGPU does not ask for.</summary>
internal static unsafe class CudaSharedMemory
{
    // CUdevice_attribute and CUfunction_attribute of the driver's interface.
    private const int PerMultiprocessor = 81, PerGroupOptIn = 97, MaxDynamicOfFunction = 8, PreferredShare = 9;

    /// <summary>What a device has.</summary>
    /// <param name="device">The driver's number of it.</param>
    /// <exception cref="GpuException">The driver refused.</exception>
    public static SharedMemoryLimits Limits(int device) =>
        new(Attribute(PerGroupOptIn, device), Attribute(PerMultiprocessor, device));

    /// <summary>Lets a kernel be launched with so many bytes of dynamic shared memory; its context is current.</summary>
    /// <param name="function">The driver's handle of the kernel (CUfunction).</param>
    /// <param name="bytes">The largest size of a launch.</param>
    /// <exception cref="GpuException">The driver refused.</exception>
    public static void Allow(nint function, int bytes)
    {
        var set = (delegate* unmanaged<nint, int, int, int>)CudaStreams.Export("cuFuncSetAttribute");
        CudaStreams.Check(set(function, MaxDynamicOfFunction, bytes), "cuFuncSetAttribute");
        // All that a multiprocessor has, so that it holds several groups, and none for its cache.
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
