using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Lanes;
using Gqn.Native.Kernels.Pointwise;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>y = f(addend + sums + row of the table + bias)</summary>
internal struct SumEpilogue<TActivation> : ISharedTileEpilogue where TActivation : unmanaged, IFusedActivation
{
    public ArrayView<float> Y, Addend, Bias;
    public BorderTable Table;
    public TActivation Activation;

    /// <summary>Size of y.</summary>
    public int Rows, Columns;

    public int ReadAddend, ReadBias;

    /// <summary>Not 0 if all quads of all arrays begin at multiples of 16 bytes.</summary>
    public int Aligned;

    private int _column;
    private Quad _bias;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(int column)
    {
        _column = column;
        if (ReadBias != 0)
            _bias = Quad.Load(Bias, column, Columns - column, Aligned);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(int row, Quad sums)
    {
        if (row >= Rows || _column >= Columns)
            return;
        int at = (row * Columns) + _column, count = Columns - _column;
        sums += _bias;
        if (ReadAddend != 0)
            sums += Quad.Load(Addend, at, count, Aligned);
        if (Table.Exists != 0)
            sums += Quad.Load(Table.Values, (Table.Row(row) * Columns) + _column, count, Aligned);
        var y = new Quad
        {
            X = Activation.Forward(new F32(sums.X)).Value,
            Y = Activation.Forward(new F32(sums.Y)).Value,
            Z = Activation.Forward(new F32(sums.Z)).Value,
            W = Activation.Forward(new F32(sums.W)).Value,
        };
        y.Store(Y, at, count, Aligned);
    }
}

/// <summary>Rows are patches, columns their pixels and channels: writes patches back to where they were.</summary>
internal struct PatchEpilogue : ISharedTileEpilogue
{
    public ArrayView<float> X;

    /// <summary>Number of patches; patches side by side; rows of a patch, and floats in each.</summary>
    public int Patches, PatchesAcross, PatchRows, RowLength;

    /// <summary>Not 0 to accumulate into x.</summary>
    public int Add;

    /// <summary>Not 0 if all quads of x begin at multiples of 16 bytes.</summary>
    public int Aligned;

    private int _column;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(int column) => _column = column;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(int row, Quad sums)
    {
        int count = (PatchRows * RowLength) - _column;
        if (row >= Patches || count <= 0)
            return;
        int line = row / PatchesAcross, across = row - (line * PatchesAcross);
        if (Aligned != 0)
        {
            int at = Place(line, across, _column);
            if (Add != 0)
                sums += Quad.Load(X, at, count, Aligned);
            sums.Store(X, at, count, Aligned);
        }
        else
        {
            // Four neighbours may span two rows of the patch.
            Store(Place(line, across, _column), sums.X);
            if (count > 1)
                Store(Place(line, across, _column + 1), sums.Y);
            if (count > 2)
                Store(Place(line, across, _column + 2), sums.Z);
            if (count > 3)
                Store(Place(line, across, _column + 3), sums.W);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly int Place(int line, int across, int column)
    {
        int patchRow = column / RowLength;
        return (((((line * PatchRows) + patchRow) * PatchesAcross) + across) * RowLength)
            + (column - (patchRow * RowLength));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Store(int at, float sum) => X[at] = Add != 0 ? X[at] + sum : sum;
}

/// <summary>Rows are taps and input channels, columns are outputs: a weight gradient, or one of its parts.</summary>
internal struct WeightGradientEpilogue : ISharedTileEpilogue
{
    public ArrayView<float> Dw;

    /// <summary>The convolution; its arrays are not read.</summary>
    public SharedTileTerm Term;

    /// <summary>Output channels.</summary>
    public int K;

    /// <summary>Not 0 to accumulate into dw.</summary>
    public int Add;

    /// <summary>Not 0 if all quads of dw begin at multiples of 16 bytes.</summary>
    public int Aligned;

    private WeightPlace _place;
    private int _count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(int column)
    {
        _place = WeightPlace.Of(Term, K, column);
        _count = K - column;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(int row, Quad sums)
    {
        int channels = TapPixels.PaddedChannels(Term.Channels), tap = row / channels, channel = row - (tap * channels);
        if (_count <= 0 || tap >= Term.Taps || channel >= Term.Channels)
            return;
        int at = (Grid.IdxZ * Term.Taps * Term.Channels * K) + _place.At(channel, tap);
        if (Add != 0)
            sums += Quad.Load(Dw, at, _count, Aligned);
        sums.Store(Dw, at, _count, Aligned);
    }
}
