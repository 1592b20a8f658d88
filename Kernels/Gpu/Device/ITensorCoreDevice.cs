using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>What tensor-core convolutions need of a device: a CUDA context, or something that executes PTX.</summary>
internal interface ITensorCoreDevice
{
    /// <summary>Whether operands are bf16 instead of tf32.</summary>
    bool IsBf16 { get; }

    /// <summary>Multiprocessors of the device.</summary>
    int Multiprocessors { get; }

    /// <summary>Limits of shared memory.</summary>
    SharedMemoryLimits SharedLimits { get; }

    /// <summary>Memory for use inside one operation, as <see cref="GpuContext.Scratch"/>.</summary>
    GpuArray Scratch(int slot, long count);

    /// <summary>Runs a kernel of independent items.</summary>
    /// <exception cref="GpuException">It cannot be compiled or launched.</exception>
    void Launch<TArgs>(KernelHandle<TArgs> kernel, long items, in TArgs args) where TArgs : struct;

    /// <summary>Runs a kernel of thread blocks (groups).</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="grid">Groups along each axis.</param>
    /// <param name="group">Items per group.</param>
    /// <param name="args">The kernel's arguments.</param>
    /// <param name="bytes">Bytes of dynamic shared memory, also beyond what every kernel may have.</param>
    /// <exception cref="GpuException">It cannot be compiled or launched.</exception>
    void Launch<TArgs>(GroupKernelHandle<TArgs> kernel, Index3D grid, int group, in TArgs args, int bytes)
        where TArgs : struct;
}

/// <summary>Limits of shared memory in bytes.</summary>
/// <param name="Group">For one group.</param>
/// <param name="Multiprocessor">For all groups of a multiprocessor; each takes 1 KiB more than it asks for.</param>
internal readonly record struct SharedMemoryLimits(int Group, int Multiprocessor);
