using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Shapes;
using Body = Gqn.Native.Kernels.Pointwise.LstmCell;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>The pointwise part of a ConvLSTM cell, over rows of 4·hidden gates in <see cref="GateOrder"/>.</summary>
public static unsafe class ConvLstmKernels
{
    /// <summary>
    /// cellNext and hiddenState [rows, hidden] from gates [rows, 4·hidden] and cell; a null cell is all zero. The gates
    /// are pre-activations on entry and activations on return.
    /// </summary>
    public static void Forward(
        CpuWorkspace workspace, float* cellNext, float* hiddenState, float* gates, float* cell, long rows,
        int hidden) =>
        LaneLoop.For(workspace, rows, hidden * 4L, new ForwardLoop
        {
            CellNext = cellNext,
            HiddenState = hiddenState,
            Gates = gates,
            Cell = cell,
            Hidden = hidden,
        });

    /// <summary>The gradients of <see cref="Forward"/>.</summary>
    public static void Backward(CpuWorkspace workspace, in LstmCellGradients gradients) =>
        LaneLoop.For(workspace, gradients.Rows, gradients.Hidden * 6L, new BackwardLoop { Of = gradients });

    private struct ForwardLoop : ILaneLoop
    {
        public float* CellNext, HiddenState, Gates, Cell;
        public int Hidden;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            for (long row = start; row < end; row++)
            {
                for (int first = 0; first < Hidden; first += GateOrder.Group)
                {
                    int width = GateOrder.Width(first, Hidden);
                    float* gates = Gates + (GateOrder.Gates * ((row * Hidden) + first));
                    long at = (row * Hidden) + first;
                    for (int j = 0; j < width; j += T.Width, gates += T.Width)
                    {
                        int left = width - j;
                        var cell = Cell is null ? T.Const(0f) : T.Load(Cell + at + j, left);
                        T i = T.Load(gates, left), f = T.Load(gates + width, left);
                        T g = T.Load(gates + (2 * width), left), o = T.Load(gates + (3 * width), left);
                        var (next, hidden) = Body.Forward(ref i, ref f, ref g, ref o, cell);
                        next.Store(CellNext + at + j, left);
                        hidden.Store(HiddenState + at + j, left);
                        i.Store(gates, left);
                        f.Store(gates + width, left);
                        g.Store(gates + (2 * width), left);
                        o.Store(gates + (3 * width), left);
                    }
                }
            }
        }
    }

    private struct BackwardLoop : ILaneLoop
    {
        public LstmCellGradients Of;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            for (long row = start; row < end; row++)
            {
                for (int first = 0; first < Of.Hidden; first += GateOrder.Group)
                {
                    int width = GateOrder.Width(first, Of.Hidden);
                    for (int j = 0; j < width; j += T.Width)
                        RunLane<T>((row * Of.Hidden) + first, j, width);
                }
            }
        }

        private readonly void RunLane<T>(long group, int j, int width) where T : struct, ISimdLane<T>
        {
            int left = width - j;
            long at = group + j, gate = (GateOrder.Gates * group) + j;
            float* gates = Of.Gates + gate, dGates = Of.DGates + gate;
            var zero = T.Const(0f);
            T i = T.Load(gates, left), f = T.Load(gates + width, left);
            T g = T.Load(gates + (2 * width), left), o = T.Load(gates + (3 * width), left);
            var dc = Body.Backward(
                ref i, ref f, ref g, ref o,
                Of.Cell is null ? zero : T.Load(Of.Cell + at, left),
                T.Load(Of.CellNext + at, left),
                Of.DHidden is null ? zero : T.Load(Of.DHidden + at, left),
                Of.DCellNext is null ? zero : T.Load(Of.DCellNext + at, left));
            i.Store(dGates, left);
            f.Store(dGates + width, left);
            g.Store(dGates + (2 * width), left);
            o.Store(dGates + (3 * width), left);
            if (Of.DCell is null)
                return;
            if (Of.Beta != 0)
                dc += T.Load(Of.DCell + at, left);
            dc.Store(Of.DCell + at, left);
        }
    }
}

/// <summary>
/// dGates, with respect to the pre-activations, and dCell = beta·dCell + ..., over rows of hidden channels.
/// </summary>
public unsafe struct LstmCellGradients
{
    /// <summary>Written, [rows, 4·hidden]; may be the same memory as the gates.</summary>
    public float* DGates;

    /// <summary>Written or accumulated into, [rows, hidden]; null if not needed.</summary>
    public float* DCell;

    /// <summary>0 to overwrite dCell, 1 to accumulate into it.</summary>
    public float Beta;

    /// <summary>With respect to the hidden state and the next cell state, [rows, hidden]; null for zero.</summary>
    public float* DHidden, DCellNext;

    /// <summary>The activated gates, [rows, 4·hidden].</summary>
    public float* Gates;

    /// <summary>The cell state (null for zero) and the next one, [rows, hidden].</summary>
    public float* Cell, CellNext;

    /// <summary>Pixels of all images.</summary>
    public long Rows;

    /// <summary>Channels of the hidden state.</summary>
    public int Hidden;
}
