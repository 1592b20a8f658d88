using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>A texture of blends of two colours, prefiltered as a mipmap.</summary>
/// <remarks>
/// A texel is the coverage of the ground colour by ink: 0 none, 1 all, below 0 lighter than the ground. One number per
/// texel makes a look-up three times as cheap as a colour, and blending commutes with filtering, so nothing is lost.
/// Each level halves the resolution; a look-up interpolates within and between two levels.
/// </remarks>
internal sealed class TwoToneTexture
{
    private readonly Vector3 _ground;
    private readonly Vector3 _ink;
    private readonly float[] _texels;
    private readonly int _width;
    private readonly int _height;
    private readonly int _levels;
    private readonly bool _tilesUpwards;

    /// <param name="ground">The colour without ink, R, G, B in 0..1.</param>
    /// <param name="ink">The colour of full ink, R, G, B in 0..1.</param>
    /// <param name="cover">The finest level, rows from the bottom; it is copied.</param>
    /// <param name="width">The width of the finest level, a power of two; the texture repeats along it.</param>
    /// <param name="unitsPerTexel">The side of a texel of the finest level, in world units.</param>
    /// <param name="tilesUpwards">Whether it repeats along its height as well, or continues its last row.</param>
    public TwoToneTexture(
        Vector3 ground, Vector3 ink, ReadOnlySpan<float> cover, int width, float unitsPerTexel, bool tilesUpwards)
    {
        (_ground, _ink, _width, _height, _tilesUpwards) = (ground, ink, width, cover.Length / width, tilesUpwards);
        _levels = BitOperations.Log2((uint)Math.Min(_width, _height)) + 1;
        UnitsPerTexel = unitsPerTexel;
        _texels = new float[2 * _height * _width];
        cover.CopyTo(_texels);
        for (int level = 1; level < _levels; level++)
            Halve(level);
    }

    /// <summary>The side of a texel of the finest level, in world units.</summary>
    public float UnitsPerTexel { get; }

    /// <summary>Samples the colours at eight points.</summary>
    /// <param name="x">Coordinate along the width, in world units; not negative.</param>
    /// <param name="y">Coordinate along the height, in world units; not negative.</param>
    /// <param name="footprint">The extent of a pixel on the surface, in world units; above 0.</param>
    public Vector3x8 Sample(Vector256<float> x, Vector256<float> y, Vector256<float> footprint)
    {
        float perUnit = 1 / UnitsPerTexel;
        // The bits of a float, read as an integer, are a scaled logarithm that is piecewise linear between powers of
        // two, which suffices here: the level is the logarithm of the number of texels that a pixel covers.
        var bits = (footprint * perUnit).AsInt32() - Vector256.Create(0x3F800000);
        var level = Vector256.ConvertToSingle(bits) * (1f / (1 << 23));
        level = RayLanes.Greater(Vector256<float>.Zero, RayLanes.Lesser(level, Vector256.Create(_levels - 1.001f)));
        Vector256<float> whole = Vector256.Floor(level), between = level - whole;
        var fine = Vector256.ConvertToInt32(whole);
        (x, y) = (x * perUnit, y * perUnit);
        var cover = SampleLevel(x, y, fine);
        if (RayLanes.Any(Vector256.GreaterThan(between, Vector256<float>.Zero)))
            cover += between * (SampleLevel(x, y, fine + Vector256<int>.One) - cover);

        var colour = Vector3x8.Create(_ground) + (Vector3x8.Create(_ink - _ground) * cover);
        var white = Vector256<float>.One;
        return new Vector3x8(
            RayLanes.Lesser(colour.X, white), RayLanes.Lesser(colour.Y, white), RayLanes.Lesser(colour.Z, white));
    }

    /// <summary>Bilinear interpolation between the four texels around each point of a level.</summary>
    /// <param name="x">Coordinate along the width, in texels of the finest level.</param>
    /// <param name="y">Coordinate along the height, in texels of the finest level.</param>
    /// <param name="level">The level of each lane.</param>
    private Vector256<float> SampleLevel(Vector256<float> x, Vector256<float> y, Vector256<int> level)
    {
        // 2^−level, built from its exponent bits.
        var scale = ((Vector256.Create(127) - level) << 23).AsSingle();
        var lastColumn = Vector256.ConvertToInt32(scale * _width) - Vector256<int>.One;
        var rows = Vector256.ConvertToInt32(scale * _height);
        x = (x * scale) - Vector256.Create(.5f);
        y = (y * scale) - Vector256.Create(.5f);
        Vector256<float> left = Vector256.Floor(x), below = Vector256.Floor(y);
        Vector256<int> column = Vector256.ConvertToInt32(left), row = Vector256.ConvertToInt32(below);
        var nextColumn = (column + Vector256<int>.One) & lastColumn;
        column &= lastColumn;
        var firstRow = Vector256.Create(2 * _height) - (rows * 2);
        Vector256<int> lower = firstRow + Row(row, rows), upper = firstRow + Row(row + Vector256<int>.One, rows);
        (lower, upper) = (lower * _width, upper * _width);

        Vector256<float> right = x - left, above = y - below;
        var bottom = Mix(Gather(lower + column), Gather(lower + nextColumn), right);
        return Mix(bottom, Mix(Gather(upper + column), Gather(upper + nextColumn), right), above);
    }

    private Vector256<int> Row(Vector256<int> row, Vector256<int> rows)
    {
        var last = rows - Vector256<int>.One;
        return _tilesUpwards ? row & last : Vector256.Max(Vector256<int>.Zero, Vector256.Min(row, last));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector256<float> Gather(Vector256<int> index) => Vector256.Create(
        _texels[index[0]], _texels[index[1]], _texels[index[2]], _texels[index[3]],
        _texels[index[4]], _texels[index[5]], _texels[index[6]], _texels[index[7]]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Mix(Vector256<float> a, Vector256<float> b, Vector256<float> share) =>
        a + (share * (b - a));

    /// <summary>Computes a level from the previous one. Levels are stacked in rows of the full width, so that level l
    /// starts at row 2·height − 2·(height of l).</summary>
    private void Halve(int level)
    {
        int rows = _height >> level, columns = _width >> level;
        int from = 2 * (_height - (rows * 2)) * _width, to = 2 * (_height - rows) * _width;
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                int at = from + (2 * row * _width) + (2 * column);
                _texels[to + (row * _width) + column] =
                    .25f * (_texels[at] + _texels[at + 1] + _texels[at + _width] + _texels[at + _width + 1]);
            }
        }
    }
}
