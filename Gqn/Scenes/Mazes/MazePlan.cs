using System.Numerics;

namespace Gqn.Native.Scenes;

/// <summary>A stretch of floor along a ray, up to the start of the next one.</summary>
/// <param name="Start">The start of the stretch, in multiples of the ray's direction.</param>
/// <param name="Area">The area that the floor belongs to.</param>
internal readonly record struct FloorStretch(float Start, int Area);

/// <summary>The point where a ray hits a wall.</summary>
/// <param name="Distance">The distance, in multiples of the ray's direction.</param>
/// <param name="Face">2·axis + (0 on the low side, 1 on the high side).</param>
/// <param name="Area">The area in front of the wall, which determines its colour.</param>
internal readonly record struct WallHit(float Distance, int Face, int Area);

/// <summary>The floor plan of a layout whose walls have a thickness.</summary>
/// <remarks>
/// The faces of walls lie on 16 lines along each axis, which form 15 strips, alternately narrow (a border with its
/// walls) and wide (a row of cells). A patch, the intersection of two strips, is entirely wall or entirely floor of one
/// area. Floor on a border between two areas belongs to the corridor. Beyond the ring everything is wall.
/// </remarks>
internal sealed class MazePlan
{
    public const int Strips = (2 * MazeLayout.Side) + 1;

    /// <summary>The value of a patch that is wall.</summary>
    public const byte Solid = byte.MaxValue;

    /// <summary>The largest number of stretches of floor that a ray can cross.</summary>
    public const int MaxStretches = 2 * Strips;

    private readonly float[] _lines = new float[Strips + 1];
    private readonly byte[] _patches = new byte[Strips * Strips];

    public MazePlan(MazeLayout layout, float wallThickness)
    {
        for (int border = 0; border <= MazeLayout.Side; border++)
        {
            float middle = border - (MazeLayout.Side / 2f);
            _lines[2 * border] = middle - (wallThickness / 2);
            _lines[(2 * border) + 1] = middle + (wallThickness / 2);
        }

        Span<int> areas = stackalloc int[MazeLayout.Side * MazeLayout.Side];
        for (int cell = 0; cell < areas.Length; cell++)
            areas[cell] = layout.AreaOf(cell % MazeLayout.Side, cell / MazeLayout.Side);
        for (int j = 0; j < Strips; j++)
        {
            for (int i = 0; i < Strips; i++)
                _patches[(j * Strips) + i] = IsWall(layout, i, j) ? Solid : (byte)AreaOf(areas, i, j);
        }
    }

    /// <summary>The coordinates of the lines; strip i lies between line i and line i + 1.</summary>
    public ReadOnlySpan<float> Lines => _lines;

    /// <summary>The area of a patch, or <see cref="Solid"/>.</summary>
    public byte this[int i, int j] => _patches[(j * Strips) + i];

    /// <summary>The area of the floor at a point, or <see cref="Solid"/>.</summary>
    public byte AreaAt(float x, float y)
    {
        (int i, int j) = (StripAt(x), StripAt(y));
        return (uint)i < Strips && (uint)j < Strips ? this[i, j] : Solid;
    }

    /// <summary>Whether there is no wall within a distance, less than half a corridor, of a point.</summary>
    public bool IsClear(float x, float y, float distance)
    {
        (int i, int j) = (StripAt(x), StripAt(y));
        if ((uint)i >= Strips || (uint)j >= Strips || this[i, j] == Solid)
            return false;
        for (int b = -1; b <= 1; b++)
        {
            float dy = b < 0 ? y - _lines[j] : b > 0 ? _lines[j + 1] - y : 0;
            for (int a = -1; a <= 1; a++)
            {
                float dx = a < 0 ? x - _lines[i] : a > 0 ? _lines[i + 1] - x : 0;
                if ((dx * dx) + (dy * dy) < distance * distance && this[i + a, j + b] == Solid)
                    return false;
            }
        }

        return true;
    }

