using System.Runtime.CompilerServices;

namespace Gqn.Native.Benchmarks.Plain;

/// <summary>cell' = σ(f)·cell + σ(i)·tanh(g) and hidden = σ(o)·tanh(cell') over rows of [i|f|g|o].</summary>
internal unsafe struct PlainLstmCell : IRowLoop
{
    public float* Gates, Cell, Next, HiddenState;
    public int Hidden;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run(int first, int end)
    {
        for (int row = first; row < end; row++)
        {
            float* gates = Gates + (4L * row * Hidden);
            for (int j = 0; j < Hidden; j++)
            {
                long at = ((long)row * Hidden) + j;
                float kept = PlainSigmoid.Of(gates[Hidden + j]) * Cell[at];
                float next = kept + (PlainSigmoid.Of(gates[j]) * MathF.Tanh(gates[(2 * Hidden) + j]));
                Next[at] = next;
                HiddenState[at] = PlainSigmoid.Of(gates[(3 * Hidden) + j]) * MathF.Tanh(next);
            }
        }
    }
}
