using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Shapes;
using ILGPU;
using Body = Gqn.Native.Kernels.Pointwise.LstmCell;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>
/// Columns of the product are the four gates of one hidden channel after another, so that an item has all sums of a
/// cell in one quad, for any number of channels.
/// </summary>
/// <remarks>
/// The gates of a group of <see cref="GateOrder"/> lie in two blocks of weights. Adjacent items read the same gate of
/// adjacent channels.
/// </remarks>
internal struct GateWeightColumns : ISharedTileOperand<TapWalk>
{
    /// <summary>Channels of the hidden state.</summary>
    public int Hidden;

    private int _channel, _inner, _left, _near, _nearStep, _far, _farStep, _block;

    public static bool AlongInner => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(in TapWalk walk, int outer, int inner)
    {
        (_channel, _inner) = (outer / GateOrder.Gates, inner);
        Find(walk);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step(in TapWalk walk)
    {
        _near += _nearStep;
        _far += _farStep;
        _left -= SharedTile.Depth;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Jump(in TapWalk walk) => Find(walk);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Quad Load(in TapWalk walk)
    {
        Quad result = default;
        if (_left > 0)
        {
            int within = _channel & (GateOrder.Group - 1), width = GateOrder.Width(_channel, Hidden);
            result.X = walk.W[Place(within)];
            result.Y = walk.W[Place(within + width)];
            result.Z = walk.W[Place(within + (2 * width))];
            result.W = walk.W[Place(within + (3 * width))];
        }

        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly int Place(int column) => column + (column < _block ? _near : _far);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Find(in TapWalk walk)
    {
        int outputs = GateOrder.Gates * Hidden, group = GateOrder.Gates * (_channel & -GateOrder.Group);
        var near = WeightPlace.Of(walk.Term, outputs, group);
        var far = WeightPlace.Of(walk.Term, outputs, group + Conv2dShape.WeightBlock);
        _near = near.At(_inner, walk.Tap);
        _nearStep = SharedTile.Depth * near.ChannelStep;
        _far = far.At(_inner, walk.Tap) - Conv2dShape.WeightBlock;
        _farStep = SharedTile.Depth * far.ChannelStep;
        _left = _channel < Hidden ? walk.Channels - _inner : 0;
        _block = walk.Term.IsPlain != 0 ? int.MaxValue : Conv2dShape.WeightBlock;
    }
}

/// <summary>The cell on the gates addend + sums + row of the table + bias, one quad per channel.</summary>
internal struct SharedTileCellEpilogue : ISharedTileEpilogue
{
    public ArrayView<float> CellNext, HiddenState, Gates, Cell, Addend, Bias;
    public BorderTable Table;

    /// <summary>Pixels, and channels of the hidden state.</summary>
    public int Rows, Hidden;

    public int WriteGates, ReadCell, ReadAddend, ReadBias;

    private int _channel, _gate, _width;
    private Quad _bias;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(int column)
    {
        _channel = column / GateOrder.Gates;
        (_gate, _width) = (GateOrder.Index(_channel), GateOrder.Width(_channel, Hidden));
        if (ReadBias != 0 && _channel < Hidden)
            _bias = Read(Bias, _gate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(int row, Quad sums)
    {
        if (row >= Rows || _channel >= Hidden)
            return;
        int outputs = GateOrder.Gates * Hidden, gates = (row * outputs) + _gate, at = (row * Hidden) + _channel;
        sums += _bias;
        if (ReadAddend != 0)
            sums += Read(Addend, gates);
        if (Table.Exists != 0)
            sums += Read(Table.Values, (Table.Row(row) * outputs) + _gate);
        F32 i = new(sums.X), f = new(sums.Y), g = new(sums.Z), o = new(sums.W);
        var (next, hidden) = Body.Forward(ref i, ref f, ref g, ref o, new F32(ReadCell != 0 ? Cell[at] : 0f));
        CellNext[at] = next.Value;
        HiddenState[at] = hidden.Value;
        if (WriteGates == 0)
            return;
        Gates[gates] = i.Value;
        Gates[gates + _width] = f.Value;
        Gates[gates + (2 * _width)] = g.Value;
        Gates[gates + (3 * _width)] = o.Value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly Quad Read(ArrayView<float> source, int gate) =>
        new()
        {
            X = source[gate],
            Y = source[gate + _width],
            Z = source[gate + (2 * _width)],
            W = source[gate + (3 * _width)],
        };
}
