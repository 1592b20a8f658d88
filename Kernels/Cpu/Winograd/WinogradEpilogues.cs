using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;

namespace Gqn.Native.Kernels.Cpu;

/// <summary>output = f(addend + sum + table + bias)</summary>
internal unsafe struct WinogradActivation<TActivation> : IWinogradEpilogue where TActivation : unmanaged, IFusedActivation
{
    /// <summary>One value per column, and the table of a <see cref="ConstantMap"/>; null for none.</summary>
    public float* Bias, Table;

    public TActivation Activation;

    public static int ItemColumns => MicroKernel.Columns;

    public readonly void Finish<T>(
        in WinogradTiling tiling, in WinogradTarget target, in WinogradSums sums, int first, int last, int column)
        where T : unmanaged, ISimdLane<T>
    {
        int columns = Math.Min(ItemColumns, target.Columns - column);
        var classes = new ConstantMapTable(Table, tiling.Shape with { K = target.Columns });
        for (int tile = first; tile < last; tile++)
        {
            var (image, y, x) = tiling.At(tile);
            int lines = Math.Min(WinogradTiling.Outputs, tiling.Height - y);
            int pixels = Math.Min(WinogradTiling.Outputs, tiling.Width - x);
            for (int lane = 0; lane < columns; lane += T.Width)
            {
                int count = columns - lane;
                float* values = sums.Transform<T>(tiling.Kernel, sums.At(tile - first, lane, columns), 0);
                var bias = Bias is null ? T.Const(0f) : T.Load(Bias + column + lane, count);
                for (int i = 0; i < lines; i++)
                {
                    nint at = ((((((nint)image * tiling.Height) + y + i) * tiling.Width) + x) * target.Columns)
                        + column + lane;
                    for (int j = 0; j < pixels; j++, at += target.Columns)
                    {
                        var value = T.Load(values + (((i * WinogradTiling.Outputs) + j) * T.Width)) + bias;
                        if (target.Addend is not null)
                            value += T.Load(target.Addend + at, count);
                        if (Table is not null)
                            value += T.Load(classes.At(image, y + i, x + j) + column + lane, count);
                        Activation.Forward(value).Store(target.Output + at, count);
                    }
                }
            }
        }
    }
}

/// <summary>
/// The ConvLSTM cell on sums that are gates in <see cref="GateOrder"/>: an item has all four gates of 16 channels, so
/// the pre-activations are never written.
/// </summary>
internal unsafe struct WinogradLstmCell : IWinogradEpilogue
{
    /// <summary>As in <see cref="Conv2dKernels.ForwardLstmCell"/>; the table is that of the constant maps.</summary>
    public float* CellNext, HiddenState, Gates, Cell, Addend, Table, Bias;

    public static int ItemColumns => GateOrder.Gates * GateOrder.Group;

    public readonly void Finish<T>(
        in WinogradTiling tiling, in WinogradTarget target, in WinogradSums sums, int first, int last, int column)
        where T : unmanaged, ISimdLane<T>
    {
        int columns = Math.Min(ItemColumns, target.Columns - column), width = columns / GateOrder.Gates;
        for (int tile = first; tile < last; tile++)
        {
            for (int lane = 0; lane < width; lane += T.Width)
            {
                for (int gate = 0; gate < GateOrder.Gates; gate++)
                {
                    int at = (gate * width) + lane;
                    sums.Transform<T>(tiling.Kernel, sums.At(tile - first, at, columns), gate);
                }

                Step<T>(tiling, sums.Outputs, tile, target.Columns, column, lane, width);
            }
        }
    }

    private readonly void Step<T>(
        in WinogradTiling tiling, float* sums, int tile, int columns, int column, int lane, int width)
        where T : unmanaged, ISimdLane<T>
    {
        var (image, y, x) = tiling.At(tile);
        int lines = Math.Min(WinogradTiling.Outputs, tiling.Height - y);
        int pixels = Math.Min(WinogradTiling.Outputs, tiling.Width - x), left = width - lane;
        var classes = new ConstantMapTable(Table, tiling.Shape with { K = columns });
        var zero = T.Const(0f);
        int gate = column + lane;
        var biasI = Bias is null ? zero : T.Load(Bias + gate, left);
        var biasF = Bias is null ? zero : T.Load(Bias + gate + width, left);
        var biasG = Bias is null ? zero : T.Load(Bias + gate + (2 * width), left);
        var biasO = Bias is null ? zero : T.Load(Bias + gate + (3 * width), left);
        for (int line = 0; line < lines; line++)
        {
            nint pixel = ((((nint)image * tiling.Height) + y + line) * tiling.Width) + x;
            float* sum = sums + (line * WinogradTiling.Outputs * T.Width);
            for (int j = 0; j < pixels; j++, pixel++, sum += T.Width)
            {
                T i = T.Load(sum) + biasI, f = T.Load(sum + (16 * T.Width)) + biasF;
                T g = T.Load(sum + (32 * T.Width)) + biasG, o = T.Load(sum + (48 * T.Width)) + biasO;
                nint atGates = (pixel * columns) + gate;
                nint at = (pixel * (columns / GateOrder.Gates)) + (column / GateOrder.Gates) + lane;
                if (Table is not null)
                    Add(classes.At(image, y + line, x + j) + gate, width, left, ref i, ref f, ref g, ref o);
                if (Addend is not null)
                    Add(Addend + atGates, width, left, ref i, ref f, ref g, ref o);
                var cell = Cell is null ? zero : T.Load(Cell + at, left);
                (var next, var hidden) = LstmCell.Forward(ref i, ref f, ref g, ref o, cell);
                next.Store(CellNext + at, left);
                hidden.Store(HiddenState + at, left);
                if (Gates is null)
                    continue;
                float* gates = Gates + atGates;
                i.Store(gates, left);
                f.Store(gates + width, left);
                g.Store(gates + (2 * width), left);
                o.Store(gates + (3 * width), left);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<T>(float* from, int width, int left, ref T i, ref T f, ref T g, ref T o)
        where T : unmanaged, ISimdLane<T>
    {
        i += T.Load(from, left);
        f += T.Load(from + width, left);
        g += T.Load(from + (2 * width), left);
        o += T.Load(from + (3 * width), left);
    }
}
