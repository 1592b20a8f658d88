using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Gqn.Native.Kernels.Gpu;

/// <content>Shared memory of large thread blocks (groups), on CUDA.</content>
public sealed partial class GpuContext : ITensorCoreDevice
{
    // Bytes of dynamic shared memory permitted so far, by kernel id.
    private readonly Dictionary<int, int> _dynamicShared = [];
    private SharedMemoryLimits? _sharedLimits;

    /// <summary>
    /// Launches so far of kernels that multiply on tensor cores, in <see cref="Precision"/>, or add up the parts of
    /// such products: none in fp32.
    /// </summary>
    public long TensorCoreLaunches { get; private set; }

    /// <summary>Whether convolutions in tf32 and bf16 can run here.</summary>
    internal bool HasTensorCores => TensorCoresOf(_accelerator);

    bool ITensorCoreDevice.IsBf16 => Precision == MatrixPrecision.Bf16;

    int ITensorCoreDevice.Multiprocessors => _accelerator.NumMultiprocessors;

    SharedMemoryLimits ITensorCoreDevice.SharedLimits =>
        _sharedLimits ??= CudaSharedMemory.Limits(((CudaAccelerator)_accelerator).DeviceId);

    GpuArray ITensorCoreDevice.Scratch(int slot, long count) => Scratch(slot, count);

    void ITensorCoreDevice.Launch<TArgs>(KernelHandle<TArgs> kernel, long items, in TArgs args) =>
        Launch(kernel, items, args);

    void ITensorCoreDevice.Launch<TArgs>(
        GroupKernelHandle<TArgs> kernel, Index3D grid, int group, in TArgs args, int bytes)
    {
        // Without asking, a kernel may have 48 KiB; the driver is asked once per kernel.
        if (bytes > 0 && (!_dynamicShared.TryGetValue(kernel.Id, out int allowed) || allowed < bytes))
            AllowDynamicShared(kernel, bytes);
        Launch(kernel, grid, group, args, bytes);
        // Packing kernels have no dynamic memory.
        if (bytes > 0)
            TensorCoreLaunches++;
    }

    private void AllowDynamicShared<TArgs>(GroupKernelHandle<TArgs> kernel, int bytes) where TArgs : struct
    {
        Guard($"preparing the kernel {kernel.Name}", () =>
        {
            var launcher = Launcher(kernel);
            _accelerator.Bind();
            CudaSharedMemory.Allow(((CudaKernel)launcher.GetKernel()).FunctionPtr, bytes);
        });
        _dynamicShared[kernel.Id] = bytes;
    }
}
