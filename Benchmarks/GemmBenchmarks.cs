using System.ComponentModel;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Benchmarks.Measures;
using Gqn.Native.Benchmarks.Plain;
using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Benchmarks;

[Description("Matrix products from a head's size to a large square, against plain loops on one thread")]
public unsafe class GemmBenchmarks : IKernelBenchmarks
{
    private CpuWorkspace _workspace = null!;
    private float* _a, _b, _c;

    /// <summary>Rows, columns and length of the sums.</summary>
    public static IEnumerable<(int M, int N, int K)> Sizes =>
        [
            (64, 64, 64), (32, 512, 394), (128, 512, 256), (512, 256, 64), (512, 512, 512), (512, 1024, 64),
            (512, 64, 1024),
        ];

    /// <summary>The sizes.</summary>
    [ParamsSource(nameof(Sizes))]
    public (int M, int N, int K) Size { get; set; }

    public int Threads { get; set; } = Environment.ProcessorCount;

    [GlobalSetup]
    public void Allocate()
    {
        _workspace = new CpuWorkspace(Threads);
        _a = Fill((long)Size.M * Size.K);
        _b = Fill((long)Size.K * Size.N);
        _c = Fill((long)Size.M * Size.N);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _workspace.Dispose();
        NativeMemory.AlignedFree(_a);
        NativeMemory.AlignedFree(_b);
        NativeMemory.AlignedFree(_c);
        GC.SuppressFinalize(this);
    }

    public Work WorkOf(string method)
    {
        double m = Size.M, n = Size.N, k = Size.K;
        return new Work(2 * m * n * k, sizeof(float) * ((m * k) + (k * n) + (m * n)));
    }

    [Benchmark(Baseline = true)]
    public void Naive() =>
        new PlainGemm { A = _a, B = _b, C = _c, N = Size.N, K = Size.K }.Run(0, Size.M);

    [Benchmark]
    public void Multiply() =>
        MatMulKernels.Multiply(_workspace, _c, null, _a, _b, new MatMulShape(Size.M, Size.N, Size.K));

    [Benchmark]
    public void MultiplyTransposedA() =>
        MatMulKernels.Multiply(_workspace, _c, null, _a, _b, new MatMulShape(Size.M, Size.N, Size.K, TransposeA: true));

    [Benchmark]
    public void MultiplyTransposedB() =>
        MatMulKernels.Multiply(_workspace, _c, null, _a, _b, new MatMulShape(Size.M, Size.N, Size.K, TransposeB: true));

    [Benchmark]
    public void MultiplyAndAdd() =>
        MatMulKernels.Multiply(_workspace, _c, _c, _a, _b, new MatMulShape(Size.M, Size.N, Size.K));

    private static float* Fill(long length)
    {
        float* array = (float*)NativeMemory.AlignedAlloc((nuint)length * sizeof(float), 64);
        for (long i = 0; i < length; i++)
            array[i] = ((i * 37 % 101) - 50) * 1e-3f;
        return array;
    }
}
