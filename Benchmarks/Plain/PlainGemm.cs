using System.Runtime.CompilerServices;

namespace Gqn.Native.Benchmarks.Plain;

/// <summary>c = a · b over rows of c, all matrices row-major: c is m x n, the sums have length k.</summary>
internal unsafe struct PlainGemm : IRowLoop
{
    public float* A, B, C;
    public int N, K;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run(int first, int end)
    {
        for (int i = first; i < end; i++)
        {
            float* c = C + ((long)i * N);
            new Span<float>(c, N).Clear();
            for (int l = 0; l < K; l++)
            {
                float a = A[((long)i * K) + l];
                float* b = B + ((long)l * N);
                for (int j = 0; j < N; j++)
                    c[j] += a * b[j];
            }
        }
    }
}
