using System.Numerics;
using System.Runtime.CompilerServices;

namespace Gqn.Native.Benchmarks.Plain;

/// <summary>
/// One of the three passes of Adam without fusion: first moment, second moment, values. Ten floats of memory traffic
/// per parameter instead of seven; vectorised, so that memory is the limit, as for the fused kernel.
/// </summary>
internal unsafe struct AdamInPasses : IRowLoop
{
    /// <summary>Parameters per row.</summary>
    public const int RowLength = 1 << 12;

    /// <summary>Number of passes.</summary>
    public const int Passes = 3;

    public float* Values, Gradients, First, Second;
    /// <summary>Index of the pass, from 0.</summary>
    public int Pass;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run(int first, int end)
    {
        for (long i = (long)first * RowLength; i < (long)end * RowLength; i += Vector<float>.Count)
        {
            if (Pass == 0)
            {
                ((0.9f * Vector.Load(First + i)) + (0.1f * Vector.Load(Gradients + i))).Store(First + i);
            }
            else if (Pass == 1)
            {
                var g = Vector.Load(Gradients + i);
                ((0.999f * Vector.Load(Second + i)) + (0.001f * g * g)).Store(Second + i);
            }
            else
            {
                var root = Vector.SquareRoot(Vector.Load(Second + i)) + new Vector<float>(1e-8f);
                (Vector.Load(Values + i) - (1e-4f * Vector.Load(First + i) / root)).Store(Values + i);
            }
        }
    }
}
