using Gqn.Native.Benchmarks.Commands;
using Gqn.Native.Engine;

namespace Gqn.Native.Benchmarks;

/// <summary>The device under measurement, in the given precision, with tensors of random numbers.</summary>
internal sealed class GpuDeviceTensors : IDisposable
{
    private readonly List<DeviceBuffer> _buffers = [];
    private readonly RandomStream _random = RandomInputs.CreateStream();

    /// <summary>The device named by GQN_BENCHMARK_DEVICE; by default the first OpenCL device.</summary>
    public Device Device { get; } =
        DeviceCatalog.Open(MeasureOptions.DeviceToMeasure, MeasureOptions.PrecisionToMeasure);

    /// <summary>A new tensor of random numbers.</summary>
    public Tensor Add(Shape shape) => Add(shape, RandomInputs.Create(_random, shape.Count));

    /// <summary>A new tensor with these values, in memory order.</summary>
    public Tensor Add(Shape shape, float[] values)
    {
        var buffer = Device.CreateBuffer(shape.Count);
        _buffers.Add(buffer);
        var tensor = new Tensor(buffer, 0, shape);
        Device.Upload(values, tensor);
        return tensor;
    }

    /// <summary>Waits until all work is done.</summary>
    public void Wait() => (Device as GpuDevice)?.Synchronize();

    public void Dispose()
    {
        foreach (var buffer in _buffers)
            buffer.Dispose();
        Device.Dispose();
    }
}
