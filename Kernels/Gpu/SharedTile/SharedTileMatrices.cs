using System.Runtime.CompilerServices;
using ILGPU;

namespace Gqn.Native.Kernels.Gpu;

/// <summary>A reduction axis without structure, split into parts along the third axis of the grid.</summary>
internal struct LinearWalk : ISharedTileWalk
{
    /// <summary>Length of the axis, and of the part of a group: whole slices, except for the last.</summary>
    public int Length, Part;

    /// <summary>Where the group's part begins and ends.</summary>
    public int First, End;

    /// <summary>One part that is the whole axis.</summary>
    public static LinearWalk Whole(int length) => new() { Length = length, Part = length };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin()
    {
        First = Grid.IdxZ * Part;
        End = Math.Min(First + Part, Length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool Step() => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Jump()
    {
    }
}

/// <summary>A matrix whose rows lie along the reduction axis.</summary>
internal struct MatrixRows : ISharedTileOperand<LinearWalk>
{
    public ArrayView<float> Source;

    /// <summary>Rows of the matrix.</summary>
    public int Outer;

    /// <summary>Not 0 if all quads begin at multiples of 16 bytes.</summary>
    public int Aligned;

    private int _offset, _left;

    public static bool AlongInner => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(in LinearWalk walk, int outer, int inner)
    {
        _offset = (outer * walk.Length) + walk.First + inner;
        _left = outer < Outer ? walk.End - walk.First - inner : 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step(in LinearWalk walk)
    {
        _offset += SharedTile.Depth;
        _left -= SharedTile.Depth;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Jump(in LinearWalk walk)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Quad Load(in LinearWalk walk) => Quad.Load(Source, _offset, _left, Aligned);
}

/// <summary>A matrix whose rows lie across the reduction axis.</summary>
internal struct MatrixColumns : ISharedTileOperand<LinearWalk>
{
    public ArrayView<float> Source;

    /// <summary>Columns of the matrix.</summary>
    public int Outer;

    /// <summary>Not 0 if all quads begin at multiples of 16 bytes.</summary>
    public int Aligned;

    private int _offset, _left, _count;

    public static bool AlongInner => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(in LinearWalk walk, int outer, int inner)
    {
        _offset = ((walk.First + inner) * Outer) + outer;
        _left = walk.End - walk.First - inner;
        _count = Outer - outer;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step(in LinearWalk walk)
    {
        _offset += SharedTile.Depth * Outer;
        _left -= SharedTile.Depth;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Jump(in LinearWalk walk)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Quad Load(in LinearWalk walk) => Quad.Load(Source, _offset, _left > 0 ? _count : 0, Aligned);
}

/// <summary>
/// Rows of the product are taps, and within a tap input channels; the reduction axis is output pixels, each of which
/// sees one input pixel through the tap.
/// </summary>
internal struct TapPixels : ISharedTileOperand<LinearWalk>
{
    public SharedTileTerm Term;
    public SharedTileImages Images;

    // The pixel within its line and image, and likewise the tap's pixel.
    private int _x, _y, _tapX, _tapY, _offset, _left, _count;

    public static bool AlongInner => false;

    /// <summary>Rows per tap, padded so that a quad belongs to one tap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PaddedChannels(int channels) => (channels + Quad.Length - 1) & -Quad.Length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(in LinearWalk walk, int outer, int inner)
    {
        int channels = PaddedChannels(Term.Channels), tap = outer / channels, channel = outer - (tap * channels);
        int tapRow = tap / Term.TapColumns, down = tapRow - Term.PaddingRows;
        int right = tap - (tapRow * Term.TapColumns) - Term.PaddingColumns;
        int pixel = walk.First + inner, line = pixel / Images.OutW;
        _x = pixel - (line * Images.OutW);
        _y = line % Images.OutH;
        _tapX = _x + right;
        _tapY = (_y * Images.Stride) + down;
        _offset = (((((line * Images.Stride) + down) * Images.W) + _tapX) * Term.Channels) + channel;
        _left = tap < Term.Taps ? walk.End - pixel : 0;
        _count = Term.Channels - channel;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step(in LinearWalk walk)
    {
        _left -= SharedTile.Depth;
        _x += SharedTile.Depth;
        _tapX += SharedTile.Depth;
        _offset += SharedTile.Depth * Term.Channels;
        if (_x < Images.OutW)
            return;
        int lines = _x / Images.OutW, y = (_y + lines) % Images.OutH;
        _x -= lines * Images.OutW;
        _tapX -= lines * Images.OutW;
        _tapY += (y - _y) * Images.Stride;
        _y = y;
        // Between two lines of patches lie the other rows of the patches.
        _offset += lines * (Images.Stride - 1) * Images.W * Term.Channels;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Jump(in LinearWalk walk)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Quad Load(in LinearWalk walk)
    {
        bool inside = _left > 0 && _tapX >= 0 && _tapX < Images.W && _tapY >= 0 && _tapY < Images.H;
        // Aligned quads are never partial.
        return Term.AlignedX != 0
            ? Quad.Load(Term.X, _offset, inside ? Quad.Length : 0, 1)
            : Quad.Load(Term.X, _offset, inside ? _count : 0, 0);
    }
}
