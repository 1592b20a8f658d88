using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Convolutions as products of matrices whose rows are pixels, gathered as they are read.</summary>
internal static partial class SharedTileConv2d
{
    private static readonly SharedTileKernel<TapWalk, GatheredPixels, GateWeightColumns, SharedTileCellEpilogue>
        Cell = new();

    /// <summary>y = activation(<paramref name="sum"/>)</summary>
    public static void Forward<TActivation>(
        GpuContext context, GpuArray y, in SumInputs sum, in Conv2dShape shape, TActivation activation)
        where TActivation : unmanaged, IFusedActivation
    {
        var images = SharedTileImages.Of(shape);
        var walk = Walk(sum.Terms, shape, out int slices, out int alignedW);
        var args = new SharedTileArgs<TapWalk, GatheredPixels, WeightColumns, SumEpilogue<TActivation>>
        {
            Walk = walk,
            Left = new GatheredPixels { Images = images },
            Right = new WeightColumns { K = shape.K, AlignedW = alignedW },
            Epilogue = Sums(sum, y, images.Pixels, shape.K, BorderTable.Of(sum, y, shape), activation),
            Slices = slices,
        };
        SharedTileForward<TActivation>.Kernel.Launch(context, args, images.Pixels, shape.K);
    }

    /// <summary>The cell whose gates are <paramref name="sum"/>; gates may be absent if they are not needed.</summary>
    public static void ForwardLstmCell(
        GpuContext context, GpuArray cellNext, GpuArray hidden, GpuArray gates, GpuArray cell, in SumInputs sum,
        in Conv2dShape shape)
    {
        var images = SharedTileImages.Of(shape);
        int channels = shape.K / GateOrder.Gates;
        var args = new SharedTileArgs<TapWalk, GatheredPixels, GateWeightColumns, SharedTileCellEpilogue>
        {
            Walk = Walk(sum.Terms, shape, out int slices, out _),
            Left = new GatheredPixels { Images = images },
            Right = new GateWeightColumns { Hidden = channels },
            Epilogue = new SharedTileCellEpilogue
            {
                CellNext = cellNext.View,
                HiddenState = hidden.View,
                Gates = gates.ViewOr(hidden),
                Cell = cell.ViewOr(hidden),
                Addend = sum.Addend.ViewOr(hidden),
                Bias = sum.Bias.ViewOr(hidden),
                Table = BorderTable.Of(sum, hidden, shape),
                Rows = images.Pixels,
                Hidden = channels,
                WriteGates = gates.Exists ? 1 : 0,
                ReadCell = cell.Exists ? 1 : 0,
                ReadAddend = sum.Addend.Exists ? 1 : 0,
                ReadBias = sum.Bias.Exists ? 1 : 0,
            },
            Slices = slices,
        };
        Cell.Launch(context, args, images.Pixels, shape.K);
    }

    private static SumEpilogue<TActivation> Sums<TActivation>(
        in SumInputs inputs, GpuArray y, int rows, int columns, BorderTable table, TActivation activation)
        where TActivation : unmanaged, IFusedActivation =>
        new()
        {
            Y = y.View,
            Addend = inputs.Addend.ViewOr(y),
            Bias = inputs.Bias.ViewOr(y),
            Table = table,
            Activation = activation,
            Rows = rows,
            Columns = columns,
            ReadAddend = inputs.Addend.Exists ? 1 : 0,
            ReadBias = inputs.Bias.Exists ? 1 : 0,
            Aligned = columns % Quad.Length == 0 && y.IsAligned && inputs.Addend.IsAligned && inputs.Bias.IsAligned
                && inputs.Table.IsAligned ? 1 : 0,
        };

    private static TapWalk Walk(
        ReadOnlySpan<Conv2dOperand> terms, in Conv2dShape shape, out int slices, out int alignedW)
    {
        TapWalk walk = default;
        (slices, alignedW) = (0, shape.K % Quad.Length == 0 ? 1 : 0);
        for (int i = 0; i < terms.Length; i++)
        {
            var term = Term(terms[i].X, terms[i].W, terms[i].Channels, terms[i].Kernel, shape.Stride);
            slices = checked(slices + term.Slices);
            if (!terms[i].W.IsAligned)
                alignedW = 0;
            // An absent term still needs memory to point to: that of the first.
            if (i == 0)
                walk = TapWalk.Of(term);
            else if (i == 1)
                walk.Second = term;
            else if (i == 2)
                walk.Third = term;
            else
                walk.Fourth = term;
        }

        return walk;
    }

    private static SharedTileTerm Term(GpuArray x, GpuArray w, int channels, int kernel, int stride)
    {
        bool isPatches = stride != 1;
        int inMemory = isPatches ? kernel * channels : channels;
        return new SharedTileTerm
        {
            X = x.View,
            W = w.View,
            Channels = inMemory,
            TapRows = kernel,
            TapColumns = isPatches ? 1 : kernel,
            PaddingRows = isPatches ? 0 : kernel / 2,
            PaddingColumns = isPatches ? 0 : kernel / 2,
            IsPlain = isPatches || kernel == 1 ? 1 : 0,
            AlignedX = x.IsAligned && inMemory % Quad.Length == 0 ? 1 : 0,
        };
    }
}

/// <summary>The forward kernels, one for each activation.</summary>
internal static class SharedTileForward<TActivation> where TActivation : unmanaged, IFusedActivation
{
    public static readonly SharedTileKernel<TapWalk, GatheredPixels, WeightColumns, SumEpilogue<TActivation>> Kernel =
        new();
}
