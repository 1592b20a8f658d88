using BenchmarkDotNet.Attributes;
using Gqn.Native.Kernels.Cpu;

namespace Gqn.Native.Benchmarks;

/// <summary>The fused gates of a ConvLSTM, forward and backward, against a scalar loop.</summary>
[MemoryDiagnoser]
public unsafe class LstmCellBenchmarks : IDisposable
{
    private CpuWorkspace _workspace = null!;
    private Floats _gates = null!, _dGates = null!, _cell = null!, _next = null!, _hidden = null!;

    /// <summary>Pixels of the batch and channels of the state: "small" and the paper's size at batch 2.</summary>
    public static IEnumerable<(int Rows, int Hidden)> Sizes => [(512, 64), (512, 128)];

    /// <summary>The sizes.</summary>
    [ParamsSource(nameof(Sizes))]
    public (int Rows, int Hidden) Size { get; set; }

    private int Rows => Size.Rows;

    private int Hidden => Size.Hidden;

    [GlobalSetup]
    public void Allocate()
    {
        _workspace = new CpuWorkspace(Environment.ProcessorCount);
        long state = (long)Rows * Hidden;
        (_gates, _dGates) = (new Floats(4 * state), new Floats(4 * state));
        (_cell, _next, _hidden) = (new Floats(state), new Floats(state), new Floats(state));
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _workspace.Dispose();
        foreach (var array in new[] { _gates, _dGates, _cell, _next, _hidden })
            array.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true)]
    public void NaiveForward()
    {
        int hidden = Hidden;
        for (int row = 0; row < Rows; row++)
        {
            float* gates = _gates.Pointer + (4L * row * hidden);
            for (int j = 0; j < hidden; j++)
            {
                long at = ((long)row * hidden) + j;
                float kept = Squash(gates[hidden + j]) * _cell.Pointer[at];
                float next = kept + (Squash(gates[j]) * MathF.Tanh(gates[(2 * hidden) + j]));
                _next.Pointer[at] = next;
                _hidden.Pointer[at] = Squash(gates[(3 * hidden) + j]) * MathF.Tanh(next);
            }
        }

        static float Squash(float x) => 1f / (1f + MathF.Exp(-x));
    }

    [Benchmark]
    public void Forward() =>
        LstmCellKernels.Forward(
            _workspace, _next.Pointer, _hidden.Pointer, _gates.Pointer, _cell.Pointer, Rows, Hidden);

    [Benchmark]
    public void Backward() => LstmCellKernels.Backward(
        _workspace, _dGates.Pointer, _next.Pointer, 0, _hidden.Pointer, _cell.Pointer, _gates.Pointer, _cell.Pointer,
        Rows, Hidden);
}
