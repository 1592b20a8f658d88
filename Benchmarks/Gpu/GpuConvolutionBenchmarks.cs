using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;
using CpuConvolution = Gqn.Native.Kernels.Cpu.DirectConv2d;
using GpuOperand = Gqn.Native.Kernels.Gpu.Conv2dOperand;
using GpuSum = Gqn.Native.Kernels.Gpu.Conv2dKernels;

namespace Gqn.Native.Benchmarks;

[Description("The passes of a convolution on the device GQN_BENCHMARK_DEVICE, or opencl:0, against the CPU device's")]
public unsafe class GpuConvolutionBenchmarks : GpuBenchmarks
{
    private readonly GpuOperand[] _forward = new GpuOperand[1], _input = new GpuOperand[1], _weight = new GpuOperand[1];
    private GpuDeviceMemory _device = null!;
    private CpuWorkspace _workspace = null!;
    private Floats _x = null!, _w = null!, _y = null!;
    private GpuArray _gpuY, _bias, _cell, _cellNext, _hidden;

    /// <summary>Heads, cores and towers, at small and large batches.</summary>
    public static IEnumerable<Conv2dBenchmarks.Layer> Layers =>
    [
        new("3x3 64-64 16x16", new(4, 64, 16, 16, 64, 3, 1)), new("3x3 128-128 32x32", new(4, 128, 32, 32, 128, 3, 1)),
        new("5x5 128-512 16x16", new(4, 128, 16, 16, 512, 5, 1)),
        new("5x5 64-256 32x32", new(4, 64, 32, 32, 256, 5, 1)),
        new("5x5 64-256 8x8", new(1, 64, 8, 8, 256, 5, 1)), new("2x2/2 3-256 64x64", new(6, 3, 64, 64, 256, 2, 2)),
        new("1x1 256-256 16x16", new(6, 256, 16, 16, 256, 1, 1)),
        new("3x3 100-92 17x15", new(4, 100, 17, 15, 92, 3, 1)),
    ];

    /// <summary>The convolution.</summary>
    [ParamsSource(nameof(Layers))]
    public Conv2dBenchmarks.Layer Layer { get; set; } = null!;

    private Conv2dShape Shape => Layer.Shape;

    [GlobalSetup]
    public void Allocate()
    {
        long x = (long)Shape.N * Shape.C * Shape.H * Shape.W, y = (long)Shape.N * Shape.K * Shape.OutH * Shape.OutW;
        long w = (long)Shape.K * Shape.C * Shape.Kernel * Shape.Kernel;
        _workspace = new CpuWorkspace(Environment.ProcessorCount);
        (_x, _w, _y) = (new Floats(x), new Floats(w), new Floats(y));
        _device = new GpuDeviceMemory();
        _gpuY = _device.Add(y);
        _bias = _device.Add(Shape.K);
        (_cell, _cellNext, _hidden) = (_device.Add(y / 4), _device.Add(y / 4), _device.Add(y / 4));
        var operand = new GpuOperand { Channels = Shape.C, Kernel = Shape.Kernel };
        _forward[0] = operand with { X = _device.Add(x), W = _device.Add(w) };
        _input[0] = _forward[0] with { Dx = _device.Add(x) };
        _weight[0] = _forward[0] with { Dw = _device.Add(w) };
    }

    [GlobalCleanup]
    public override void Dispose()
    {
        _device.Dispose();
        _workspace.Dispose();
        _x.Dispose();
        _w.Dispose();
        _y.Dispose();
        GC.SuppressFinalize(this);
    }

    public override Work WorkOf(string method)
    {
        double input = (double)Shape.N * Shape.C * Shape.H * Shape.W;
        double output = (double)Shape.N * Shape.K * Shape.OutH * Shape.OutW;
        double weights = (double)Shape.K * Shape.C * Shape.Kernel * Shape.Kernel;
        return new Work(2.0 * Shape.MultiplyAccumulates, sizeof(float) * (input + output + weights));
    }

    [Benchmark(Baseline = true)]
    public void CpuForward() => CpuConvolution.Forward(
        _workspace, _y.Pointer, null, _x.Pointer, _w.Pointer, null, Shape, default(Relu));

    [Benchmark(OperationsPerInvoke = UsualCalls)]
    public void Forward() => Queue(() => GpuSum.Forward(
        _device.Context, _gpuY, default, _forward, _bias, Shape, default(Relu)));

    [Benchmark(OperationsPerInvoke = UsualCalls)]
    public void LstmCell() => Queue(() => GpuSum.ForwardLstmCell(
        _device.Context, _cellNext, _hidden, default, _cell, default, _forward, _bias, Shape));

    [Benchmark(OperationsPerInvoke = UsualCalls)]
    public void BackwardInput() => Queue(() => GpuSum.Backward(_device.Context, _input, _gpuY, Shape));

    [Benchmark(OperationsPerInvoke = UsualCalls)]
    public void BackwardWeight() => Queue(() => GpuSum.Backward(_device.Context, _weight, _gpuY, Shape));

    protected override void Wait() => _device.Context.Synchronize();
}
