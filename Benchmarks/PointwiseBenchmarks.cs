using BenchmarkDotNet.Attributes;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Benchmarks;

/// <summary>Element-wise functions on a gate tensor and on a canvas, against a scalar loop.</summary>
[MemoryDiagnoser]
public unsafe class PointwiseBenchmarks : IDisposable
{
    private CpuWorkspace _workspace = null!;
    private Floats _x = null!, _y = null!, _dy = null!;

    /// <summary>Elements: a head's output, a gate tensor of "small", its canvas.</summary>
    [Params(3_072, 131_072, 524_288)]
    public int Count { get; set; }

    [GlobalSetup]
    public void Allocate()
    {
        _workspace = new CpuWorkspace(Environment.ProcessorCount);
        (_x, _y, _dy) = (new Floats(Count), new Floats(Count), new Floats(Count));
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _workspace.Dispose();
        _x.Dispose();
        _y.Dispose();
        _dy.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true)]
    public void NaiveSigmoid()
    {
        for (int i = 0; i < Count; i++)
            _y.Pointer[i] = 1f / (1f + MathF.Exp(-_x.Pointer[i]));
    }

    [Benchmark]
    public void Sigmoid() => PointwiseKernels.Unary(_workspace, _y.Pointer, _x.Pointer, Count, default(Sigmoid));

    [Benchmark]
    public void Tanh() => PointwiseKernels.Unary(_workspace, _y.Pointer, _x.Pointer, Count, default(Tanh));

    [Benchmark]
    public void Relu() => PointwiseKernels.Unary(_workspace, _y.Pointer, _x.Pointer, Count, default(Relu));

    [Benchmark]
    public void Exp() => PointwiseKernels.Unary(_workspace, _y.Pointer, _x.Pointer, Count, default(Exp));

    [Benchmark]
    public void Softplus() => PointwiseKernels.Unary(_workspace, _y.Pointer, _x.Pointer, Count, default(Softplus));

    [Benchmark]
    public void SigmoidBackward() =>
        PointwiseKernels.UnaryBackward(
            _workspace, _dy.Pointer, 0, _dy.Pointer, null, _y.Pointer, Count, default(Sigmoid));

    [Benchmark]
    public void Add() => PointwiseKernels.Binary(_workspace, _y.Pointer, _x.Pointer, _dy.Pointer, Count, default(Add));

    [Benchmark]
    public void GaussianNll() =>
        PointwiseKernels.Binary(_workspace, _y.Pointer, _x.Pointer, _dy.Pointer, Count, new GaussianNll(0.7f));
}
