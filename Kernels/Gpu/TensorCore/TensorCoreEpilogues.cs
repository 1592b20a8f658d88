using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Pointwise;
using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>y = f(addend + sums + table entry of the border class + bias)</summary>
/// <remarks>
/// A thread keeps one column and walks the rows, so that a warp's writes are coalesced. Eight rows' values are fetched
/// before the first is used: with one at a time, the end of the tile would wait for memory once per row.
/// </remarks>
internal readonly struct ActivationEpilogue<TActivation> : ITensorCoreEpilogue where TActivation : struct, IFusedActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Apply<TTile>(in TensorCoreArgs args, int firstColumn, int part)
        where TTile : struct, ITensorCoreShape
    {
        int within = Group.IdxX % TTile.Columns, column = firstColumn + within;
        if (column >= args.Columns)
            return;
        // index(row, column) = row's index · scale + offset of the column.
        int scale = args.Columns, offset = column;
        if (args.Patch != 0)
        {
            int tap = column / args.Channels, y = tap / args.Patch;
            scale = 1;
            offset = (((y * args.Width * args.Patch) + tap - (y * args.Patch)) * args.Channels)
                + column - (tap * args.Channels);
        }

        if (args.Blocked != 0)
        {
            int first = column - (column % Conv2dShape.WeightBlock), left = args.Columns - first;
            scale = left < Conv2dShape.WeightBlock ? left : Conv2dShape.WeightBlock;
            offset = (first * args.Channels * args.Taps) + column - first;
        }

        offset += part * args.PartStride;
        float bias = args.HasBias != 0 ? args.Bias[column] : 0f;
        int pass = TensorCoreShared.Threads / TTile.Columns, stride = TensorCoreShared.SumStride<TTile>();
        int fallback = TensorCoreShared.RowIndex(0);
        if (fallback < 0)
            fallback = 0;
        for (int row = Group.IdxX / TTile.Columns; row < TTile.Rows; row += 8 * pass)
        {
            var values = default(Eight);
            values.Set(bias);
            if (args.HasAddend != 0)
                values.Gather(args.Addend, row, pass, fallback, scale, offset);
            if (args.HasTable != 0)
                values.GatherBorder(args.Table, row, pass, column);
            values.AddSums((row * stride) + within, pass * stride);
            values.Write<TActivation>(args.Y, row, pass, scale, offset);
        }
    }

    // Values of eight rows, one pass apart.
    private struct Eight
    {
        private float _v0, _v1, _v2, _v3, _v4, _v5, _v6, _v7;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Set(float value) =>
            (_v0, _v1, _v2, _v3, _v4, _v5, _v6, _v7) = (value, value, value, value, value, value, value, value);

        // A row without an index reads at the fallback's, and is not written.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Gather(ArrayView<float> from, int row, int pass, int fallback, int scale, int offset)
        {
            float a0 = At(from, row, fallback, scale, offset), a1 = At(from, row + pass, fallback, scale, offset);
            float a2 = At(from, row + (2 * pass), fallback, scale, offset);
            float a3 = At(from, row + (3 * pass), fallback, scale, offset);
            float a4 = At(from, row + (4 * pass), fallback, scale, offset);
            float a5 = At(from, row + (5 * pass), fallback, scale, offset);
            float a6 = At(from, row + (6 * pass), fallback, scale, offset);
            float a7 = At(from, row + (7 * pass), fallback, scale, offset);
            Add(a0, a1, a2, a3, a4, a5, a6, a7);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void GatherBorder(ArrayView<float> from, int row, int pass, int column)
        {
            float a0 = from[TensorCoreShared.RowBorder(row) + column];
            float a1 = from[TensorCoreShared.RowBorder(row + pass) + column];
            float a2 = from[TensorCoreShared.RowBorder(row + (2 * pass)) + column];
            float a3 = from[TensorCoreShared.RowBorder(row + (3 * pass)) + column];
            float a4 = from[TensorCoreShared.RowBorder(row + (4 * pass)) + column];
            float a5 = from[TensorCoreShared.RowBorder(row + (5 * pass)) + column];
            float a6 = from[TensorCoreShared.RowBorder(row + (6 * pass)) + column];
            float a7 = from[TensorCoreShared.RowBorder(row + (7 * pass)) + column];
            Add(a0, a1, a2, a3, a4, a5, a6, a7);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void AddSums(int at, int step)
        {
            var sums = TensorCoreShared.Sums();
            Add(
                sums[at], sums[at + step], sums[at + (2 * step)], sums[at + (3 * step)], sums[at + (4 * step)],
                sums[at + (5 * step)], sums[at + (6 * step)], sums[at + (7 * step)]);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Write<TOp>(ArrayView<float> to, int row, int pass, int scale, int offset)
            where TOp : struct, IUnaryOp
        {
            Put<TOp>(to, row, _v0, scale, offset);
            Put<TOp>(to, row + pass, _v1, scale, offset);
            Put<TOp>(to, row + (2 * pass), _v2, scale, offset);
            Put<TOp>(to, row + (3 * pass), _v3, scale, offset);
            Put<TOp>(to, row + (4 * pass), _v4, scale, offset);
            Put<TOp>(to, row + (5 * pass), _v5, scale, offset);
            Put<TOp>(to, row + (6 * pass), _v6, scale, offset);
            Put<TOp>(to, row + (7 * pass), _v7, scale, offset);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Add(float a0, float a1, float a2, float a3, float a4, float a5, float a6, float a7)
        {
            _v0 += a0;
            _v1 += a1;
            _v2 += a2;
            _v3 += a3;
            _v4 += a4;
            _v5 += a5;
            _v6 += a6;
            _v7 += a7;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static float At(ArrayView<float> from, int row, int fallback, int scale, int offset)
        {
            int index = TensorCoreShared.RowIndex(row);
            return from[((index < 0 ? fallback : index) * scale) + offset];
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Put<TOp>(ArrayView<float> to, int row, float value, int scale, int offset)
            where TOp : struct, IUnaryOp
        {
            int index = TensorCoreShared.RowIndex(row);
            float result = default(TOp).Forward(new F32(value)).Value;
            if (index >= 0)
                to[(index * scale) + offset] = result;
        }
    }
}

/// <summary>c′ = σ(f)·c + σ(i)·tanh(g), h = σ(o)·tanh(c′) of the gates addend + sums + table entry + bias.</summary>
/// <remarks>
/// 64 columns are the four gates of 16 channels (<see cref="GateOrder"/>), so a tile holds all that its channels need.
/// Y receives the activated gates if HasGates is set.
/// </remarks>
internal readonly struct LstmCellEpilogue : ITensorCoreEpilogue
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Apply<TTile>(in TensorCoreArgs args, int firstColumn, int part)
        where TTile : struct, ITensorCoreShape
    {
        int across = TTile.Columns / GateOrder.Gates, lane = Group.IdxX % across;
        int hidden = args.Columns / GateOrder.Gates, channel = (firstColumn / GateOrder.Gates) + lane;
        if (channel >= hidden)
            return;
        int width = GateOrder.Width(channel, hidden), column = GateOrder.Index(lane), gate = firstColumn + column;
        int pass = TensorCoreShared.Threads / across;
        var bias = default(Gates);
        if (args.HasBias != 0)
            bias.Read(args.Bias, gate, width);
        for (int row = Group.IdxX / across; row < TTile.Rows; row += 2 * pass)
        {
            // Two rows at a time, with all loads in flight before the first value is used.
            int first = TensorCoreShared.RowIndex(row), second = TensorCoreShared.RowIndex(row + pass);
            // A row without a pixel reads at pixel 0, and is not written.
            int one = first < 0 ? 0 : first, two = second < 0 ? 0 : second;
            Gates a = bias, b = bias;
            float cellA = 0f, cellB = 0f;
            if (args.HasCell != 0)
            {
                cellA = args.Cell[(one * hidden) + channel];
                cellB = args.Cell[(two * hidden) + channel];
            }

            if (args.HasAddend != 0)
            {
                Gates c = default, d = default;
                c.Read(args.Addend, (one * args.Columns) + gate, width);
                d.Read(args.Addend, (two * args.Columns) + gate, width);
                a.Add(c);
                b.Add(d);
            }

            if (args.HasTable != 0)
            {
                Gates c = default, d = default;
                c.Read(args.Table, TensorCoreShared.RowBorder(row) + gate, width);
                d.Read(args.Table, TensorCoreShared.RowBorder(row + pass) + gate, width);
                a.Add(c);
                b.Add(d);
            }

            Finish<TTile>(args, a, cellA, row, column, width, first, channel, gate);
            Finish<TTile>(args, b, cellB, row + pass, column, width, second, channel, gate);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TTile>(
        in TensorCoreArgs args, Gates gates, float cell, int row, int column, int width, int pixel, int channel, int gate)
        where TTile : struct, ITensorCoreShape
    {
        Gates sums = default;
        sums.Read(TensorCoreShared.Sums(), (row * TensorCoreShared.SumStride<TTile>()) + column, width);
        gates.Add(sums);
        F32 i = new(gates.I), f = new(gates.F), g = new(gates.G), o = new(gates.O);
        var (next, hidden) = LstmCell.Forward(ref i, ref f, ref g, ref o, new F32(cell));
        if (pixel < 0)
            return;
        int at = (pixel * (args.Columns / GateOrder.Gates)) + channel;
        args.CellNext[at] = next.Value;
        args.Hidden[at] = hidden.Value;
        if (args.HasGates == 0)
            return;
        int to = (pixel * args.Columns) + gate;
        args.Y[to] = i.Value;
        args.Y[to + width] = f.Value;
        args.Y[to + (2 * width)] = g.Value;
        args.Y[to + (3 * width)] = o.Value;
    }

    private struct Gates
    {
        public float I, F, G, O;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Read(ArrayView<float> from, int at, int width)
        {
            I = from[at];
            F = from[at + width];
            G = from[at + (2 * width)];
            O = from[at + (3 * width)];
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(in Gates other)
        {
            I += other.I;
            F += other.F;
            G += other.G;
            O += other.O;
        }
    }
}
