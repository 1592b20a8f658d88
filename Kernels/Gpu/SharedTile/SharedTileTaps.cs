using System.Runtime.CompilerServices;
using Gqn.Native.Kernels.Shapes;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>One convolution of a sum, as the kernel sees it.</summary>
/// <remarks>
/// An image split into patches of S x S is treated as one with S times as many channels and a filter of S x 1 taps that
/// moves down S rows at a time: a row of a patch is contiguous in memory, and so are its weights.
/// </remarks>
internal struct SharedTileTerm
{
    public ArrayView<float> X, W;

    /// <summary>Channels along the reduction axis, and of x as it lies in memory.</summary>
    public int Channels;

    /// <summary>Taps of the filter, and rows and columns of zeros on each side of an image.</summary>
    public int TapRows, TapColumns, PaddingRows, PaddingColumns;

    /// <summary>
    /// Not 0 if the filter is a matrix [tap][channel][output], as without padding; else outputs are in blocks.
    /// </summary>
    public int IsPlain;

    /// <summary>Not 0 if all quads of x begin at multiples of 16 bytes.</summary>
    public int AlignedX;

    public readonly int Taps => TapRows * TapColumns;

    /// <summary>Slices of the reduction axis: no slice holds channels of two taps.</summary>
    public readonly int Slices => Taps * Ceiling.Divide(Channels, SharedTile.Depth);
}

/// <summary>Up to four convolutions, tap by tap, and within each tap channel by channel.</summary>
internal struct TapWalk : ISharedTileWalk
{
    public SharedTileTerm First, Second, Third, Fourth;

    /// <summary>The current convolution; valid until the next step only, so that the loop need not carry it.</summary>
    public SharedTileTerm Term;

    /// <summary>What the loop carries of <see cref="Term"/>.</summary>
    public ArrayView<float> X, W;
    public int Channels, AlignedX;

    /// <summary>Tap and first channel of the slice.</summary>
    public int TapRow, TapColumn, Channel;

    /// <summary>By how many pixels a jump moves what is seen through the tap.</summary>
    public int MoveDown, MoveRight;

    private int _index;

    /// <summary>Index of the tap among all taps.</summary>
    public readonly int Tap => (TapRow * Term.TapColumns) + TapColumn;

