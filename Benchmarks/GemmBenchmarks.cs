using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Gqn.Native.Kernels.Cpu;

namespace Gqn.Native.Benchmarks;

/// <summary>Matrix products from a head's size to a large square, against plain loops on one thread.</summary>
[MemoryDiagnoser]
public unsafe class GemmBenchmarks
{
    private CpuWorkspace _workspace = null!;
    private float* _a, _b, _c;

    /// <summary>Rows, columns and length of the sums.</summary>
    public static IEnumerable<(int M, int N, int K)> Sizes =>
        [(64, 64, 64), (32, 512, 394), (128, 512, 256), (512, 256, 64), (512, 512, 512)];

    /// <summary>The sizes.</summary>
    [ParamsSource(nameof(Sizes))]
    public (int M, int N, int K) Size { get; set; }

    [GlobalSetup]
    public void Allocate()
    {
        _workspace = new CpuWorkspace(Environment.ProcessorCount);
        _a = Fill((long)Size.M * Size.K);
        _b = Fill((long)Size.K * Size.N);
        _c = Fill((long)Size.M * Size.N);
    }

    [GlobalCleanup]
    public void Free()
    {
        _workspace.Dispose();
        NativeMemory.AlignedFree(_a);
        NativeMemory.AlignedFree(_b);
        NativeMemory.AlignedFree(_c);
    }

    [Benchmark(Baseline = true)]
    public void Naive()
    {
        var (m, n, k) = Size;
        for (int i = 0; i < m; i++)
        {
            float* c = _c + ((long)i * n);
            new Span<float>(c, n).Clear();
            for (int l = 0; l < k; l++)
            {
                float a = _a[((long)i * k) + l];
                float* b = _b + ((long)l * n);
                for (int j = 0; j < n; j++)
                    c[j] += a * b[j];
            }
        }
    }

    [Benchmark]
    public void Multiply() => Gemm.Multiply(_workspace, _c, 0, _a, _b, Size.M, Size.N, Size.K, false, false);

    [Benchmark]
    public void MultiplyTransposedA() => Gemm.Multiply(_workspace, _c, 0, _a, _b, Size.M, Size.N, Size.K, true, false);

    [Benchmark]
    public void MultiplyTransposedB() => Gemm.Multiply(_workspace, _c, 0, _a, _b, Size.M, Size.N, Size.K, false, true);

    private static float* Fill(long length)
    {
        var array = (float*)NativeMemory.AlignedAlloc((nuint)length * sizeof(float), 64);
        for (long i = 0; i < length; i++)
            array[i] = ((i * 37 % 101) - 50) * 1e-3f;
        return array;
    }
}
