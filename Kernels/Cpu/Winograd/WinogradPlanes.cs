using Gqn.Native.Kernels.Cpu.Generated;
using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>A run of channels of one operand within a chunk.</summary>
internal unsafe struct WinogradPiece
{
    public float* Source;
    public int Operand, SourceChannels, Channel, Count, Slot;
}

/// <summary>Channels that are multiplied together: [frequency][tile][channel] from Offset.</summary>
internal struct WinogradChunk
{
    public nint Offset, Plane;
    public int FirstPiece, Pieces, Depth, Stride;
}

/// <summary>
/// The transformed tiles of one or several operands of equal height and width, as if their channels were concatenated;
/// also the parallel loop that computes them, where an item is a few tiles.
/// </summary>
/// <remarks>
/// Chunks of about 64 channels keep the sums short, which halves the rounding error, and keep the filters of a chunk in
/// the second-level cache. Rows are rounded up to eight tiles; the padding, also that beyond the channels, is garbage
/// that stays in unused rows and columns.
/// </remarks>
internal unsafe struct WinogradPlanes : ILaneItem
{
    public const int TilesPerItem = 2;
    private const int Lanes = 16, PieceChannels = 64, ChunkChannels = 80;

    public WinogradTiling Tiling;
    public WinogradPiece* Pieces;
    public WinogradChunk* Chunks;
    public int PieceCount, ChunkCount;

    /// <summary>True for A D Aᵀ of gradients with respect to the outputs, false for Bᵀ X B of inputs.</summary>
    public bool Adjoint;

    public float* Memory;

    /// <summary>Total floats of all planes.</summary>
    public nint Floats;

    /// <summary>The most pieces, or chunks, that operands with this many channels in total can take.</summary>
    public static int MaxPieces(int operands, long channels) => checked((int)(operands + (channels / 32) + 1));

    /// <summary>Scratch floats of one worker for operands of at most <paramref name="channels"/> channels.</summary>
    public static long WorkerFloats(int channels) =>
        (channels + (2L * Lanes)) + (WinogradTiling.MaxFrequencies * 2L * Lanes) + (4L * WinogradTiling.MaxFrequencies);

    /// <summary>Planes without channels so far; pieces and chunks have room for <see cref="MaxPieces"/>.</summary>
    public static WinogradPlanes Begin(WinogradTiling tiling, WinogradPiece* pieces, WinogradChunk* chunks) =>
        new() { Tiling = tiling, Pieces = pieces, Chunks = chunks };

    /// <summary>Adds the channels of an operand in chunks of about 64; a few join the previous chunk.</summary>
    public void Add(int operand, float* source, int channels) =>
        Add(operand, source, channels, PieceChannels, ChunkChannels);

    /// <summary>Adds the channels of an operand in blocks of 32, the columns of a weight gradient.</summary>
    public void AddBlocks(int operand, float* source, int channels) =>
        Add(operand, source, channels, MicroKernel.Columns, MicroKernel.Columns);

    /// <summary>Lays out the chunks in memory.</summary>
    public void End()
    {
        int rows = MicroKernel.RoundUp(Tiling.Count);
        Floats = 0;
        for (int i = 0; i < ChunkCount; i++)
        {
            ref var chunk = ref Chunks[i];
            // A power-of-two distance between planes would map them all to the same cache sets.
            chunk.Plane = ((nint)rows * chunk.Stride) + Lanes;
            chunk.Offset = Floats;
            Floats += Tiling.Frequencies * chunk.Plane;
        }
    }

    /// <summary>Computes the planes into <paramref name="memory"/>.</summary>
    public static void Compute(CpuWorkspace workspace, ref WinogradPlanes planes, float* memory)
    {
        planes.Memory = memory;
        LaneLoop.ForItems(workspace, Ceiling.Divide(planes.Tiling.Count, TilesPerItem), planes);
    }

