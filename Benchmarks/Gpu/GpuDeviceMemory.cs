using Gqn.Native.Benchmarks.Commands;
using Gqn.Native.Engine;
using Gqn.Native.Kernels.Gpu;

namespace Gqn.Native.Benchmarks;

/// <summary>The device under measurement, with arrays of random numbers.</summary>
internal sealed class GpuDeviceMemory : IDisposable
{
    private readonly List<GpuMemory> _blocks = [];
    private readonly RandomStream _random = RandomInputs.CreateStream();

    /// <summary>The device named by GQN_BENCHMARK_DEVICE, in the precision of GQN_BENCHMARK_PRECISION; by default the
    /// first OpenCL device in its default precision.</summary>
    public GpuContext Context { get; } =
        GpuContext.Open(MeasureOptions.DeviceToMeasure, (MatrixPrecision?)MeasureOptions.PrecisionToMeasure);

    /// <summary>A new array of random numbers.</summary>
    public GpuArray Add(long length)
    {
        var memory = Context.Allocate(length);
        _blocks.Add(memory);
        var array = new GpuArray(memory, 0);
        Context.Upload(RandomInputs.Create(_random, length), array);
        return array;
    }

    public void Dispose()
    {
        foreach (var block in _blocks)
            block.Dispose();
        Context.Dispose();
    }
}
