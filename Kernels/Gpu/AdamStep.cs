using Gqn.Native.Kernels.Lanes;
using ILGPU;
using Body = Gqn.Native.Kernels.Pointwise.AdamStep;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>One Adam update of a whole arena, in one launch.</summary>
public static class AdamStepKernels
{
    private static readonly KernelHandle<StepArgs> Step = new(AdamStep);

    /// <summary>Updates values and both moments in place.</summary>
    public static void Update(
        GpuContext context, GpuArray values, GpuArray gradients, GpuArray firstMoments, GpuArray secondMoments,
        long count, in Body step)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Launch(
            Step, count,
            new StepArgs
            {
                Values = values.View,
                Gradients = gradients.View,
                FirstMoments = firstMoments.View,
                SecondMoments = secondMoments.View,
                Step = step,
            });
    }

    private static void AdamStep(Index1D i, StepArgs args)
    {
        var (value, first, second) = args.Step.Update(
            new F32(args.Values[i]), new F32(args.Gradients[i]), new F32(args.FirstMoments[i]),
            new F32(args.SecondMoments[i]));
        args.Values[i] = value.Value;
        args.FirstMoments[i] = first.Value;
        args.SecondMoments[i] = second.Value;
    }

    internal struct StepArgs
    {
        public ArrayView<float> Values, Gradients, FirstMoments, SecondMoments;
        public Body Step;
    }
}
