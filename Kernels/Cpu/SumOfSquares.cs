using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>Σ x², the squared norm of a gradient.</summary>
public static unsafe class SumOfSquaresKernels
{
    private const long ElementsPerPart = 1 << 16;

    /// <summary>Number of partial sums that <see cref="Compute"/> needs room for.</summary>
    public static int PartCount(long count) => (int)Ceiling.Divide(count, ElementsPerPart);

    /// <summary>
    /// The sum over <paramref name="count"/> elements: single precision within a part, double precision over parts.
    /// </summary>
    /// <param name="workspace">The threads and their lane width.</param>
    /// <param name="x">The elements.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="parts">Room for <see cref="PartCount"/> values.</param>
    public static double Compute(CpuWorkspace workspace, float* x, long count, double* parts)
    {
        int partCount = PartCount(count);
        LaneLoop.For(workspace, partCount, ElementsPerPart, new Loop { X = x, Count = count, Parts = parts });
        double sum = 0;
        for (int i = 0; i < partCount; i++)
            sum += parts[i];
        return sum;
    }

    private struct Loop : ILaneLoop
    {
        public float* X;
        public long Count;
        public double* Parts;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            for (long part = start; part < end; part++)
            {
                long first = part * ElementsPerPart, last = Math.Min(first + ElementsPerPart, Count);
                var sum = T.Const(0f);
                for (long i = first; i < last; i += T.Width)
                {
                    var x = T.Load(X + i, last - i);
                    sum += x * x;
                }

                Parts[part] = sum.Sum();
            }
        }
    }
}
