using System.Collections.Concurrent;
using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Tests.Ptx;
using ILGPU;
using ILGPU.Runtime;

namespace Gqn.Native.Tests.Kernels;

/// <summary>Tensor-core kernels without a GPU: their PTX runs on the memory of a simulated device.</summary>
/// <remarks>Every array ends where its memory does, and scratch memory holds NaN until it is written.</remarks>
internal sealed class PtxTensorCoreDevice(
    GpuContext memory, bool bf16, int multiprocessors = 4, SharedMemoryLimits? limits = null)
    : ITensorCoreDevice, IDisposable
{
    private static readonly ConcurrentDictionary<int, Lazy<PtxKernel>> Kernels = [];

    private readonly PtxMemory _ranges = new();
    private readonly Dictionary<int, PtxKernel> _counting = [];
    private readonly List<GpuMemory> _owned = [];

    public bool IsBf16 => bf16;

    public int Multiprocessors => multiprocessors;

    // Those of an H200.
    public SharedMemoryLimits SharedLimits => limits ?? new SharedMemoryLimits(227 << 10, 228 << 10);

    /// <summary>The tiles whose kernels ran, in order.</summary>
    public List<string> Tiles { get; } = [];

    /// <summary>The slices of tiles that were cut, in order.</summary>
    public List<string> Slices { get; } = [];

    /// <summary>Counts the memory requests of the tile kernels; null for no counting.</summary>
    public PtxCounters? Counters { get; init; }

    /// <summary>An array with these values, at an offset in floats from the start of its memory.</summary>
    public GpuArray Allocate(ReadOnlySpan<float> values, int offset = 0)
    {
        var block = memory.Allocate(offset + values.Length);
        _owned.Add(block);
        var array = new GpuArray(block, offset);
        memory.Upload(values, array);
        _ranges.Map(array.View.LoadEffectiveAddressAsPtr(), values.Length * sizeof(float));
        return array;
    }

    public GpuArray Allocate(int count, float value = float.NaN)
    {
        float[] values = new float[count];
        Array.Fill(values, value);
        return Allocate(values, offset: 1);
    }

    public float[] Read(GpuArray array)
    {
        float[] values = new float[array.View.Length];
        memory.Download(array, values);
        return values;
    }

    public GpuArray Scratch(int slot, long count)
    {
        float[] values = new float[count];
        Array.Fill(values, float.NaN);
        return Allocate(values);
    }

    public void Launch<TArgs>(KernelHandle<TArgs> kernel, long items, in TArgs args) where TArgs : struct =>
        Compiled(kernel, implicitlyGrouped: true).Run(_ranges, (int)items, 128, args);

    public void Launch<TArgs>(GroupKernelHandle<TArgs> kernel, Index3D grid, int group, in TArgs args, int bytes)
        where TArgs : struct
    {
        if (kernel.Body.Method.DeclaringType is { IsGenericType: true } type)
        {
            var shape = type.GetGenericArguments()[0];
            (typeof(ITensorCoreTile).IsAssignableFrom(shape) ? Tiles : Slices).Add(shape.Name);
        }

        var compiled = Counters is null ? Compiled(kernel, implicitlyGrouped: false) : Counting(kernel);
        compiled.Run(_ranges, new Dim3(grid.X, grid.Y, grid.Z), new Dim3(group), bytes, args);
        if (Counters is not null && args is TensorCoreArgs)
            Counters.Add(compiled.Counters);
    }

    public void Dispose()
    {
        foreach (var block in _owned)
            block.Dispose();
        _ranges.Dispose();
    }

    private PtxKernel Counting(KernelHandle kernel)
    {
        if (!_counting.TryGetValue(kernel.Id, out var compiled))
        {
            compiled = PtxKernel.Compile(kernel.Body.Method, implicitlyGrouped: false);
            compiled.CountsRequests = true;
            _counting.Add(kernel.Id, compiled);
        }

        return compiled;
    }

    private static PtxKernel Compiled(KernelHandle kernel, bool implicitlyGrouped) => Kernels.GetOrAdd(
        kernel.Id,
        _ => new Lazy<PtxKernel>(() => PtxKernel.Compile(kernel.Body.Method, implicitlyGrouped))).Value;
}
