using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Pointwise;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>One Adam update of a whole parameter arena.</summary>
public static unsafe class AdamStepKernels
{
    /// <summary>Updates values and both moments in place.</summary>
    public static void Update(
        CpuWorkspace workspace, float* values, float* gradients, float* firstMoments, float* secondMoments, long count,
        in AdamStep step) =>
        LaneLoop.For(workspace, count, 1, new Loop
        {
            Values = values,
            Gradients = gradients,
            FirstMoments = firstMoments,
            SecondMoments = secondMoments,
            Step = step,
        });

    private struct Loop : ILaneLoop
    {
        public float* Values, Gradients, FirstMoments, SecondMoments;
        public AdamStep Step;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            for (long i = start; i < end; i += T.Width)
            {
                long left = end - i;
                var (value, first, second) = Step.Update(
                    T.Load(Values + i, left), T.Load(Gradients + i, left), T.Load(FirstMoments + i, left),
                    T.Load(SecondMoments + i, left));
                value.Store(Values + i, left);
                first.Store(FirstMoments + i, left);
                second.Store(SecondMoments + i, left);
            }
        }
    }
}
