using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Shapes;
using ILGPU;
using Body = Gqn.Native.Kernels.Pointwise.LstmCell;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>The pointwise part of a ConvLSTM cell, over rows of 4·hidden gates in <see cref="GateOrder"/>.</summary>
public static class ConvLstmKernels
{
    private static readonly KernelHandle<ForwardArgs> Cell = new(LstmCellForward);
    private static readonly KernelHandle<BackwardArgs> Gradient = new(LstmCellBackward);

    /// <summary>
    /// cellNext and hiddenState [rows, hidden] from gates [rows, 4·hidden] and cell; an absent cell is all zero. The
    /// gates are pre-activations on entry and activations on return.
    /// </summary>
    public static void Forward(
        GpuContext context, GpuArray cellNext, GpuArray hiddenState, GpuArray gates, GpuArray cell, long rows,
        int hidden)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Tiles == TileFamily.Register)
        {
            RegisterTileConvLstm.Forward(context, cellNext, hiddenState, gates, cell, rows, hidden);
            return;
        }

        context.Launch(
            Cell, rows * hidden,
            new ForwardArgs
            {
                CellNext = cellNext.View,
                HiddenState = hiddenState.View,
                Gates = gates.View,
                Cell = cell.ViewOr(gates),
                Hidden = hidden,
                ReadCell = cell.Exists ? 1 : 0,
            });
    }

    /// <summary>The gradients of <see cref="Forward"/>.</summary>
    public static void Backward(GpuContext context, in LstmCellGradients gradients)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Tiles == TileFamily.Register)
        {
            RegisterTileConvLstm.Backward(context, gradients);
            return;
        }

        var gates = gradients.Gates;
        context.Launch(
            Gradient, gradients.Rows * gradients.Hidden,
            new BackwardArgs
            {
                DGates = gradients.DGates.View,
                DCell = gradients.DCell.ViewOr(gradients.DGates),
                DHidden = gradients.DHidden.ViewOr(gates),
                DCellNext = gradients.DCellNext.ViewOr(gates),
                Gates = gates.View,
                Cell = gradients.Cell.ViewOr(gates),
                CellNext = gradients.CellNext.View,
                Hidden = gradients.Hidden,
                WriteCell = !gradients.DCell.Exists ? 0 : gradients.Beta == 0f ? 1 : 2,
                ReadHidden = gradients.DHidden.Exists ? 1 : 0,
                ReadCellNext = gradients.DCellNext.Exists ? 1 : 0,
                ReadCell = gradients.Cell.Exists ? 1 : 0,
            });
    }

    private static void LstmCellForward(Index1D index, ForwardArgs args)
    {
        int at = index, row = at / args.Hidden, channel = at - (row * args.Hidden);
        int width = GateOrder.Width(channel, args.Hidden);
        int gate = (GateOrder.Gates * row * args.Hidden) + GateOrder.Index(channel);
        var cell = new F32(args.ReadCell != 0 ? args.Cell[at] : 0f);
        F32 i = new(args.Gates[gate]), f = new(args.Gates[gate + width]);
        F32 g = new(args.Gates[gate + (2 * width)]), o = new(args.Gates[gate + (3 * width)]);
        var (next, hidden) = Body.Forward(ref i, ref f, ref g, ref o, cell);
        args.CellNext[at] = next.Value;
        args.HiddenState[at] = hidden.Value;
        args.Gates[gate] = i.Value;
        args.Gates[gate + width] = f.Value;
        args.Gates[gate + (2 * width)] = g.Value;
        args.Gates[gate + (3 * width)] = o.Value;
    }

    private static void LstmCellBackward(Index1D index, BackwardArgs args)
    {
        int at = index, row = at / args.Hidden, channel = at - (row * args.Hidden);
        int width = GateOrder.Width(channel, args.Hidden);
        int gate = (GateOrder.Gates * row * args.Hidden) + GateOrder.Index(channel);
        F32 i = new(args.Gates[gate]), f = new(args.Gates[gate + width]);
        F32 g = new(args.Gates[gate + (2 * width)]), o = new(args.Gates[gate + (3 * width)]);
        var dCell = Body.Backward(
            ref i, ref f, ref g, ref o, new F32(args.ReadCell != 0 ? args.Cell[at] : 0f), new F32(args.CellNext[at]),
            new F32(args.ReadHidden != 0 ? args.DHidden[at] : 0f),
            new F32(args.ReadCellNext != 0 ? args.DCellNext[at] : 0f));
        args.DGates[gate] = i.Value;
        args.DGates[gate + width] = f.Value;
        args.DGates[gate + (2 * width)] = g.Value;
        args.DGates[gate + (3 * width)] = o.Value;
        if (args.WriteCell == 1)
            args.DCell[at] = dCell.Value;
        if (args.WriteCell == 2)
            args.DCell[at] += dCell.Value;
    }

    internal struct ForwardArgs
    {
        public ArrayView<float> CellNext, HiddenState, Gates, Cell;
        public int Hidden, ReadCell;
    }

    internal struct BackwardArgs
    {
        public ArrayView<float> DGates, DCell, DHidden, DCellNext, Gates, Cell, CellNext;
        public int Hidden, WriteCell, ReadHidden, ReadCellNext, ReadCell;
    }
}

/// <summary>
/// dGates, with respect to the pre-activations, and dCell = beta·dCell + ..., over rows of hidden channels.
/// </summary>
public struct LstmCellGradients
{
    /// <summary>Written, [rows, 4·hidden]; may be the same memory as the gates.</summary>
    public GpuArray DGates;

    /// <summary>Written or accumulated into, [rows, hidden]; absent if not needed.</summary>
    public GpuArray DCell;

    /// <summary>0 to overwrite dCell, 1 to accumulate into it.</summary>
    public float Beta;

    /// <summary>With respect to the hidden state and the next cell state, [rows, hidden]; absent for zero.</summary>
    public GpuArray DHidden, DCellNext;

    /// <summary>The activated gates, [rows, 4·hidden].</summary>
    public GpuArray Gates;

    /// <summary>The cell state (absent for zero) and the next one, [rows, hidden].</summary>
    public GpuArray Cell, CellNext;

    /// <summary>Pixels of all images.</summary>
    public long Rows;

    /// <summary>Channels of the hidden state.</summary>
    public int Hidden;
}