    public readonly void Run<T>(int item, float* scratch) where T : unmanaged, ISimdLane<T>
    {
        int side = Adjoint ? WinogradTiling.Outputs : Tiling.Side, pixelCount = side * side, widest = 0;
        for (int i = 0; i < PieceCount; i++)
            widest = Math.Max(widest, Pieces[i].SourceChannels);
        float* buffer = scratch, ends = buffer + (WinogradTiling.MaxFrequencies * Lanes);
        float** pixels = (float**)(ends + (WinogradTiling.MaxFrequencies * Lanes));
        float** endPixels = pixels + WinogradTiling.MaxFrequencies;
        float* zeros = (float*)(endPixels + WinogradTiling.MaxFrequencies);
        new Span<float>(zeros, widest + Lanes).Clear();
        for (int i = 0; i < pixelCount; i++)
            endPixels[i] = ends + (i * Lanes);

        int last = Math.Min(Tiling.Count, (item + 1) * TilesPerItem);
        for (int tile = item * TilesPerItem; tile < last; tile++)
        {
            int operand = -1;
            for (int q = 0; q < ChunkCount; q++)
            {
                var chunk = Chunks[q];
                for (int p = chunk.FirstPiece; p < chunk.FirstPiece + chunk.Pieces; p++)
                {
                    var piece = Pieces[p];
                    if (piece.Operand != operand)
                    {
                        operand = piece.Operand;
                        if (Adjoint)
                            Tiling.FindOutputs(tile, piece.Source, piece.SourceChannels, zeros, pixels);
                        else
                            Tiling.FindInputs(tile, piece.Source, piece.SourceChannels, zeros, pixels);
                    }

                    float* to = Memory + chunk.Offset + ((nint)tile * chunk.Stride) + piece.Slot;
                    int channel = 0;
                    for (; channel + T.Width <= piece.Count; channel += T.Width)
                        Transform<T>(pixels, piece.Channel + channel, to + channel, chunk.Plane, buffer);
                    if (channel == piece.Count)
                        continue;
                    // The last channels are copied first: reading whole lanes could run past the image's memory.
                    for (int i = 0; i < pixelCount; i++)
                        T.Load(pixels[i] + piece.Channel + channel, piece.Count - channel).Store(endPixels[i]);
                    Transform<T>(endPixels, 0, to + channel, chunk.Plane, buffer);
                }
            }
        }
    }

    private void Add(int operand, float* source, int channels, int most, int mostInChunk)
    {
        int pieces = Ceiling.Divide(channels, most);
        int even = Ceiling.Multiple(Ceiling.Divide(channels, pieces), Lanes);
        for (int channel = 0; channel < channels; channel += even)
        {
            int count = Math.Min(even, channels - channel);
            if (ChunkCount == 0 || Chunks[ChunkCount - 1].Depth + count > mostInChunk)
                Chunks[ChunkCount++] = new WinogradChunk { FirstPiece = PieceCount };
            ref var chunk = ref Chunks[ChunkCount - 1];
            int slot = chunk.Depth;
            Pieces[PieceCount++] = new WinogradPiece
            {
                Operand = operand,
                Source = source,
                SourceChannels = channels,
                Channel = channel,
                Count = count,
                Slot = slot,
            };
            chunk.Pieces++;
            chunk.Depth += count;
            // Lanes are stored whole; the next piece overwrites what the last lane leaves behind a piece.
            int end = slot + Ceiling.Multiple(count, Lanes);
            chunk.Stride = Math.Max(chunk.Stride, Ceiling.Multiple(end, Lanes));
        }
    }

    private readonly void Transform<T>(float** pixels, nint channel, float* to, nint plane, float* buffer)
        where T : unmanaged, ISimdLane<T>
    {
        if (Tiling.Kernel == 5 && Adjoint)
            WinogradTransforms.OutputAdjoint5<T>(pixels, channel, to, plane, buffer);
        else if (Tiling.Kernel == 5)
            WinogradTransforms.Input5<T>(pixels, channel, to, plane, buffer);
        else if (Adjoint)
            WinogradTransforms.OutputAdjoint3<T>(pixels, channel, to, plane, buffer);
        else
            WinogradTransforms.Input3<T>(pixels, channel, to, plane, buffer);
    }
}
