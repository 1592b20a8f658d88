using System.Runtime.CompilerServices;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>A summed axis without structure, in parts along the third axis of the grid.</summary>
internal struct LinearWalk : ISharedTileWalk
{
    /// <summary>All of the axis, and how much of it a group takes: whole slices, but for the last.</summary>
    public int Length, Part;

    /// <summary>First element of the slice, and where the group's part ends.</summary>
    public int Inner, End;

    /// <summary>One part that is all of it.</summary>
    public static LinearWalk Whole(int length) => new() { Length = length, Part = length };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin()
    {
        Inner = Grid.IdxZ * Part;
        End = Math.Min(Inner + Part, Length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Next()
    {
        Inner += SharedTile.Depth;
        return false;
    }
}

/// <summary>A matrix whose rows lie along the summed axis.</summary>
internal struct MatrixRows : ISharedTileOperand<LinearWalk>
{
    public ArrayView<float> Source;

    /// <summary>Rows of the matrix.</summary>
    public int Outer;

    /// <summary>Not 0 where all quads begin at multiples of 16 bytes.</summary>
    public int Aligned;

    private int _offset, _inner;

    public static bool AlongInner => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(in LinearWalk walk, int outer, int inner)
    {
        _inner = outer < Outer ? inner : int.MaxValue / 2;
        _offset = (outer * walk.Length) + walk.Inner + inner;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Next(in LinearWalk walk, bool jumped) => _offset += SharedTile.Depth;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Quad Load(in LinearWalk walk) =>
        Quad.Load(Source, _offset, walk.End - walk.Inner - _inner, Aligned);
}

/// <summary>A matrix whose rows lie across the summed axis.</summary>
internal struct MatrixColumns : ISharedTileOperand<LinearWalk>
{
    public ArrayView<float> Source;

    /// <summary>Columns of the matrix.</summary>
    public int Outer;

    /// <summary>Not 0 where all quads begin at multiples of 16 bytes.</summary>
    public int Aligned;

    private int _offset, _inner, _count;

    public static bool AlongInner => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(in LinearWalk walk, int outer, int inner)
    {
        (_inner, _count) = (inner, Outer - outer);
        _offset = ((walk.Inner + inner) * Outer) + outer;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Next(in LinearWalk walk, bool jumped) => _offset += SharedTile.Depth * Outer;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Quad Load(in LinearWalk walk) =>
        Quad.Load(Source, _offset, walk.Inner + _inner < walk.End ? _count : 0, Aligned);
}

/// <summary>
/// Rows of the product are taps, and in each tap input channels; the summed axis is output pixels, of which each sees one
/// input pixel through the tap.
/// </summary>
internal struct TapPixels : ISharedTileOperand<LinearWalk>
{
    public SharedTileTerm Term;
    public SharedTileImages Images;

    private int _down, _right, _count, _x, _y, _inner, _offset;

    public static bool AlongInner => false;

    /// <summary>Rows for each tap, so that quads are of one tap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PaddedChannels(int channels) => (channels + Quad.Length - 1) & -Quad.Length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(in LinearWalk walk, int outer, int inner)
    {
        int channels = PaddedChannels(Term.Channels), tap = outer / channels, channel = outer - (tap * channels);
        int tapRow = tap / Term.TapColumns;
        _down = tapRow - Images.Padding(Term.TapRows);
        _right = tap - (tapRow * Term.TapColumns) - Images.Padding(Term.TapColumns);
        _count = tap < Term.Taps ? Term.Channels - channel : 0;
        _inner = inner;
        int pixel = walk.Inner + inner, line = pixel / Images.OutW;
        _x = pixel - (line * Images.OutW);
        _y = line % Images.OutH;
        _offset = ((((((line * Images.Stride) + _down) * Images.W) + _x + _right) * Term.Channels)) + channel;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Next(in LinearWalk walk, bool jumped)
    {
        _x += SharedTile.Depth;
        _offset += SharedTile.Depth * Term.Channels;
        if (_x < Images.OutW)
            return;
        int lines = _x / Images.OutW;
        _x -= lines * Images.OutW;
        _y = (_y + lines) % Images.OutH;
        // Between two lines of patches lie the other rows of the patches.
        _offset += lines * (Images.Stride - 1) * Images.W * Term.Channels;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Quad Load(in LinearWalk walk)
    {
        int x = _x + _right, y = (_y * Images.Stride) + _down;
        bool inside = walk.Inner + _inner < walk.End && x >= 0 && x < Images.W && y >= 0 && y < Images.H;
        return Quad.Load(Term.X, _offset, inside ? _count : 0, Term.AlignedX);
    }
}
