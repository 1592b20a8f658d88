using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Benchmarks.Plain;
using Gqn.Native.Kernels.Cpu;

namespace Gqn.Native.Benchmarks;

[Description("The fused gates of a ConvLSTM, forward and backward, against a scalar loop")]
public unsafe class LstmCellBenchmarks : IKernelBenchmarks
{
    private CpuWorkspace _workspace = null!;
    private Floats _gates = null!, _dGates = null!, _cell = null!, _dCell = null!, _next = null!, _hidden = null!;

    /// <summary>Pixels of the batch and channels of the state: "small" and the paper's size at batch 2.</summary>
    public static IEnumerable<(int Rows, int Hidden)> Sizes => [(512, 64), (512, 128)];

    /// <summary>The sizes.</summary>
    [ParamsSource(nameof(Sizes))]
    public (int Rows, int Hidden) Size { get; set; }

    private int Rows => Size.Rows;

    private int Hidden => Size.Hidden;

    public int Threads { get; set; } = Environment.ProcessorCount;

    [GlobalSetup]
    public void Allocate()
    {
        _workspace = new CpuWorkspace(Threads);
        long state = (long)Rows * Hidden;
        (_gates, _dGates) = (new Floats(4 * state), new Floats(4 * state));
        (_cell, _dCell) = (new Floats(state), new Floats(state));
        (_next, _hidden) = (new Floats(state), new Floats(state));
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _workspace.Dispose();
        foreach (var array in new[] { _gates, _dGates, _cell, _dCell, _next, _hidden })
            array.Dispose();
        GC.SuppressFinalize(this);
    }

    public Work WorkOf(string method) => method == nameof(Backward)
        ? Work.PerElement((double)Rows * Hidden, flops: 39, floats: 12)
        : Work.PerElement((double)Rows * Hidden, flops: 18, floats: 7);

    [Benchmark(Baseline = true)]
    public void NaiveForward() => new PlainLstmCell
    {
        Gates = _gates.Pointer,
        Cell = _cell.Pointer,
        Next = _next.Pointer,
        HiddenState = _hidden.Pointer,
        Hidden = Hidden,
    }.Run(0, Rows);

    [Benchmark]
    public void Forward() =>
        ConvLstmKernels.Forward(
            _workspace, _next.Pointer, _hidden.Pointer, _gates.Pointer, _cell.Pointer, Rows, Hidden);

    [Benchmark]
    public void Backward() => ConvLstmKernels.Backward(
        _workspace,
        new LstmCellGradients
        {
            DGates = _dGates.Pointer,
            DCell = _dCell.Pointer,
            DHidden = _hidden.Pointer,
            DCellNext = _cell.Pointer,
            Gates = _gates.Pointer,
            Cell = _cell.Pointer,
            CellNext = _next.Pointer,
            Rows = Rows,
            Hidden = Hidden,
        });
}
