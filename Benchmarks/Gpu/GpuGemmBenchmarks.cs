using System.ComponentModel;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Gpu;
using Gqn.Native.Kernels.Shapes;
using CpuGemm = Gqn.Native.Kernels.Cpu.MatMulKernels;
using GpuGemm = Gqn.Native.Kernels.Gpu.MatMulKernels;

namespace Gqn.Native.Benchmarks;

[Description("Matrix products on the device GQN_BENCHMARK_DEVICE, or opencl:0, against the CPU device's")]
public unsafe class GpuGemmBenchmarks : GpuBenchmarks
{
    private GpuDeviceMemory _device = null!;
    private CpuWorkspace _workspace = null!;
    private Floats _a = null!, _b = null!, _c = null!;
    private GpuArray _gpuA, _gpuB, _gpuC;

    /// <summary>Rows, columns and length of the sums.</summary>
    public static IEnumerable<(int M, int N, int K)> Sizes =>
        [(64, 64, 64), (32, 512, 394), (512, 512, 512), (512, 1024, 64), (1000, 1000, 1000), (2048, 2048, 2048)];

    /// <summary>The sizes.</summary>
    [ParamsSource(nameof(Sizes))]
    public (int M, int N, int K) Size { get; set; }

    [GlobalSetup]
    public void Allocate()
    {
        var (m, n, k) = ((long)Size.M, (long)Size.N, (long)Size.K);
        _workspace = new CpuWorkspace(Environment.ProcessorCount);
        (_a, _b, _c) = (new Floats(m * k), new Floats(k * n), new Floats(m * n));
        _device = new GpuDeviceMemory();
        (_gpuA, _gpuB, _gpuC) = (_device.Add(m * k), _device.Add(k * n), _device.Add(m * n));
    }

    [GlobalCleanup]
    public override void Dispose()
    {
        _device.Dispose();
        _workspace.Dispose();
        _a.Dispose();
        _b.Dispose();
        _c.Dispose();
        GC.SuppressFinalize(this);
    }

    public override Work WorkOf(string method)
    {
        double m = Size.M, n = Size.N, k = Size.K;
        return new Work(2 * m * n * k, sizeof(float) * ((m * k) + (k * n) + (m * n)));
    }

    [Benchmark(Baseline = true)]
    public void CpuMultiply() => CpuGemm.Multiply(
        _workspace, _c.Pointer, null, _a.Pointer, _b.Pointer, new MatMulShape(Size.M, Size.N, Size.K));

    [Benchmark(OperationsPerInvoke = UsualCalls)]
    public void Multiply() => Multiply(transposeA: false, transposeB: false);

    [Benchmark(OperationsPerInvoke = UsualCalls)]
    public void MultiplyTransposedA() => Multiply(transposeA: true, transposeB: false);

    [Benchmark(OperationsPerInvoke = UsualCalls)]
    public void MultiplyTransposedB() => Multiply(transposeA: false, transposeB: true);

    protected override void Wait() => _device.Context.Synchronize();

    private void Multiply(bool transposeA, bool transposeB) => Queue(() => GpuGemm.Multiply(
        _device.Context, _gpuC, default, _gpuA, _gpuB,
        new MatMulShape(Size.M, Size.N, Size.K, transposeA, transposeB)));
}
