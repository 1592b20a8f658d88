using Gqn.Native.Kernels.Cpu.Generated;
using Gqn.Native.Kernels.Lanes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>
/// dw = Gᵀ (Σ over tiles of (Bᵀ X B) · (A dY Aᵀ)) G: the exact adjoint of the forward convolution; an item is a chunk
/// of input channels times a block of 32 outputs.
/// </summary>
internal unsafe struct WinogradWeightGradient : ILaneItem
{
    public WinogradPlanes Inputs, Gradients;

    /// <summary>Per operand, the weight gradient; <see cref="Accumulate"/> says whether to add to it.</summary>
    public float** Weights;

    public bool* Accumulate;

    public static long PerWorkerFloats(in WinogradPlanes inputs)
    {
        int depth = 0;
        for (int q = 0; q < inputs.ChunkCount; q++)
            depth = Math.Max(depth, MicroKernel.RoundUp(inputs.Chunks[q].Depth));
        return (inputs.Tiling.Frequencies * (long)WinogradFilters.Plane(depth, MicroKernel.Columns))
            + (inputs.Tiling.Taps * MicroKernel.Columns) + (WinogradTiling.MaxFrequencies * 16L);
    }

    /// <summary>Items of the parallel loop.</summary>
    public readonly int Items => Inputs.ChunkCount * Gradients.ChunkCount;

    public readonly void Run<T>(int item, float* scratch) where T : unmanaged, ISimdLane<T>
    {
        int block = item / Inputs.ChunkCount;
        var chunk = Inputs.Chunks[item % Inputs.ChunkCount];
        var gradients = Gradients.Chunks[block];
        int columns = gradients.Depth, width = MicroKernel.Width(columns), taps = Inputs.Tiling.Taps;
        nint plane = WinogradFilters.Plane(MicroKernel.RoundUp(chunk.Depth), width);
        float* buffer = scratch, filter = buffer + (WinogradTiling.MaxFrequencies * 16);
        float* filters = filter + (taps * MicroKernel.Columns);
        Multiply<T>(chunk, gradients, filters, plane, width);

        int outputs = Gradients.Pieces[gradients.FirstPiece].SourceChannels;
        for (int p = chunk.FirstPiece; p < chunk.FirstPiece + chunk.Pieces; p++)
        {
            ref readonly var piece = ref Inputs.Pieces[p];
            float* to = Weights[piece.Operand]
                + ((nint)block * MicroKernel.Columns * piece.SourceChannels * taps)
                + ((nint)piece.Channel * taps * columns);
            bool whole = columns == width && !Accumulate[piece.Operand];
            for (int row = 0; row < piece.Count; row++, to += taps * columns)
            {
                float* from = filters + ((piece.Slot + row) * width), result = whole ? to : filter;
                for (int column = 0; column < width; column += T.Width)
                    Transform<T>(Inputs.Tiling.Kernel, from + column, plane, result + column, width, buffer);
                if (!whole)
                    Store<T>(to, filter, taps, columns, width, Accumulate[piece.Operand]);
            }
        }
    }

    private readonly void Multiply<T>(
        in WinogradChunk chunk, in WinogradChunk gradients, float* filters, nint plane, int width)
        where T : unmanaged, ISimdLane<T>
    {
        var loop = new TileLoop
        {
            OuterCount = 1,
            InnerCount = 1,
            Depth = Inputs.Tiling.Count,
            StrideA = chunk.Stride,
            StrideB = gradients.Stride,
            StrideC = width,
            Next = filters,
        };
        var tile = MicroKernel.Tile<T>(width, transposed: true);
        float* a = Inputs.Memory + chunk.Offset, b = Gradients.Memory + gradients.Offset;
        for (int frequency = 0; frequency < Inputs.Tiling.Frequencies; frequency++)
        {
            for (int row = 0; row < chunk.Depth; row += MicroKernel.Rows)
                tile(&loop, a + row, b, filters + (row * width));
            a += chunk.Plane;
            b += gradients.Plane;
            filters += plane;
        }
    }

    private static void Transform<T>(int kernel, float* planes, nint plane, float* weights, nint tap, float* buffer)
        where T : unmanaged, ISimdLane<T>
    {
        if (kernel == 5)
            WinogradTransforms.WeightAdjoint5<T>(planes, plane, weights, tap, buffer);
        else
            WinogradTransforms.WeightAdjoint3<T>(planes, plane, weights, tap, buffer);
    }

    private static void Store<T>(float* to, float* filter, int taps, int columns, int width, bool accumulate)
        where T : unmanaged, ISimdLane<T>
    {
        for (int tap = 0; tap < taps; tap++, to += columns, filter += width)
        {
            for (int column = 0; column < columns; column += T.Width)
            {
                var value = T.Load(filter + column);
                if (accumulate)
                    value += T.Load(to + column, columns - column);
                value.Store(to + column, columns - column);
            }
        }
    }
}
