using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Benchmarks;

[Description("A viewpoint or a pooled representation in a core, against the convolution of the expanded map")]
public unsafe class ConstantMapBenchmarks : IKernelBenchmarks
{
    private CpuWorkspace _workspace = null!;
    private Floats _x = null!, _map = null!, _w = null!, _y = null!, _table = null!;
    private Floats _dx = null!, _dMap = null!, _dw = null!;

    /// <summary>Viewpoint and representation in the cores of the small and the paper-sized model.</summary>
    public static IEnumerable<Conv2dShape> Shapes =>
        [new(8, 7, 8, 8, 256, 5, 1), new(8, 64, 8, 8, 256, 5, 1), new(2, 256, 16, 16, 512, 5, 1)];

    /// <summary>The sizes.</summary>
    [ParamsSource(nameof(Shapes))]
    public Conv2dShape Shape { get; set; }

    private BroadcastShape Tiles => new(Shape.N, Shape.C, 1, 1, Shape.N, Shape.C, Shape.H, Shape.W);

    public int Threads { get; set; } = Environment.ProcessorCount;

    /// <summary>The operations of the expanded map, so that its rate and that of the classes are comparable.</summary>
    public Work WorkOf(string method) => new(
        2.0 * Shape.MultiplyAccumulates * (method.Contains("Backward", StringComparison.Ordinal) ? 2 : 1),
        4.0 * Shape.K * Shape.C * Shape.Kernel * Shape.Kernel);

    [GlobalSetup]
    public void Allocate()
    {
        int taps = Shape.Kernel * Shape.Kernel, pixels = Shape.N * Shape.H * Shape.W;
        _workspace = new CpuWorkspace(Threads);
        long weights = (long)Shape.K * Shape.C * taps;
        (_x, _dx) = (new Floats(Shape.N * Shape.C), new Floats(Shape.N * Shape.C));
        (_map, _dMap) = (new Floats((long)pixels * Shape.C), new Floats((long)pixels * Shape.C));
        (_w, _dw) = (new Floats(weights), new Floats(weights));
        (_y, _table) = (new Floats((long)pixels * Shape.K), new Floats((long)Shape.N * taps * Shape.K));
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _workspace.Dispose();
        _x.Dispose();
        _map.Dispose();
        _w.Dispose();
        _y.Dispose();
        _table.Dispose();
        _dx.Dispose();
        _dMap.Dispose();
        _dw.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true)]
    public void ExpandedForward()
    {
        BroadcastKernels.Broadcast(_workspace, _map.Pointer, 0, _x.Pointer, Tiles, 1);
        DirectConv2d.Forward(_workspace, _y.Pointer, null, _map.Pointer, _w.Pointer, null, Shape, default(Identity));
    }

    [Benchmark]
    public void Forward() => ConstantMap.Forward(_workspace, _table.Pointer, 0, _x.Pointer, _w.Pointer, Shape);

    [Benchmark]
    public void ExpandedBackward()
    {
        DirectConv2d.BackwardInput(_workspace, _dMap.Pointer, 0, _y.Pointer, _w.Pointer, Shape);
        BroadcastKernels.Sum(_workspace, _dx.Pointer, 0, _dMap.Pointer, Tiles, 1);
        DirectConv2d.BackwardWeight(_workspace, _dw.Pointer, 0, _y.Pointer, _map.Pointer, Shape);
    }

    [Benchmark]
    public void Backward() => ConstantMap.Backward(
        _workspace, _dx.Pointer, 0, _dw.Pointer, 0, _table.Pointer, _x.Pointer, _w.Pointer, Shape);

    [Benchmark]
    public void SumClasses() => ConstantMap.SumClasses(_workspace, _table.Pointer, _y.Pointer, Shape);
}
