using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Shapes;
using Body = Gqn.Native.Kernels.Pointwise.LstmCell;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>The gates of a ConvLSTM cell over rows of 4·hidden gates in <see cref="GateOrder"/>.</summary>
public static unsafe class ConvLstmKernels
{
    /// <summary>
    /// cellNext and hiddenState [rows, hidden] from gates [rows, 4·hidden] and cell; a null cell is all zero. The gates
    /// are pre-activations before and activated after.
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

    /// <summary>
    /// Gradients dGates of the pre-activations and dCell = beta·dCell + ..., from the activated gates, both cell states
    /// and the gradients of the hidden state and of cellNext; those, the cell and dCell may be null (absent, that is
    /// zero). dGates may be the same memory as gates.
    /// </summary>
    public static void Backward(
        CpuWorkspace workspace, float* dGates, float* dCell, float beta, float* dHidden, float* dCellNext, float* gates,
        float* cell, float* cellNext, long rows, int hidden) =>
        LaneLoop.For(workspace, rows, hidden * 6L, new BackwardLoop
        {
            DGates = dGates,
            DCell = dCell,
            Beta = beta,
            DHidden = dHidden,
            DCellNext = dCellNext,
            Gates = gates,
            Cell = cell,
            CellNext = cellNext,
            Hidden = hidden,
        });

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
                    int width = Math.Min(GateOrder.Group, Hidden - first);
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
        public float* DGates, DCell, DHidden, DCellNext, Gates, Cell, CellNext;
        public float Beta;
        public int Hidden;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            for (long row = start; row < end; row++)
            {
                for (int first = 0; first < Hidden; first += GateOrder.Group)
                {
                    int width = Math.Min(GateOrder.Group, Hidden - first);
                    for (int j = 0; j < width; j += T.Width)
                        RunLane<T>((row * Hidden) + first, j, width);
                }
            }
        }

        private readonly void RunLane<T>(long group, int j, int width) where T : struct, ISimdLane<T>
        {
            int left = width - j;
            long at = group + j, gate = (GateOrder.Gates * group) + j;
            float* gates = Gates + gate, dGates = DGates + gate;
            var zero = T.Const(0f);
            T i = T.Load(gates, left), f = T.Load(gates + width, left);
            T g = T.Load(gates + (2 * width), left), o = T.Load(gates + (3 * width), left);
            var dc = Body.Backward(
                ref i, ref f, ref g, ref o,
                Cell is null ? zero : T.Load(Cell + at, left),
                T.Load(CellNext + at, left),
                DHidden is null ? zero : T.Load(DHidden + at, left),
                DCellNext is null ? zero : T.Load(DCellNext + at, left));
            i.Store(dGates, left);
            f.Store(dGates + width, left);
            g.Store(dGates + (2 * width), left);
            o.Store(dGates + (3 * width), left);
            if (DCell is null)
                return;
            if (Beta != 0)
                dc += T.Load(DCell + at, left);
            dc.Store(DCell + at, left);
        }
    }
}
