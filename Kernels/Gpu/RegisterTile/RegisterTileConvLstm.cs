using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;
using ILGPU;
using Body = Gqn.Native.Kernels.Pointwise.LstmCell;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>The pointwise part of a ConvLSTM cell on processors behind OpenCL.</summary>
/// <remarks>
/// PoCL vectorises the items of a thread block (group) if they are adjacent, no branch but a return precedes a load,
/// and no function call remains, as it does if a kernel takes several exponentials. Hence groups of 16 channels of
/// one pixel, one launch per function, and absent arrays that are read but not used: 1.0 ns instead of 5.2 for each
/// gate of a channel, backward 0.4 instead of 2.1.
/// </remarks>
internal static class RegisterTileConvLstm
{
    private static readonly GroupKernelHandle<GateArgs> SigmoidHandle = new(RegisterTileSigmoid);
    private static readonly GroupKernelHandle<GateArgs> TanhHandle = new(RegisterTileTanh);
    private static readonly GroupKernelHandle<UpdateArgs> UpdateHandle = new(RegisterTileCellUpdate);
    private static readonly GroupKernelHandle<BackwardArgs> BackwardHandle = new(RegisterTileCellBackward);

    /// <summary>As <see cref="ConvLstmKernels.Forward"/>.</summary>
    public static void Forward(
        GpuContext context, GpuArray cellNext, GpuArray hiddenState, GpuArray gates, GpuArray cell, long rows,
        int hidden)
    {
        int groups = Ceiling.Divide(hidden, GateOrder.Group), pixels = checked((int)rows);
        var args = new GateArgs { Gates = gates.View, Hidden = hidden };
        context.Launch(SigmoidHandle, new Index3D(groups, pixels, 2), GateOrder.Group, args);
        context.Launch(TanhHandle, new Index3D(groups, pixels, 1), GateOrder.Group, args with { First = 2 });
        context.Launch(SigmoidHandle, new Index3D(groups, pixels, 1), GateOrder.Group, args with { First = 3 });
        context.Launch(
            UpdateHandle, new Index3D(groups, pixels, 1), GateOrder.Group,
            new UpdateArgs
            {
                CellNext = cellNext.View,
                HiddenState = hiddenState.View,
                Gates = args.Gates,
                Cell = cell.ViewOr(gates),
                Hidden = hidden,
                ReadCell = cell.Exists ? 1 : 0,
            });
    }

    /// <summary>As <see cref="ConvLstmKernels.Backward"/>.</summary>
    public static void Backward(GpuContext context, in LstmCellGradients gradients)
    {
        int hidden = gradients.Hidden, groups = Ceiling.Divide(hidden, GateOrder.Group);
        var (dCell, gates) = (gradients.DCell, gradients.Gates);
        var unwanted = dCell.Exists ? dCell : context.Scratch(ScratchSlots.Gates, gradients.Rows * hidden);
        context.Launch(
            BackwardHandle, new Index3D(groups, checked((int)gradients.Rows), 1), GateOrder.Group,
            new BackwardArgs
            {
                DGates = gradients.DGates.View,
                DCell = unwanted.View,
                DHidden = gradients.DHidden.ViewOr(gates),
                DCellNext = gradients.DCellNext.ViewOr(gates),
                Gates = gates.View,
                Cell = gradients.Cell.ViewOr(gates),
                CellNext = gradients.CellNext.View,
                Hidden = hidden,
                AddCell = dCell.Exists && gradients.Beta != 0f ? 1 : 0,
                ReadHidden = gradients.DHidden.Exists ? 1 : 0,
                ReadCellNext = gradients.DCellNext.Exists ? 1 : 0,
                ReadCell = gradients.Cell.Exists ? 1 : 0,
            });
    }

    private static void RegisterTileSigmoid(GateArgs args)
    {
        int first = Grid.IdxX * GateOrder.Group, channel = Group.IdxX, width = GateOrder.Width(first, args.Hidden);
        if (channel >= width)
            return;
        int at = (GateOrder.Gates * ((Grid.IdxY * args.Hidden) + first)) + ((args.First + Grid.IdxZ) * width) + channel;
        args.Gates[at] = default(Sigmoid).Forward(new F32(args.Gates[at])).Value;
    }

    private static void RegisterTileTanh(GateArgs args)
    {
        int first = Grid.IdxX * GateOrder.Group, channel = Group.IdxX, width = GateOrder.Width(first, args.Hidden);
        if (channel >= width)
            return;
        int at = (GateOrder.Gates * ((Grid.IdxY * args.Hidden) + first)) + ((args.First + Grid.IdxZ) * width) + channel;
        args.Gates[at] = F32.Tanh(new F32(args.Gates[at])).Value;
    }

    private static void RegisterTileCellUpdate(UpdateArgs args)
    {
        int first = Grid.IdxX * GateOrder.Group, channel = Group.IdxX, width = GateOrder.Width(first, args.Hidden);
        if (channel >= width)
            return;
        int start = (Grid.IdxY * args.Hidden) + first, at = start + channel, gate = (GateOrder.Gates * start) + channel;
        float cell = args.Cell[at];
        var (next, hidden) = Body.Update(
            new F32(args.Gates[gate]), new F32(args.Gates[gate + width]), new F32(args.Gates[gate + (2 * width)]),
            new F32(args.Gates[gate + (3 * width)]), new F32(args.ReadCell != 0 ? cell : 0f));
        args.CellNext[at] = next.Value;
        args.HiddenState[at] = hidden.Value;
    }

    private static void RegisterTileCellBackward(BackwardArgs args)
    {
        int first = Grid.IdxX * GateOrder.Group, channel = Group.IdxX, width = GateOrder.Width(first, args.Hidden);
        if (channel >= width)
            return;
        int start = (Grid.IdxY * args.Hidden) + first, at = start + channel, gate = (GateOrder.Gates * start) + channel;
        float cell = args.Cell[at], dHidden = args.DHidden[at], dCellNext = args.DCellNext[at], old = args.DCell[at];
        F32 i = new(args.Gates[gate]), f = new(args.Gates[gate + width]);
        F32 g = new(args.Gates[gate + (2 * width)]), o = new(args.Gates[gate + (3 * width)]);
        float dCell = Body.Backward(
            ref i, ref f, ref g, ref o, new F32(args.ReadCell != 0 ? cell : 0f), new F32(args.CellNext[at]),
            new F32(args.ReadHidden != 0 ? dHidden : 0f), new F32(args.ReadCellNext != 0 ? dCellNext : 0f)).Value;
        args.DGates[gate] = i.Value;
        args.DGates[gate + width] = f.Value;
        args.DGates[gate + (2 * width)] = g.Value;
        args.DGates[gate + (3 * width)] = o.Value;
        args.DCell[at] = args.AddCell != 0 ? old + dCell : dCell;
    }

    internal struct GateArgs
    {
        public ArrayView<float> Gates;
        public int Hidden, First;
    }

    internal struct UpdateArgs
    {
        public ArrayView<float> CellNext, HiddenState, Gates, Cell;
        public int Hidden, ReadCell;
    }

    internal struct BackwardArgs
    {
        public ArrayView<float> DGates, DCell, DHidden, DCellNext, Gates, Cell, CellNext;
        public int Hidden, AddCell, ReadHidden, ReadCellNext, ReadCell;
    }
}
