using System.Runtime.InteropServices;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>What ILGPU does not ask of NVIDIA's driver: shared memory beyond 48 KiB a group.</summary>
internal static unsafe class CudaDriver
{
    // CUdevice_attribute and CUfunction_attribute of the driver's interface.
    private const int SharedPerMultiprocessor = 81, SharedPerGroupOptIn = 97, MaxDynamicSharedOfFunction = 8;

    private static readonly Lazy<nint> Library = new(Load);

    /// <summary>Bytes of shared memory that a group may have after <see cref="AllowDynamicShared"/>.</summary>
    /// <exception cref="GpuException">The driver refused.</exception>
    public static int GroupShared(int device) => Attribute(SharedPerGroupOptIn, device);

    /// <summary>Bytes of shared memory that the groups of a multiprocessor divide among them.</summary>
    /// <exception cref="GpuException">The driver refused.</exception>
    public static int MultiprocessorShared(int device) => Attribute(SharedPerMultiprocessor, device);

    /// <summary>Lets a kernel be launched with so many bytes of dynamic shared memory; its context is current.</summary>
    /// <param name="function">The driver's handle of the kernel (CUfunction).</param>
    /// <param name="bytes">The largest size of a launch.</param>
    /// <exception cref="GpuException">The driver refused.</exception>
    public static void AllowDynamicShared(nint function, int bytes)
    {
        var set = (delegate* unmanaged<nint, int, int, int>)Export("cuFuncSetAttribute");
        Check(set(function, MaxDynamicSharedOfFunction, bytes), $"{bytes} bytes of shared memory for a group");
    }

    private static int Attribute(int attribute, int device)
    {
        var get = (delegate* unmanaged<int*, int, int, int>)Export("cuDeviceGetAttribute");
        int value;
        Check(get(&value, attribute, device), $"attribute {attribute} of device {device}");
        return value;
    }

    private static void Check(int result, string what)
    {
        if (result != 0)
            throw new GpuException($"CUDA's driver refuses {what} (error {result}); --precision fp32 does without.");
    }

    private static nint Export(string name) => NativeLibrary.GetExport(Library.Value, name);

    private static nint Load()
    {
        foreach (string name in new[] { "libcuda.so.1", "libcuda.so", "nvcuda" })
        {
            if (NativeLibrary.TryLoad(name, out nint library))
                return library;
        }

        throw new GpuException("NVIDIA's driver library (libcuda.so.1) is not there; install the driver.");
    }
}
