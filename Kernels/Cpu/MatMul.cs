using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>Products of dense row-major matrices.</summary>
public static unsafe class MatMulKernels
{
    /// <summary>c = addend + op(a)·op(b), where op is the identity or the transpose.</summary>
    /// <param name="workspace">Threads and scratch memory.</param>
    /// <param name="c">The result, [rows, columns]; overlaps neither a nor b.</param>
    /// <param name="addend">Same shape as c: null for zero, c itself, or an array that does not overlap c.</param>
    /// <param name="a">[rows, inner], or its transpose.</param>
    /// <param name="b">[inner, columns], or its transpose.</param>
    /// <param name="shape">The sizes.</param>
    /// <exception cref="ArgumentException">A size is not positive.</exception>
    /// <remarks>Results are bit-identical for any number of threads.</remarks>
    public static void Multiply(
        CpuWorkspace workspace, float* c, float* addend, float* a, float* b, in MatMulShape shape)
    {
        var plan = Plan(shape, workspace.Pool.Threads);
        workspace.Reserve(new ScratchSize(0, 0, plan.PerWorkerFloats));
        plan.Source = a;
        plan.SourceTransposed = shape.TransposeA;
        plan.SourceStride = shape.TransposeA ? shape.Rows : shape.Inner;
        plan.Weights.Memory = b;
        plan.Weights.Transposed = shape.TransposeB;
        plan.Weights.Stride = shape.TransposeB ? shape.Inner : shape.Columns;
        plan.Output = c;
        plan.Addend = addend;
        plan.Attach(workspace);
        workspace.Pool.For(plan.Items, ref plan);
    }

    /// <summary>The scratch memory of <see cref="Multiply"/> with <paramref name="threads"/> threads.</summary>
    public static ScratchSize Scratch(in MatMulShape shape, int threads) =>
        new(0, 0, Plan(shape, threads).PerWorkerFloats);

    private static ImplicitGemm<Identity> Plan(in MatMulShape shape, int threads)
    {
        if (shape.Rows <= 0 || shape.Columns <= 0 || shape.Inner <= 0)
            throw new ArgumentException($"The sizes of a matrix product are positive, not those of {shape}.");
        var plan = new ImplicitGemm<Identity>
        {
            Lines = 1,
            Pixels = shape.Rows,
            Images = 1,
            Kernel = 1,
            Weights = new GemmWeights { Depth = shape.Inner, Columns = shape.Columns },
            Divisor = 1,
            QuotientStride = shape.Columns,
            Segment = shape.Columns,
        };
        plan.Divide(threads);
        return plan;
    }
}
