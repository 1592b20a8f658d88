using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Benchmarks;

[Description("Sums of convolutions by Winograd's algorithm and the cell on top of them, against direct convolutions")]
public unsafe class ConvolutionSumBenchmarks : IKernelBenchmarks
{
    private CpuWorkspace _workspace = null!;
    private Floats[] _x = [], _w = [], _dx = [], _dw = [];
    private Floats _y = null!, _bias = null!, _cell = null!, _next = null!, _hidden = null!;

    /// <summary>The terms of the cores of the small, the paper-sized and the default model.</summary>
    public static IEnumerable<Layer> Layers =>
    [
        new("generation 8x8", new(8, 0, 8, 8, 256, 5, 1), [64, 3, 64]),
        new("inference 8x8", new(8, 0, 8, 8, 256, 5, 1), [3, 64, 64, 64, 64]),
        new("inference 8x8, 3x3", new(8, 0, 8, 8, 256, 3, 1), [3, 64, 64, 64, 64]),
        new("generation 16x16", new(2, 0, 16, 16, 512, 5, 1), [256, 3, 128]),
        new("inference 16x16", new(2, 0, 16, 16, 512, 5, 1), [3, 256, 128, 128, 128]),
    ];

    /// <summary>The layer of the network, which determines the sizes.</summary>
    [ParamsSource(nameof(Layers))]
    public Layer Place { get; set; } = null!;

    public int Threads { get; set; } = Environment.ProcessorCount;

    private Conv2dShape Shape => Place.Shape;

    [GlobalSetup]
    public void Allocate()
    {
        _workspace = new CpuWorkspace(Threads);
        long pixels = (long)Shape.N * Shape.H * Shape.W, weights = (long)Shape.K * Shape.Kernel * Shape.Kernel;
        _x = [.. Place.Channels.Select(c => new Floats(pixels * c))];
        _dx = [.. Place.Channels.Select(c => new Floats(pixels * c))];
        _w = [.. Place.Channels.Select(c => new Floats(weights * c))];
        _dw = [.. Place.Channels.Select(c => new Floats(weights * c))];
        (_y, _bias) = (new Floats(pixels * Shape.K), new Floats(Shape.K));
        long state = pixels * Shape.K / GateOrder.Gates;
        (_cell, _next, _hidden) = (new Floats(state), new Floats(state), new Floats(state));
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _workspace.Dispose();
        foreach (var array in new[] { _x, _w, _dx, _dw, [_y, _bias, _cell, _next, _hidden] }.SelectMany(part => part))
            array.Dispose();
        GC.SuppressFinalize(this);
    }

    public Work WorkOf(string method)
    {
        var whole = Shape with { C = Place.Channels.Sum() };
        double pixels = (double)Shape.N * Shape.H * Shape.W;
        double weights = (double)Shape.K * whole.C * Shape.Kernel * Shape.Kernel;
        return new Work(2.0 * whole.MultiplyAccumulates, sizeof(float) * ((pixels * (whole.C + Shape.K)) + weights));
    }

    [Benchmark(Baseline = true)]
    public void Direct()
    {
        for (int i = 0; i < _x.Length; i++)
        {
            var shape = Shape with { C = Place.Channels[i] };
            DirectConv2d.Forward(
                _workspace, _y.Pointer, i == 0 ? null : _y.Pointer, _x[i].Pointer, _w[i].Pointer, _bias.Pointer, shape,
                default(Identity));
        }
    }

    [Benchmark]
    public void Forward()
    {
        var operands = Operands(dx: false, dw: false);
        Conv2dKernels.Forward(_workspace, _y.Pointer, null, operands, _bias.Pointer, Shape, default(Identity));
    }

    [Benchmark]
    public void LstmCell()
    {
        var operands = Operands(dx: false, dw: false);
        Conv2dKernels.ForwardLstmCell(
            _workspace, _next.Pointer, _hidden.Pointer, _y.Pointer, _cell.Pointer, null, operands, _bias.Pointer, Shape);
    }

    [Benchmark]
    public void BackwardInput() =>
        Conv2dKernels.Backward(_workspace, Operands(dx: true, dw: false), _y.Pointer, Shape);

    [Benchmark]
    public void BackwardWeight() =>
        Conv2dKernels.Backward(_workspace, Operands(dx: false, dw: true), _y.Pointer, Shape);

    private Conv2dOperand[] Operands(bool dx, bool dw)
    {
        var operands = new Conv2dOperand[_x.Length];
        for (int i = 0; i < operands.Length; i++)
        {
            operands[i] = new Conv2dOperand
            {
                X = _x[i].Pointer,
                W = _w[i].Pointer,
                Dx = dx ? _dx[i].Pointer : null,
                Dw = dw ? _dw[i].Pointer : null,
                Channels = Place.Channels[i],
                Kernel = Shape.Kernel,
            };
        }

        return operands;
    }

    /// <summary>A sum of the network, with the name that the table shows; the shape's C is ignored.</summary>
    public sealed record Layer(string Name, Conv2dShape Shape, int[] Channels)
    {
        public override string ToString() => Name;
    }
}
