using System.ComponentModel;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Benchmarks.Plain;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Benchmarks;

[Description("The three passes of a convolution at the sizes of the model, against plain loops on one thread")]
public unsafe class Conv2dBenchmarks : IKernelBenchmarks
{
    private CpuWorkspace _workspace = null!;
    private float* _x, _w, _y, _bias;

    /// <summary>
    /// Cores of the small and the paper-sized model, tower, pointwise map, a head.
    /// </summary>
    public static IEnumerable<Layer> Layers =>
    [
        new("generation 8x8", new(8, 138, 8, 8, 256, 5, 1)), new("inference 8x8", new(8, 266, 8, 8, 256, 5, 1)),
        new("hidden 16x16", new(16, 64, 16, 16, 256, 5, 1)), new("generation 16x16", new(2, 394, 16, 16, 512, 5, 1)),
        new("tower 2x2", new(6, 3, 64, 64, 256, 2, 2)), new("tower 3x3", new(6, 256, 16, 16, 128, 3, 1)),
        new("tower 1x1", new(6, 256, 16, 16, 256, 1, 1)), new("head", new(2, 128, 16, 16, 6, 5, 1)),
    ];

    /// <summary>The layer of the network, which determines the sizes.</summary>
    [ParamsSource(nameof(Layers))]
    public Layer Place { get; set; } = null!;

    private Conv2dShape Shape => Place.Shape;

    public int Threads { get; set; } = Environment.ProcessorCount;

    [GlobalSetup]
    public void Allocate()
    {
        _workspace = new CpuWorkspace(Threads);
        _x = Fill((long)Shape.N * Shape.C * Shape.H * Shape.W);
        _w = Fill((long)Shape.K * Shape.C * Shape.Kernel * Shape.Kernel);
        _y = Fill((long)Shape.N * Shape.K * Shape.OutH * Shape.OutW);
        _bias = Fill(Shape.K);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _workspace.Dispose();
        NativeMemory.AlignedFree(_x);
        NativeMemory.AlignedFree(_w);
        NativeMemory.AlignedFree(_y);
        NativeMemory.AlignedFree(_bias);
        GC.SuppressFinalize(this);
    }

    public Work WorkOf(string method)
    {
        double input = (double)Shape.N * Shape.C * Shape.H * Shape.W;
        double output = (double)Shape.N * Shape.K * Shape.OutH * Shape.OutW;
        double weights = (double)Shape.K * Shape.C * Shape.Kernel * Shape.Kernel;
        return new Work(2.0 * Shape.MultiplyAccumulates, sizeof(float) * (input + output + weights));
    }

    [Benchmark(Baseline = true)]
    public void Naive()
    {
        var loop = new PlainConv2d { X = _x, W = _w, Y = _y, Bias = _bias, Shape = Shape };
        loop.Run(0, loop.Rows);
    }

    [Benchmark]
    public void Forward() => DirectConv2d.Forward(_workspace, _y, null, _x, _w, _bias, Shape, default(Relu));

    [Benchmark]
    public void BackwardInput() => DirectConv2d.BackwardInput(_workspace, _x, 0, _y, _w, Shape);

    [Benchmark]
    public void BackwardWeight() => DirectConv2d.BackwardWeight(_workspace, _w, 0, _y, _x, Shape);

    /// <summary>A convolution of the network, with the name that the table shows.</summary>
    public sealed record Layer(string Name, Conv2dShape Shape)
    {
        public override string ToString() => Name;
    }

    // A fixed pattern of small numbers: time does not depend on values, unless some are subnormal or infinite.
    private static float* Fill(long length)
    {
        float* array = (float*)NativeMemory.AlignedAlloc((nuint)length * sizeof(float), 64);
        for (long i = 0; i < length; i++)
            array[i] = ((i * 37 % 101) - 50) * 1e-3f;
        return array;
    }
}
