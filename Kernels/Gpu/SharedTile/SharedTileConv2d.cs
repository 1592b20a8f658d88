using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>Convolutions as products of matrices whose rows are pixels, gathered while they are read.</summary>
internal static partial class SharedTileConv2d
{
    private static readonly SharedTileKernel<TapWalk, GatheredPixels, GateWeightColumns, SharedTileCellEpilogue>
        Cell = new();

    /// <summary>y = activation(the sum)</summary>
    public static void Forward<TActivation>(
        GpuContext context, GpuArray y, in SumInputs sum, in Conv2dShape shape, TActivation activation)
        where TActivation : unmanaged, IFusedActivation
    {
        int next = 0;
        var operands = Gather(sum, shape, ref next);
        var inputs = sum;
        while (HasMore(sum, next))
        {
            Forward(context, y, inputs, operands, shape, default(Identity));
            inputs = inputs with { Addend = y, Bias = default, Table = default };
            operands = Gather(sum, shape, ref next);
        }

        Forward(context, y, inputs, operands, shape, activation);
    }

    /// <summary>The cell on the gates that the sum is; gates may be absent, where nobody reads the activated ones.</summary>
    public static void ForwardLstmCell(
        GpuContext context, GpuArray cellNext, GpuArray hidden, GpuArray gates, GpuArray cell, in SumInputs sum,
        in Conv2dShape shape)
    {
        int next = 0;
        var operands = Gather(sum, shape, ref next);
        var inputs = sum;
        var images = SharedTileImages.Of(shape);
        while (HasMore(sum, next))
        {
            var partial = gates.Exists ? gates : context.Scratch(ScratchSlots.Gates, (long)images.Pixels * shape.K);
            Forward(context, partial, inputs, operands, shape, default(Identity));
            inputs = inputs with { Addend = partial, Bias = default, Table = default };
            operands = Gather(sum, shape, ref next);
        }

        int channels = shape.K / GateOrder.Gates;
        var args = new SharedTileArgs<TapWalk, GatheredPixels, GateWeightColumns, SharedTileCellEpilogue>
        {
            Walk = operands.Walk,
            Left = new GatheredPixels { Images = images },
            Right = new GateWeightColumns { Hidden = channels },
            Epilogue = new SharedTileCellEpilogue
            {
                CellNext = cellNext.View,
                HiddenState = hidden.View,
                Gates = gates.ViewOr(hidden),
                Cell = cell.ViewOr(hidden),
                Addend = inputs.Addend.ViewOr(hidden),
                Bias = inputs.Bias.ViewOr(hidden),
                Table = BorderTable.Of(inputs, hidden, shape),
                Rows = images.Pixels,
                Hidden = channels,
                WriteGates = gates.Exists ? 1 : 0,
                ReadCell = cell.Exists ? 1 : 0,
                ReadAddend = inputs.Addend.Exists ? 1 : 0,
                ReadBias = inputs.Bias.Exists ? 1 : 0,
            },
            Slices = operands.Slices,
        };
        Cell.Launch(context, args, images.Pixels, shape.K);
    }

    private static void Forward<TActivation>(
        GpuContext context, GpuArray y, in SumInputs inputs, in Operands operands, in Conv2dShape shape,
        TActivation activation) where TActivation : unmanaged, IFusedActivation
    {
        var images = SharedTileImages.Of(shape);
        var args = new SharedTileArgs<TapWalk, GatheredPixels, WeightColumns, SumEpilogue<TActivation>>
        {
            Walk = operands.Walk,
            Left = new GatheredPixels { Images = images },
            Right = new WeightColumns { K = shape.K, AlignedW = operands.AlignedW },
            Epilogue = Sums(inputs, y, images.Pixels, shape.K, BorderTable.Of(inputs, y, shape), activation),
            Slices = operands.Slices,
        };
        SharedTileForward<TActivation>.Kernel.Launch(context, args, images.Pixels, shape.K);
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

    /// <summary>The next convolutions, as many as fit into one launch.</summary>
    private static Operands Gather(in SumInputs sum, in Conv2dShape shape, ref int next)
    {
        var operands = new Operands { AlignedW = shape.K % Quad.Length == 0 ? 1 : 0 };
        int count = 0;
        for (; next < sum.Terms.Length && count < TapWalk.MostTerms; next++)
        {
            ref readonly var operand = ref sum.Terms[next];
            if (operand.IsConstant)
                continue;
            var term = Term(operand.X, operand.W, operand.Channels, operand.Kernel, shape.Stride);
            if (!operand.W.IsAligned)
                operands.AlignedW = 0;
            operands.Slices = checked(operands.Slices + term.Slices);
            // Those that are absent must be some memory, too.
            if (count == 0)
                operands.Walk = new TapWalk { First = term, Second = term, Third = term, Fourth = term, Term = term };
            else if (count == 1)
                operands.Walk.Second = term;
            else if (count == 2)
                operands.Walk.Third = term;
            else
                operands.Walk.Fourth = term;
            count++;
        }

        return operands;
    }

    private static bool HasMore(in SumInputs sum, int next)
    {
        foreach (ref readonly var operand in sum.Terms[next..])
        {
            if (!operand.IsConstant)
                return true;
        }

        return false;
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

    private ref struct Operands
    {
        public TapWalk Walk;
        public int Slices, AlignedW;
    }
}

/// <summary>The forward kernels, one for each activation.</summary>
internal static class SharedTileForward<TActivation> where TActivation : unmanaged, IFusedActivation
{
    public static readonly SharedTileKernel<TapWalk, GatheredPixels, WeightColumns, SumEpilogue<TActivation>> Kernel =
        new();
}
