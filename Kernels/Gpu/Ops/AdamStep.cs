using Gqn.Native.Kernels.Lanes;
using ILGPU;
using Body = Gqn.Native.Kernels.Pointwise.AdamStep;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>One Adam update of a whole arena, in one launch.</summary>
public static class AdamStepKernels
{
    private static readonly KernelHandle<StepArgs> Step = new(AdamStep);
    private static readonly KernelHandle<LatchArgs> Latch = new(AdamStepLatch);

    /// <summary>
    /// Updates values and both moments in place, unless the gradient norm is, or ever was, not finite; gradients are
    /// scaled down if their norm exceeds <paramref name="clipNorm"/>.
    /// </summary>
    /// <param name="context">The device.</param>
    /// <param name="values">Parameters.</param>
    /// <param name="gradients">Their gradients.</param>
    /// <param name="firstMoments">Running means of the gradients.</param>
    /// <param name="secondMoments">Running means of their squares.</param>
    /// <param name="count">Elements of each array.</param>
    /// <param name="step">Where the constants of the update lie, as one <see cref="Body"/>; read when the kernel
    /// runs.</param>
    /// <param name="squaredNorm">Two values: the squared norm of the gradients, and a flag that stays 0 until a norm
    /// was not finite.</param>
    /// <param name="clipNorm">The largest norm; 0 for no clipping.</param>
    public static void Update(
        GpuContext context, GpuArray values, GpuArray gradients, GpuArray firstMoments, GpuArray secondMoments,
        long count, GpuArray step, GpuArray squaredNorm, float clipNorm)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Launch(Latch, 1, new LatchArgs { SquaredNorm = squaredNorm.View });
        context.Launch(
            Step, count,
            new StepArgs
            {
                Values = values.View,
                Gradients = gradients.View,
                FirstMoments = firstMoments.View,
                SecondMoments = secondMoments.View,
                SquaredNorm = squaredNorm.View,
                ClipNorm = clipNorm,
                Step = step.ViewOf<Body>(),
            });
    }

    private static void AdamStepLatch(Index1D index, LatchArgs args)
    {
        // Phrased so that a NaN counts as not finite.
        bool finite = args.SquaredNorm[index] <= float.MaxValue;
        if (!finite)
            args.SquaredNorm[index + 1] = 1f;
    }

    private static void AdamStep(Index1D i, StepArgs args)
    {
        if (args.SquaredNorm[1] != 0f)
            return;
        float norm = MathF.Sqrt(args.SquaredNorm[0]);
        float scale = args.ClipNorm > 0f && norm > args.ClipNorm ? args.ClipNorm / norm : 1f;
        var step = args.Step[0];
        var (value, first, second) = step.Update(
            new F32(args.Values[i]), new F32(scale * args.Gradients[i]), new F32(args.FirstMoments[i]),
            new F32(args.SecondMoments[i]));
        args.Values[i] = value.Value;
        args.FirstMoments[i] = first.Value;
        args.SecondMoments[i] = second.Value;
    }

    internal struct StepArgs
    {
        public ArrayView<float> Values, Gradients, FirstMoments, SecondMoments, SquaredNorm;
        public float ClipNorm;
        public ArrayView<Body> Step;
    }

    internal struct LatchArgs
    {
        public ArrayView<float> SquaredNorm;
    }
}
