using System.Reflection;
using System.Runtime.CompilerServices;
using Gqn.Native.Engine;
using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Tests.Kernels;
using ILGPU;
using ILGPU.Runtime;

namespace Gqn.Native.Tests.Ptx;

/// <summary>
/// Makes the simulator run PTX: memory, launchers and host code stay as they are, but every kernel is compiled as for
/// CUDA and interpreted. A launch may access the memory of its own views and nothing else. Approximate instructions err
/// as far as they may, so that agreement does not depend on the host's better ones.
/// </summary>
internal static class PtxLaunches
{
    // Implicitly grouped kernels guard their extent; a group size that does not divide it shows whether they do.
    private const int ImplicitGroup = 96;

    private static long _executed;

    /// <summary>Instructions interpreted so far, counted per thread: grows with every interpreted launch.</summary>
    public static long Executed => Interlocked.Read(ref _executed);

    /// <param name="device">A simulator.</param>
    /// <param name="counted">Receives the requests of every launch of explicit groups; null for no counting.</param>
    public static void Install(GpuDevice device, Action<PtxCounters>? counted = null)
    {
        object?[] launchers = new object?[GpuKernelCatalog.Names.Max(name => GpuKernelCatalog.Handle(name).Id) + 1];
        foreach (string name in GpuKernelCatalog.Names)
        {
            var handle = GpuKernelCatalog.Handle(name);
            var make = typeof(PtxLaunches).GetMethod(
                GpuKernelCatalog.IsImplicitlyGrouped(handle) ? nameof(Items) : nameof(Groups),
                BindingFlags.Static | BindingFlags.NonPublic)!;
            var arguments = handle.GetType().GetGenericArguments();
            launchers[handle.Id] = make.MakeGenericMethod(arguments).Invoke(
                null, GpuKernelCatalog.IsImplicitlyGrouped(handle) ? [handle] : [handle, counted]);
        }

        Launchers(Context(device)) = launchers;
    }

    private static Action<AcceleratorStream, Index1D, TArgs> Items<TArgs>(KernelHandle<TArgs> handle)
        where TArgs : struct
    {
        var kernel = Compile(handle, implicitlyGrouped: true);
        return (_, extent, args) =>
        {
            using var memory = Memory(args);
            kernel.Value.Run(memory, extent, ImplicitGroup, args);
            Interlocked.Add(ref _executed, kernel.Value.Executed);
        };
    }

    private static Action<AcceleratorStream, KernelConfig, TArgs> Groups<TArgs>(
        GroupKernelHandle<TArgs> handle, Action<PtxCounters>? counted) where TArgs : struct
    {
        var kernel = Compile(handle, implicitlyGrouped: false);
        return (_, config, args) =>
        {
            using var memory = Memory(args);
            kernel.Value.CountsRequests = counted is not null;
            int dynamicBytes = config.UsesDynamicSharedMemory ? config.SharedMemoryConfig.ArraySize : 0;
            kernel.Value.Run(memory, Extent(config.GridDim), Extent(config.GroupDim), dynamicBytes, args);
            counted?.Invoke(kernel.Value.Counters);
            Interlocked.Add(ref _executed, kernel.Value.Executed);
        };
    }

    private static Lazy<PtxKernel> Compile(KernelHandle handle, bool implicitlyGrouped) =>
        new(() => PtxKernel.Compile(handle.Body.Method, implicitlyGrouped, worstApproximations: true));

    private static PtxMemory Memory(object args)
    {
        var memory = new PtxMemory();
        PtxArguments.MapViews(memory, args);
        return memory;
    }

    private static Dim3 Extent(Index3D index) => new(index.X, index.Y, index.Z);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_context")]
    private static extern ref GpuContext Context(GpuDevice device);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_launchers")]
    private static extern ref object?[] Launchers(GpuContext context);
}
