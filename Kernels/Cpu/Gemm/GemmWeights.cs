using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>The second factor of an <see cref="ImplicitGemm{TActivation}"/>, logically [tap][depth][column].</summary>
/// <remarks>
/// A single tap is the matrix [depth][column], or transposed [column][depth], with Stride between its lines. The taps
/// of a larger filter are laid out by <see cref="Conv2dShape.WeightIndex"/>, with outputs as columns and inputs as
/// depth; transposed, with inputs as columns, outputs as depth and the taps in reverse order.
/// </remarks>
internal unsafe struct GemmWeights
{
    private const int Block = Conv2dShape.WeightBlock;

    public float* Memory;
    public nint Stride;
    public bool Transposed;
    public int Depth, Columns;

    /// <summary>
    /// panel[tap][row][width] = depth [channel, channel + depth) of columns [column, column + columns) of one block.
    /// </summary>
    public readonly void Copy(float* panel, int width, int taps, int channel, int depth, int column, int columns)
    {
        if (taps > 1)
        {
            for (int tap = 0; tap < taps; tap++, panel += (nint)depth * width)
                CopyTap(panel, width, tap, taps, channel, depth, column, columns);
        }
        else if (Transposed)
        {
            Panel.CopyTransposed(panel, width, Memory + (column * Stride) + channel, Stride, depth, columns);
        }
        else
        {
            Panel.Copy(panel, width, Memory + (channel * Stride) + column, Stride, depth, columns);
        }
    }

    /// <summary>
    /// Makes a tile prefetch its share of weights that are copied later: two channels of the block or, transposed, 64
    /// channels of one column.
    /// </summary>
    public readonly void Fetch(ref TileLoop loop, int kernel, int tile, int channel, int depth, int column)
    {
        int offset = Transposed ? tile / MicroKernel.Columns * 2 * Block : 2 * tile;
        column += Transposed ? tile % MicroKernel.Columns : 0;
        channel += offset;
        loop.Next = Memory;
        (loop.NextRow, loop.InnerStepNext, loop.OuterStepNext) = (0, 0, 0);
        if (column >= Columns || offset >= depth)
            return;
        if (kernel == 1)
        {
            loop.Next += Transposed ? (column * Stride) + channel : (channel * Stride) + column;
            loop.NextRow = Transposed ? Block : Stride;
            return;
        }

        int first = (Transposed ? channel : column) / Block * Block, taps = kernel * kernel;
        int block = Math.Min(Block, (Transposed ? Depth : Columns) - first);
        nint inputs = Transposed ? Columns : Depth, input = Transposed ? column : channel;
        loop.Next += ((first * inputs) + (input * block)) * taps;
        loop.NextRow = (Transposed ? Block * inputs : block) * taps;
        loop.InnerStepNext = block;
        loop.OuterStepNext = (nint)kernel * block;
    }

    private readonly void CopyTap(
        float* panel, int width, int tap, int taps, int channel, int depth, int column, int columns)
    {
        if (!Transposed)
        {
            float* from = Memory + ((((nint)column * Depth) + ((nint)channel * columns)) * taps) + (tap * columns);
            Panel.Copy(panel, width, from, (nint)taps * columns, depth, columns);
            return;
        }

        for (int done = 0; done < depth;)
        {
            int within = (channel + done) % Block, first = channel + done - within;
            int block = Math.Min(Block, Depth - first), count = Math.Min(block - within, depth - done);
            float* from = Memory
                + ((((nint)first * Columns) + ((nint)column * block)) * taps) + ((taps - 1 - tap) * block) + within;
            Panel.CopyTransposed(panel + (done * width), width, from, (nint)taps * block, count, columns);
            done += count;
        }
    }
}
