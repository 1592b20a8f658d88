using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Benchmarks.Plain;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Benchmarks;

[Description("Element-wise functions on a gate tensor and on a canvas, against a scalar loop")]
public unsafe class PointwiseBenchmarks : IKernelBenchmarks
{
    private CpuWorkspace _workspace = null!;
    private Floats _x = null!, _y = null!, _dy = null!;

    /// <summary>Elements: a head's output, a gate tensor of "small", its canvas.</summary>
    [Params(3_072, 131_072, 524_288)]
    public int Count { get; set; }

    public int Threads { get; set; } = Environment.ProcessorCount;

    [GlobalSetup]
    public void Allocate()
    {
        _workspace = new CpuWorkspace(Threads);
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

    public Work WorkOf(string method) => method switch
    {
        nameof(Relu) or nameof(Exp) or nameof(Tanh) => Work.PerElement(Count, flops: 1, floats: 2),
        nameof(Softplus) => Work.PerElement(Count, flops: 5, floats: 2),
        nameof(SigmoidBackward) => Work.PerElement(Count, flops: 3, floats: 3),
        nameof(Add) => Work.PerElement(Count, flops: 1, floats: 3),
        nameof(GaussianNll) => Work.PerElement(Count, flops: 4, floats: 3),
        _ => Work.PerElement(Count, flops: 4, floats: 2),
    };

    [Benchmark(Baseline = true)]
    public void NaiveSigmoid() => new PlainSigmoid { X = _x.Pointer, Y = _y.Pointer }.Run(0, Count);

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