    /// <summary>A walk along one convolution, which also fills the places of the others.</summary>
    public static TapWalk Of(in SharedTileTerm term) =>
        new() { First = term, Second = term, Third = term, Fourth = term, Term = term };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin()
    {
        Take(First);
        (TapRow, TapColumn, Channel, _index) = (0, 0, 0, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Step()
    {
        Channel += SharedTile.Depth;
        return Channel < Channels;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Jump()
    {
        Find();
        MoveDown = Term.PaddingRows - TapRow;
        MoveRight = Term.PaddingColumns - TapColumn;
        Channel = 0;
        TapColumn++;
        if (TapColumn == Term.TapColumns)
        {
            TapColumn = 0;
            TapRow++;
        }

        if (TapRow == Term.TapRows)
        {
            TapRow = 0;
            _index++;
            Find();
        }

        MoveDown += TapRow - Term.PaddingRows;
        MoveRight += TapColumn - Term.PaddingColumns;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Find()
    {
        if (_index == 0)
            Take(First);
        else if (_index == 1)
            Take(Second);
        else if (_index == 2)
            Take(Third);
        else
            Take(Fourth);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Take(SharedTileTerm term)
    {
        Term = term;
        (X, W, Channels, AlignedX) = (term.X, term.W, term.Channels, term.AlignedX);
    }
}

/// <summary>Sizes of the images of a convolution, as <see cref="SharedTileTerm"/> sees them.</summary>
internal struct SharedTileImages
{
    /// <summary>Output pixels of all images.</summary>
    public int Pixels;

    /// <summary>Height and width of an input, and of an output; patches have as many columns as the output.</summary>
    public int H, W, OutH, OutW;

    /// <summary>Input rows per output row.</summary>
    public int Stride;

    public static SharedTileImages Of(in Conv2dShape shape) => new()
    {
        Pixels = checked(shape.N * shape.OutH * shape.OutW),
        H = shape.H,
        W = shape.OutW,
        OutH = shape.OutH,
        OutW = shape.OutW,
        Stride = shape.Stride,
    };
}

/// <summary>Rows of the product are output pixels, which gather the input pixels of a tap.</summary>
internal struct GatheredPixels : ISharedTileOperand<TapWalk>
{
    public SharedTileImages Images;

    private int _x, _y, _pixel, _inner, _offset, _left;

    public static bool AlongInner => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(in TapWalk walk, int outer, int inner)
    {
        int row = outer / Images.OutW, image = row / Images.OutH;
        _x = outer - (row * Images.OutW) - walk.Term.PaddingColumns;
        _y = ((row - (image * Images.OutH)) * Images.Stride) - walk.Term.PaddingRows;
        _pixel = (((image * Images.H) + _y) * Images.W) + _x;
        _inner = inner;
        // Beyond the last pixel, no tap is inside an image.
        if (outer >= Images.Pixels)
            _y = int.MinValue / 2;
        Find(walk);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step(in TapWalk walk)
    {
        _offset += SharedTile.Depth;
        _left -= SharedTile.Depth;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Jump(in TapWalk walk)
    {
        _x += walk.MoveRight;
        _y += walk.MoveDown;
        _pixel += (walk.MoveDown * Images.W) + walk.MoveRight;
        Find(walk);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Quad Load(in TapWalk walk) => Quad.Load(walk.X, _offset, _left, walk.AlignedX);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Find(in TapWalk walk)
    {
        _offset = (_pixel * walk.Channels) + _inner;
        _left = _y >= 0 && _y < Images.H && _x >= 0 && _x < Images.W ? walk.Channels - _inner : 0;
    }
}

/// <summary>Columns of the product are output channels: neighbouring outputs of w for one input channel.</summary>
internal struct WeightColumns : ISharedTileOperand<TapWalk>
{
    /// <summary>Output channels.</summary>
    public int K;

    /// <summary>Not 0 if all quads of all w begin at multiples of 16 bytes.</summary>
    public int AlignedW;

    private int _column, _inner, _offset, _step, _left;

    public static bool AlongInner => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(in TapWalk walk, int outer, int inner)
    {
        (_column, _inner) = (outer, inner);
        Find(walk);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step(in TapWalk walk)
    {
        _offset += _step;
        _left -= SharedTile.Depth;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Jump(in TapWalk walk) => Find(walk);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Quad Load(in TapWalk walk) =>
        Quad.Load(walk.W, _offset, _left > 0 ? K - _column : 0, AlignedW);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Find(in TapWalk walk)
    {
        var place = WeightPlace.Of(walk.Term, K, _column);
        _offset = place.At(_inner, walk.Tap);
        _step = SharedTile.Depth * place.ChannelStep;
        _left = walk.Channels - _inner;
    }
}

/// <summary>
/// Columns of the product are input channels: neighbouring output channels of w, the reduction axis, for one input
/// channel. For the adjoint of a convolution of stride 1, whose taps are those of the convolution in reverse order.
/// </summary>
internal struct WeightRows : ISharedTileOperand<TapWalk>
{
    /// <summary>Input channels.</summary>
    public int C;

    /// <summary>Not 0 if all quads of w begin at multiples of 16 bytes.</summary>
    public int AlignedW;

    private int _column, _inner, _offset, _left;

    public static bool AlongInner => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(in TapWalk walk, int outer, int inner)
    {
        (_column, _inner) = (outer, inner);
        Find(walk);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step(in TapWalk walk)
    {
        _offset += SharedTile.Depth;
        _left -= SharedTile.Depth;
        if ((walk.Channel & (Conv2dShape.WeightBlock - 1)) == 0)
            Find(walk);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Jump(in TapWalk walk) => Find(walk);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Quad Load(in TapWalk walk) => Quad.Load(walk.W, _offset, _left, AlignedW);

    // Slices do not straddle blocks. Only the first convolution is used: gradients are computed one by one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Find(in TapWalk walk)
    {
        int outputs = walk.First.Channels, output = walk.Channel + _inner, taps = walk.First.Taps;
        int tap = taps - 1 - ((walk.TapRow * walk.First.TapColumns) + walk.TapColumn);
        int first = 0, width = outputs;
        if (walk.First.IsPlain == 0)
        {
            first = output & -Conv2dShape.WeightBlock;
            width = Math.Min(Conv2dShape.WeightBlock, outputs - first);
        }

        _offset = (((first * C) + (_column * width)) * taps) + (tap * width) + (output - first);
        _left = _column < C ? outputs - output : 0;
    }
}

/// <summary>Where the weights of an output channel lie; see <see cref="Conv2dShape.WeightIndex"/>.</summary>
internal struct WeightPlace
{
    /// <summary>Distance between input channels, and between taps.</summary>
    public int ChannelStep, TapStep;

    private int _first;

    /// <summary>For output channel <paramref name="k"/> of <paramref name="outputs"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WeightPlace Of(in SharedTileTerm term, int outputs, int k)
    {
        if (term.IsPlain != 0)
            return new WeightPlace { _first = k, ChannelStep = outputs, TapStep = term.Channels * outputs };
        int first = k & -Conv2dShape.WeightBlock, width = Math.Min(Conv2dShape.WeightBlock, outputs - first);
        return new WeightPlace
        {
            _first = (first * term.Channels * term.Taps) + (k - first),
            ChannelStep = term.Taps * width,
            TapStep = width,
        };
    }

    /// <summary>Index of the weight of an input channel and a tap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly int At(int channel, int tap) => _first + (channel * ChannelStep) + (tap * TapStep);
}
