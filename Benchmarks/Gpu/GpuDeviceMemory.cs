using Gqn.Native.Benchmarks.Commands;
using Gqn.Native.Kernels.Gpu;

namespace Gqn.Native.Benchmarks;

/// <summary>The device under measurement, with arrays of small numbers.</summary>
internal sealed class GpuDeviceMemory : IDisposable
{
    private readonly List<GpuMemory> _blocks = [];

    /// <summary>The device named by GQN_BENCHMARK_DEVICE, in the precision of GQN_BENCHMARK_PRECISION; by default the
    /// first OpenCL device in its default precision.</summary>
    public GpuContext Context { get; } =
        GpuContext.Open(MeasureOptions.DeviceToMeasure, (MatrixPrecision?)MeasureOptions.PrecisionToMeasure);

    /// <summary>A new array; no value is subnormal or infinite, so the time does not depend on them.</summary>
    public GpuArray Add(long length)
    {
        float[] values = new float[length];
        for (int i = 0; i < values.Length; i++)
            values[i] = ((i * 37L % 101) - 50) * 1e-3f;
        var memory = Context.Allocate(length);
        _blocks.Add(memory);
        var array = new GpuArray(memory, 0);
        Context.Upload(values, array);
        return array;
    }

    public void Dispose()
    {
        foreach (var block in _blocks)
            block.Dispose();
        Context.Dispose();
    }
}
