using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>The surface number of each pixel of a square image, inside a border as wide as a packet.</summary>
/// <param name="numbers">Storage for <see cref="Length"/> numbers.</param>
/// <param name="size">Height and width in pixels.</param>
internal readonly ref struct SurfaceMap(Span<int> numbers, int size)
{
    private readonly Span<int> _numbers = numbers;
    private readonly int _size = size;
    private readonly int _stride = Stride(size);

    /// <summary>The number of entries in the map of an image.</summary>
    public static int Length(int size) => (size + 2) * Stride(size);

    /// <summary>Sets eight pixels of a row; those beyond the end of the row are ignored later.</summary>
    public void Store(int x, int y, Vector256<int> surfaces) => surfaces.CopyTo(_numbers[Index(x, y)..]);

    /// <summary>Repeats the outermost pixels in the border, so that they form no edge.</summary>
    public void PadColumns()
    {
        for (int y = 0; y < _size; y++)
        {
            _numbers[Index(-1, y)] = _numbers[Index(0, y)];
            _numbers[Index(_size, y)] = _numbers[Index(_size - 1, y)];
        }

        _numbers.Slice(Index(0, 0), _size).CopyTo(_numbers[Index(0, -1)..]);
        _numbers.Slice(Index(0, _size - 1), _size).CopyTo(_numbers[Index(0, _size)..]);
    }

    /// <summary>Bits of those of eight pixels that differ from one of their four neighbours.</summary>
    public uint Edges(int x, int y)
    {
        var here = Load(x, y);
        var same = Vector256.Equals(here, Load(x - 1, y)) & Vector256.Equals(here, Load(x + 1, y))
            & Vector256.Equals(here, Load(x, y - 1)) & Vector256.Equals(here, Load(x, y + 1));
        uint inside = uint.MaxValue >> (32 - Math.Min(RayLanes.Count, _size - x));
        return ~Vector256.ExtractMostSignificantBits(same) & inside;
    }

    private static int Stride(int size) =>
        ((size + RayLanes.Count - 1) / RayLanes.Count * RayLanes.Count) + (2 * RayLanes.Count);

    private int Index(int x, int y) => ((y + 1) * _stride) + RayLanes.Count + x;

    private Vector256<int> Load(int x, int y) => Vector256.Create<int>(_numbers[Index(x, y)..]);
}
