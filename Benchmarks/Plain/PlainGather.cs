using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Benchmarks.Plain;

/// <summary>Sparse matrices times dense ones, entry by entry.</summary>
internal unsafe struct PlainGather : IRowLoop
{
    public float* Y, X, Starts, Columns, Weights;
    public GatherShape Shape;

    /// <summary>Rows of all images.</summary>
    public readonly int AllRows => Shape.Images * Shape.Rows;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run(int first, int end)
    {
        for (int index = first; index < end; index++)
        {
            int image = index / Shape.Rows;
            long entries = (long)image * Shape.Entries;
            int from = (int)Starts[index + image], to = (int)Starts[index + image + 1];
            for (int c = 0; c < Shape.Channels; c++)
            {
                float sum = 0;
                for (int e = from; e < to; e++)
                {
                    long pixel = ((long)image * Shape.Columns) + (int)Columns[entries + e];
                    sum += Weights[entries + e] * X[(pixel * Shape.Channels) + c];
                }

                Y[((long)index * Shape.Channels) + c] = sum;
            }
        }
    }
}
