using Gqn.Native.Kernels.Gpu;
using ILGPU;

namespace Gqn.Native.Tests.Kernels;

/// <summary>A device for the tensor-core convolutions that runs nothing and records what it was asked to run.</summary>
/// <param name="memory">Provides addresses.</param>
/// <param name="bf16">True for bf16, false for tf32.</param>
/// <param name="record">Receives kernel, bytes of memory, floating-point operations, seconds of tensor cores.</param>
internal sealed class TensorCoreLedger(
    GpuContext memory, bool bf16, Action<string, double, double, double> record) : ITensorCoreDevice
{
    /// <summary>Multiprocessors and clock of an H200.</summary>
    public const int H200Multiprocessors = 132;

    /// <inheritdoc cref="H200Multiprocessors" />
    public const double H200Clock = 1.755e9;

    private readonly Dictionary<int, GpuMemory> _scratch = [];

    public bool IsBf16 => bf16;

    public int Multiprocessors => H200Multiprocessors;

    public SharedMemoryLimits SharedLimits => new(227 << 10, 228 << 10);

    /// <summary>The purpose of the launches.</summary>
    public string Purpose { get; set; } = "";

    public GpuArray Scratch(int slot, long count)
    {
        if (!_scratch.TryGetValue(slot, out var block) || block.View.Length < count)
            _scratch[slot] = block = memory.Allocate(count);
        return new GpuArray(block, 0);
    }

    public void Launch<TArgs>(KernelHandle<TArgs> kernel, long items, in TArgs args) where TArgs : struct
    {
        double bytes = items * (object)args switch
        {
            TensorCorePacking.ImageArgs images => 16 + (4.0 * images.Channels / images.Chunks),
            TensorCorePacking.WeightArgs weights => 16 + (weights.Bf16 != 0 ? 32 : 16),
            PartialSums.Args parts => 4 * (parts.Number + 1 + parts.ReadAddend),
            TensorCoreFewChannels.FoldArgs fold => 4 * ((fold.Kernel * fold.Kernel) + 1),
            TensorCoreFewChannels.UnfoldArgs => 16,
            _ => throw new InvalidOperationException($"What does {kernel.Name} move?"),
        };
        record($"{Purpose}: {kernel.Body.Method.Name}", bytes, 0, 0);
    }

    public void Launch<TArgs>(GroupKernelHandle<TArgs> kernel, Index3D grid, int group, in TArgs args, int bytes)
        where TArgs : struct
    {
        if ((object)args is TensorCorePacking.WeightArgs weights)
        {
            record($"{Purpose}: {kernel.Body.Method.Name}", 2.0 * 16 * weights.Packed.Length, 0, 0);
            return;
        }

        var product = (TensorCoreArgs)(object)args;
        Type type = kernel.Body.Method.DeclaringType!, shape = type.GetGenericArguments()[0];
        if (typeof(ITensorCoreSlice).IsAssignableFrom(shape))
        {
            int columns = shape == typeof(Slice16x128) ? 128 : 64;
            record($"{Purpose}: {kernel.Body.Method.Name}", 4.0 * grid.X * 16 * columns * (product.Parts + 1), 0, 0);
            return;
        }

        var tiling = Tiling(shape.Name);
        var (tileRows, tileColumns) = TensorCoreSchedule.Size(tiling);
        bool whole = type.Name.StartsWith("TensorCoreWeightGradient", StringComparison.Ordinal);
        int full = whole ? grid.X : product.WholeTiles, cut = grid.X - full;
        double stages = ((double)full * product.Stages) + ((double)cut * product.PartStages);
        double cycles = TensorCoreSchedule.CyclesOf(tiling, full, product.Stages, Multiprocessors)
            + TensorCoreSchedule.CyclesOf(tiling, cut, product.PartStages, Multiprocessors);
        record(
            $"{Purpose}: {shape.Name}", 0, 2 * stages * tileRows * tileColumns * (bf16 ? 64 : 32), cycles / H200Clock);
    }

    /// <summary>The tiling that a tile's name refers to.</summary>
    private static TensorCoreTiling Tiling(string name)
    {
        bool halo = name.StartsWith("Halo", StringComparison.Ordinal);
        return name.Contains("128x128") ? halo ? TensorCoreTiling.HaloLarge : TensorCoreTiling.Large
            : name.Contains("128x64") ? halo ? TensorCoreTiling.HaloMedium : TensorCoreTiling.Medium
            : TensorCoreTiling.Small;
    }
}
