using System.Runtime.CompilerServices;

namespace Gqn.Native.Benchmarks.Plain;

/// <summary>y = 1 / (1 + e⁻ˣ); a row is an element.</summary>
internal unsafe struct PlainSigmoid : IRowLoop
{
    public float* X, Y;

    public static float Of(float x) => 1f / (1f + MathF.Exp(-x));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run(int first, int end)
    {
        for (int i = first; i < end; i++)
            Y[i] = Of(X[i]);
    }
}
