using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Engine;
using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Benchmarks;

[Description("What only memory limits, on the device GQN_BENCHMARK_DEVICE: an element-wise op, the update, its norm")]
public class GpuStreamBenchmarks : GpuBenchmarks, ISinglePrecision
{
    private static readonly AdamStep Step = new(1e-4f, 0.9f, 0.999f, 1e-8f, 0f, 1f, 1000);
    private GpuDeviceTensors _tensors = null!;
    private Tensor _values, _gradients, _first, _second, _sum;

    /// <summary>Elements: one core of "small", and far more than any cache holds.</summary>
    [Params(1_000_000, 1 << 25)]
    public int Count { get; set; }

    [GlobalSetup]
    public void Allocate()
    {
        _tensors = new GpuDeviceTensors();
        var shape = new Shape(1, 1, 1, Count);
        (_values, _gradients) = (_tensors.Add(shape), _tensors.Add(shape));
        (_first, _second, _sum) = (_tensors.Add(shape), _tensors.Add(shape), _tensors.Add(new Shape(1, 2, 1, 1)));
        _tensors.Device.Fill(_second, 1e-3f);
    }

    [GlobalCleanup]
    public override void Dispose()
    {
        _tensors.Dispose();
        GC.SuppressFinalize(this);
    }

    public override Work WorkOf(string method) => method switch
    {
        nameof(Relu) => Work.PerElement(Count, flops: 0, floats: 2),
        nameof(SumOfSquares) => Work.PerElement(Count, flops: 0, floats: 1),
        _ => Work.PerElement(Count, flops: 0, floats: 7),
    };

    /// <summary>Reads and writes every element once: the rate of copying.</summary>
    [Benchmark(OperationsPerInvoke = UsualCalls)]
    public void Relu() => Queue(() => _tensors.Device.Unary(_first, _gradients, default(Relu)));

    [Benchmark(OperationsPerInvoke = UsualCalls)]
    public void SumOfSquares() => Queue(() => _tensors.Device.SumOfSquares(
        _sum with { Shape = Shape.Scalar }, _gradients));

    [Benchmark(OperationsPerInvoke = UsualCalls)]
    public void AdamUpdate() => Queue(() => _tensors.Device.AdamStep(
        _values, _gradients, _first, _second, Step, _sum, 0f));

    protected override void Wait() => _tensors.Wait();
}
