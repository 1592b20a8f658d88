using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>Products of dense row-major matrices.</summary>
public static unsafe class MatMulKernels
{
    /// <summary>c = addend + op(a) · op(b), where op(a) is m x k and op(b) is k x n.</summary>
    /// <param name="workspace">Threads and scratch memory.</param>
    /// <param name="c">The result, m x n; overlaps neither a nor b.</param>
    /// <param name="addend">m x n: null for zero, or c itself, or an array that does not overlap c.</param>
    /// <param name="a">m x k, or k x m if <paramref name="transposeA"/>.</param>
    /// <param name="b">k x n, or n x k if <paramref name="transposeB"/>.</param>
    /// <param name="m">Rows of the result.</param>
    /// <param name="n">Columns of the result.</param>
    /// <param name="k">Length of the sums.</param>
    /// <param name="transposeA">Whether op(a) is aᵀ.</param>
    /// <param name="transposeB">Whether op(b) is bᵀ.</param>
    /// <exception cref="ArgumentException">A size is not positive.</exception>
    /// <remarks>The result has the same bytes for any number of threads.</remarks>
    public static void Multiply(
        CpuWorkspace workspace, float* c, float* addend, float* a, float* b, int m, int n, int k,
        bool transposeA, bool transposeB)
    {
        var plan = Plan(m, n, k, workspace.Pool.Threads);
        workspace.Reserve(new ScratchSize(0, 0, plan.PerWorkerFloats));
        plan.Source = a;
        plan.SourceTransposed = transposeA;
        plan.SourceStride = transposeA ? m : k;
        plan.Weights.Memory = b;
        plan.Weights.Transposed = transposeB;
        plan.Weights.Stride = transposeB ? k : n;
        plan.Output = c;
        plan.Addend = addend;
        ImplicitGemmItem<Identity>.Run(workspace, plan, default);
    }

    /// <summary>What <see cref="Multiply"/> makes a workspace with <paramref name="threads"/> threads hold.</summary>
    public static ScratchSize Scratch(int m, int n, int k, int threads) =>
        new(0, 0, Plan(m, n, k, threads).PerWorkerFloats);

    private static ImplicitGemm Plan(int m, int n, int k, int threads)
    {
        if (m <= 0 || n <= 0 || k <= 0)
            throw new ArgumentException($"The sizes of a matrix product are positive, not m = {m}, n = {n}, k = {k}.");
        var plan = new ImplicitGemm
        {
            Lines = 1,
            Pixels = m,
            Images = 1,
            Kernel = 1,
            Weights = new GemmWeights { Depth = k, Columns = n },
            Divisor = 1,
            QuotientStride = n,
            Segment = n,
        };
        plan.Divide(threads);
        return plan;
    }
}
