using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Gqn.Native.Kernels.Gpu;

/// <content>Shared memory of large groups, on CUDA.</content>
public sealed partial class GpuContext
{
    // Bytes that were asked for, by the kernel's number.
    private readonly Dictionary<int, int> _dynamicShared = [];
    private SharedMemoryLimits? _sharedLimits;

    /// <summary>Whether convolutions in tf32 and bf16 can run here.</summary>
    internal bool HasTensorCores => TensorCoresOf(_accelerator);

    /// <summary>Multiprocessors of the device.</summary>
    internal int Multiprocessors => _accelerator.NumMultiprocessors;

    /// <summary>How much shared memory there is, on CUDA.</summary>
    /// <exception cref="GpuException">The driver refused.</exception>
    internal SharedMemoryLimits SharedLimits => _sharedLimits ??= new(
        CudaDriver.GroupShared(((CudaAccelerator)_accelerator).DeviceId),
        CudaDriver.MultiprocessorShared(((CudaAccelerator)_accelerator).DeviceId));

    /// <summary>Launches a CUDA kernel with dynamic shared memory, also beyond what every kernel may have.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="grid">Groups along each axis.</param>
    /// <param name="group">Items of a group.</param>
    /// <param name="args">The kernel's arguments.</param>
    /// <param name="bytes">Bytes of dynamic shared memory.</param>
    /// <exception cref="GpuException">It cannot be compiled or launched.</exception>
    internal void LaunchWithShared<TArgs>(
        GroupKernelHandle<TArgs> kernel, Index3D grid, int group, in TArgs args, int bytes) where TArgs : struct
    {
        if (grid.Size == 0)
            return;
        if (!_dynamicShared.TryGetValue(kernel.Id, out int allowed) || allowed < bytes)
        {
            Guard($"preparing the kernel {kernel.Name}", () =>
            {
                if (Find(kernel) is not Action<AcceleratorStream, KernelConfig, TArgs> launcher)
                    _launchers[kernel.Id] = launcher = _accelerator.LoadKernel(kernel.Method);
                _accelerator.Bind();
                CudaDriver.AllowDynamicShared(((CudaKernel)launcher.GetKernel()).FunctionPtr, bytes);
            });
            _dynamicShared[kernel.Id] = bytes;
        }

        Launch(kernel, grid, group, args, bytes);
    }
}

/// <summary>Bytes of shared memory.</summary>
/// <param name="Group">Of one group.</param>
/// <param name="Multiprocessor">Of all groups of a multiprocessor; each takes 1 KiB more than it asks for.</param>
internal readonly record struct SharedMemoryLimits(int Group, int Multiprocessor);
