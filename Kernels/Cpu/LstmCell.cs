using Gqn.Native.Kernels.Lanes;
using Body = Gqn.Native.Kernels.Pointwise.LstmCell;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>The gates of a ConvLSTM cell over rows of [i|f|g|o] pre-activations, 4·hidden wide.</summary>
public static unsafe class LstmCellKernels
{
    /// <summary>
    /// cellNext and hiddenState [rows, hidden] from gates [rows, 4·hidden] and cell; a null cell is all zero.
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
    /// dGates and dCell from the gradients of the hidden state and of cellNext; either of those, the cell and dCell may
    /// be null (absent, that is zero). dCell = beta·dCell + ...; dGates is written and may be the same memory as gates.
    /// </summary>
    public static void Backward(
        CpuWorkspace workspace, float* dGates, float* dCell, float beta, float* dHidden, float* dCellNext, float* gates,
        float* cell, long rows, int hidden) =>
        LaneLoop.For(workspace, rows, hidden * 6L, new BackwardLoop
        {
            DGates = dGates,
            DCell = dCell,
            Beta = beta,
            DHidden = dHidden,
            DCellNext = dCellNext,
            Gates = gates,
            Cell = cell,
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
                float* gates = Gates + (row * 4 * Hidden);
                long at = row * Hidden;
                for (int j = 0; j < Hidden; j += T.Width)
                {
                    int left = Hidden - j;
                    T cell = Cell is null ? T.Const(0f) : T.Load(Cell + at + j, left);
                    var (next, hidden) = Body.Forward(
                        T.Load(gates + j, left), T.Load(gates + Hidden + j, left),
                        T.Load(gates + (2 * Hidden) + j, left), T.Load(gates + (3 * Hidden) + j, left), cell);
                    next.Store(CellNext + at + j, left);
                    hidden.Store(HiddenState + at + j, left);
                }
            }
        }
    }

    private struct BackwardLoop : ILaneLoop
    {
        public float* DGates, DCell, DHidden, DCellNext, Gates, Cell;
        public float Beta;
        public int Hidden;

        public readonly void Run<T>(long start, long end) where T : struct, ISimdLane<T>
        {
            T zero = T.Const(0f);
            for (long row = start; row < end; row++)
            {
                float* gates = Gates + (row * 4 * Hidden), dGates = DGates + (row * 4 * Hidden);
                long at = row * Hidden;
                for (int j = 0; j < Hidden; j += T.Width)
                {
                    int left = Hidden - j;
                    var (di, df, dg, dout, dc) = Body.Backward(
                        T.Load(gates + j, left), T.Load(gates + Hidden + j, left),
                        T.Load(gates + (2 * Hidden) + j, left), T.Load(gates + (3 * Hidden) + j, left),
                        Cell is null ? zero : T.Load(Cell + at + j, left),
                        DHidden is null ? zero : T.Load(DHidden + at + j, left),
                        DCellNext is null ? zero : T.Load(DCellNext + at + j, left));
                    di.Store(dGates + j, left);
                    df.Store(dGates + Hidden + j, left);
                    dg.Store(dGates + (2 * Hidden) + j, left);
                    dout.Store(dGates + (3 * Hidden) + j, left);
                    if (DCell is null)
                        continue;
                    if (Beta != 0)
                        dc += T.Load(DCell + at + j, left);
                    dc.Store(DCell + at + j, left);
                }
            }
        }
    }
}
