using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Benchmarks;

[Description("One update of all parameters and the norm of their gradient, against a scalar loop")]
public unsafe class AdamStepBenchmarks : IKernelBenchmarks
{
    private CpuWorkspace _workspace = null!;
    private Floats _values = null!, _gradients = null!, _first = null!, _second = null!, _parts = null!;

    /// <summary>Number of parameters: one core of "small", and the whole network.</summary>
    [Params(1_000_000, 16_000_000)]
    public int Count { get; set; }

    public int Threads { get; set; } = Environment.ProcessorCount;

    [GlobalSetup]
    public void Allocate()
    {
        _workspace = new CpuWorkspace(Threads);
        (_values, _gradients, _first, _second) = (
            new Floats(Count), new Floats(Count), new Floats(Count), new Floats(Count));
        _parts = new Floats(2L * SumOfSquaresKernels.PartCount(Count));
        PointwiseKernels.Fill(_workspace, _second.Pointer, Count, 1e-3f);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _workspace.Dispose();
        foreach (var array in new[] { _values, _gradients, _first, _second, _parts })
            array.Dispose();
        GC.SuppressFinalize(this);
    }

    public Work WorkOf(string method) => method == nameof(SumOfSquares)
        ? Work.PerElement(Count, flops: 2, floats: 1)
        : Work.PerElement(Count, flops: 15, floats: 7);

    [Benchmark(Baseline = true)]
    public void Naive()
    {
        for (int i = 0; i < Count; i++)
        {
            float g = _gradients.Pointer[i];
            float m = _first.Pointer[i] = (0.9f * _first.Pointer[i]) + (0.1f * g);
            float v = _second.Pointer[i] = (0.999f * _second.Pointer[i]) + (0.001f * g * g);
            _values.Pointer[i] -= 1e-4f * m / (MathF.Sqrt(v) + 1e-8f);
        }
    }

    [Benchmark]
    public void Update() => AdamStepKernels.Update(
        _workspace, _values.Pointer, _gradients.Pointer, _first.Pointer, _second.Pointer, Count,
        new AdamStep(1e-4f, 0.9f, 0.999f, 1e-8f, 0f, 1f, 1000));

    [Benchmark]
    public double SumOfSquares() =>
        SumOfSquaresKernels.Compute(_workspace, _gradients.Pointer, Count, (double*)_parts.Pointer);
}
