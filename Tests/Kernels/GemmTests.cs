using Gqn.Native.Kernels.Cpu;
using Gqn.Native.Kernels.Shapes;
using Xunit;

namespace Gqn.Native.Tests.Kernels;

public unsafe class GemmTests
{
    private static readonly (int M, int N, int K)[] Sizes =
    [
        (1, 1, 1), (1, 17, 3), (2, 6, 128), (3, 16, 33), (7, 31, 64), (8, 32, 8), (9, 33, 17), (16, 100, 520),
        (33, 64, 1),
        (64, 5, 7), (65, 70, 65), (100, 7, 1100), (2100, 3, 5),
    ];

    public static TheoryData<SimdLevel> Levels => SimdLevels.Available;

    [Theory]
    [MemberData(nameof(Levels))]
    public void EqualsTheDefinition(SimdLevel level)
    {
        using var workspace = new CpuWorkspace(2, level);
        SimdLevels.PoisonScratch(workspace);
        foreach (var (m, n, k) in Sizes)
        {
            using var a = GuardedArray.Normal((long)m * k, 1);
            using var b = GuardedArray.Normal((long)k * n, 2);
            using var old = GuardedArray.Normal((long)m * n, 3);
            for (int mode = 0; mode < 12; mode++)
            {
                // No addend, the result itself as addend, another array.
                bool transposeA = (mode & 1) != 0, transposeB = (mode & 2) != 0, itself = mode >> 2 == 1;
                using var c = itself ? old.Copy() : new GuardedArray((long)m * n);
                float* addend = itself ? c.Pointer : mode >> 2 == 2 ? old.Pointer : null;
                MatMulKernels.Multiply(
                    workspace, c.Pointer, addend, a.Pointer, b.Pointer,
                    new MatMulShape(m, n, k, transposeA, transposeB));
                var added = addend == null ? null : old;
                double error = c.ErrorAgainst(Define(a, b, added, (m, n, k), transposeA, transposeB));
                Assert.True(error <= 1e-5, $"{m}x{n}x{k}, mode {mode}: error {error}");
                Assert.True(c.GuardsIntact(), $"{m}x{n}x{k}, mode {mode}: wrote beyond the result");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void BytesAreTheSameForAnyNumberOfThreads(SimdLevel level)
    {
        const int M = 75, N = 140, K = 600;
        using var a = GuardedArray.Normal(M * K, 1);
        using var b = GuardedArray.Normal(K * N, 2);
        using var expected = new GuardedArray(M * N);
        for (int threads = 1; threads <= 3; threads++)
        {
            using var workspace = new CpuWorkspace(threads, level);
            using var c = new GuardedArray(M * N);
            var shape = new MatMulShape(M, N, K, TransposeB: true);
            MatMulKernels.Multiply(workspace, c.Pointer, null, a.Pointer, b.Pointer, shape);
            if (threads == 1)
                c.Span.CopyTo(expected.Span);
            Assert.True(c.Span.SequenceEqual(expected.Span));
            Assert.Equal(MatMulKernels.Scratch(shape, threads).Bytes(threads), workspace.ScratchBytes);
        }
    }

    [Fact]
    public void AllocatesNothingAfterTheFirstCall()
    {
        using var workspace = new CpuWorkspace(2);
        using var a = GuardedArray.Normal(64 * 64, 1);
        using var c = new GuardedArray(64 * 64);
        var shape = new MatMulShape(64, 64, 64, TransposeA: true);
        for (int i = 0; i < 100; i++)
            MatMulKernels.Multiply(workspace, c.Pointer, null, a.Pointer, a.Pointer, shape);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            MatMulKernels.Multiply(workspace, c.Pointer, null, a.Pointer, a.Pointer, shape);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void BadArgumentsAreRefused()
    {
        using var workspace = new CpuWorkspace(1);
        Assert.Throws<ArgumentException>(
            () => MatMulKernels.Multiply(workspace, null, null, null, null, new MatMulShape(0, 1, 1)));
    }

    internal static double[] Define(
        GuardedArray a, GuardedArray b, GuardedArray? old, (int M, int N, int K) size, bool transposeA, bool transposeB)
    {
        var (m, n, k) = size;
        double[] c = new double[m * n];
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                double sum = old == null ? 0 : old.Pointer[(i * n) + j];
                for (int l = 0; l < k; l++)
                {
                    float left = a.Pointer[transposeA ? (l * m) + i : (i * k) + l];
                    float right = b.Pointer[transposeB ? (j * k) + l : (l * n) + j];
                    sum += (double)left * right;
                }

                c[(i * n) + j] = sum;
            }
        }

        return c;
    }
}