    /// <summary>Follows a ray from a point on the floor to the first wall.</summary>
    /// <param name="origin">A point that is not in a wall.</param>
    /// <param name="direction">The direction, of any length but zero.</param>
    /// <param name="stretches">Receives the stretches of floor on the way; the area differs from one to the
    /// next.</param>
    /// <param name="hit">The wall that is hit.</param>
    /// <returns>The number of stretches.</returns>
    public int Trace(Vector2 origin, Vector2 direction, Span<FloorStretch> stretches, out WallHit hit)
    {
        (int i, int j) = (StripAt(origin.X), StripAt(origin.Y));
        (float invX, float invY) = (Reciprocal(direction.X), Reciprocal(direction.Y));
        (int stepX, int stepY) = (invX > 0 ? 1 : -1, invY > 0 ? 1 : -1);
        (int aheadX, int aheadY) = (invX > 0 ? 1 : 0, invY > 0 ? 1 : 0);
        ReadOnlySpan<float> lines = _lines;
        ReadOnlySpan<byte> patches = _patches;
        float nextX = (lines[i + aheadX] - origin.X) * invX, nextY = (lines[j + aheadY] - origin.Y) * invY;
        int patch = (j * Strips) + i, area = patches[patch], count = 1;
        stretches[0] = new FloorStretch(0, area);
        while (true)
        {
            bool alongX = nextX < nextY;
            float distance = alongX ? nextX : nextY;
            patch += alongX ? stepX : stepY * Strips;
            int entered = patches[patch];
            if (entered == Solid)
            {
                int face = alongX ? 1 - aheadX : 3 - aheadY;
                hit = new WallHit(distance, face, area);
                return count;
            }

            if (entered != area)
            {
                area = entered;
                stretches[count++] = new FloorStretch(distance, area);
            }

            if (alongX)
            {
                i += stepX;
                nextX = (lines[i + aheadX] - origin.X) * invX;
            }
            else
            {
                j += stepY;
                nextY = (lines[j + aheadY] - origin.Y) * invY;
            }
        }
    }

    private static bool IsWall(MazeLayout layout, int i, int j)
    {
        (int x, int y) = (i / 2, j / 2);
        return (i % 2, j % 2) switch
        {
            (1, 1) => false,
            (0, 1) => layout.HasVerticalWall(x, y),
            (1, 0) => layout.HasHorizontalWall(x, y),
            _ => (y > 0 && layout.HasVerticalWall(x, y - 1))
                || (y < MazeLayout.Side && layout.HasVerticalWall(x, y))
                || (x > 0 && layout.HasHorizontalWall(x - 1, y))
                || (x < MazeLayout.Side && layout.HasHorizontalWall(x, y)),
        };
    }

    /// <summary>The area of the one, two or four cells that a patch touches; the corridor if they differ.</summary>
    private static int AreaOf(ReadOnlySpan<int> areas, int i, int j)
    {
        int area = areas[((j / 2) * MazeLayout.Side) + (i / 2)];
        for (int y = (j - 1) / 2; y <= j / 2; y++)
        {
            for (int x = (i - 1) / 2; x <= i / 2; x++)
            {
                if (areas[(y * MazeLayout.Side) + x] != area)
                    return MazeLayout.Corridor;
            }
        }

        return area;
    }

    /// <summary>The strip of a coordinate; −1 or <see cref="Strips"/> beyond the ring.</summary>
    private int StripAt(float coordinate)
    {
        if (!(coordinate >= _lines[0]))
            return -1;
        if (coordinate >= _lines[Strips])
            return Strips;
        int cell = Math.Clamp((int)(coordinate + (MazeLayout.Side / 2f)), 0, MazeLayout.Side - 1);
        int strip = (2 * cell) + 1;
        return coordinate < _lines[strip] ? strip - 1 : coordinate >= _lines[strip + 1] ? strip + 1 : strip;
    }

    /// <summary>1/d, but finite for a ray along a line, so that 0 · ∞ never arises.</summary>
    private static float Reciprocal(float d) => 1 / (MathF.Abs(d) < 1e-20f ? MathF.CopySign(1e-20f, d) : d);
}
