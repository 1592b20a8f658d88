using System.Numerics;

namespace Gqn.Native.Scenes.Rendering;

/// <summary>The textures of the walls and floors of rooms, generated once.</summary>
/// <remarks>
/// The released images show walls with thin dark maze-like lines (red, green, cerise), rows of dark discs (orange) or
/// mottling (yellow), all with a dark band at the bottom and a light cap, and floors of hexagonal tiles (white) or
/// clouds (yellow, blue). These textures are generated from that description; no texel is copied.
/// </remarks>
internal static class TextureTables
{
    private const int WallColumns = 256, WallRows = 128, FloorSide = 256;

    /// <summary>Samples per texel and axis, whose mean gives lines smooth edges.</summary>
    private const int Samples = 4;

    /// <summary>Wall textures, indexed by <see cref="RoomWall"/>, for walls of height 1.</summary>
    private static readonly TwoToneTexture[] Walls =
    [
        Wall(Rgb(205, 44, 40), Rgb(92, 12, 14), (x, y) => Maze(1, x, y)),
        Wall(Rgb(58, 168, 62), Rgb(16, 76, 24), (x, y) => DiagonalMaze(2, x, y)),
        Wall(Rgb(208, 48, 124), Rgb(96, 12, 58), (x, y) => Maze(3, y * 1.25f, x * 1.25f)),
        Wall(Rgb(240, 142, 30), Rgb(118, 58, 8), Discs),
        Wall(Rgb(236, 210, 62), Rgb(150, 116, 22), Mottled),
    ];

    /// <summary>Floor textures, indexed by <see cref="RoomFloor"/>.</summary>
    private static readonly TwoToneTexture[] Floors =
    [
        Floor(Rgb(236, 206, 92), Rgb(176, 134, 40), (x, y) => Clouds(11, x, y)),
        Floor(Rgb(244, 244, 246), Rgb(120, 120, 128), Hexagons),
        Floor(Rgb(140, 178, 238), Rgb(44, 72, 168), (x, y) => Clouds(12, x, y)),
    ];

    /// <summary>The texture of a wall; its unit is the height of the wall.</summary>
    public static TwoToneTexture Of(RoomWall wall) => Walls[(int)wall];

    /// <summary>The texture of a floor; its period is one unit.</summary>
    public static TwoToneTexture Of(RoomFloor floor) => Floors[(int)floor];

    /// <summary>A wall: a pattern, which gives the coverage by ink at (x, y) in texels, between a dark band along the
    /// lowest twentieth and a light cap.</summary>
    private static TwoToneTexture Wall(Vector3 ground, Vector3 ink, Func<float, float, float> pattern)
    {
        const float Band = .05f * WallRows, Cap = .965f * WallRows;
        float[] cover = Draw(WallColumns, WallRows, (x, y) => y < Band ? .85f : y > Cap ? -.45f : pattern(x, y));
        return new TwoToneTexture(ground, ink, cover, WallColumns, 1f / WallRows, tilesUpwards: false);
    }

    private static TwoToneTexture Floor(Vector3 ground, Vector3 ink, Func<float, float, float> pattern) =>
        new(ground, ink, Draw(FloorSide, FloorSide, pattern), FloorSide, 1f / FloorSide, tilesUpwards: true);

    private static float[] Draw(int columns, int rows, Func<float, float, float> pattern)
    {
        float[] cover = new float[columns * rows];
        for (int i = 0; i < cover.Length * Samples * Samples; i++)
        {
            (int texel, int sample) = Math.DivRem(i, Samples * Samples);
            float x = (texel % columns) + (((sample % Samples) + .5f) / Samples);
            float y = (texel / columns) + (((sample / Samples) + .5f) / Samples);
            cover[texel] += pattern(x, y) / (Samples * Samples);
        }

        return cover;
    }

    /// <summary>Each cell of a grid has a line along either its left or its lower side: a labyrinth without
    /// loops.</summary>
    private static float Maze(uint seed, float x, float y)
    {
        const float Cell = 16, HalfLine = 1.1f;
        (int column, int row) = ((int)(x / Cell), (int)(y / Cell));
        float inX = x - (column * Cell), inY = y - (row * Cell);
        // Lines extend to both sides of the grid lines: draw those of the cell's own sides and of its neighbours'.
        bool left = inX < HalfLine && HasLeft(column, row);
        bool right = inX > Cell - HalfLine && HasLeft(column + 1, row);
        bool below = inY < HalfLine && !HasLeft(column, row);
        bool above = inY > Cell - HalfLine && !HasLeft(column, row + 1);
        return left || right || below || above ? 1 : 0;

        bool HasLeft(int c, int r) => LatticeNoise.At(seed, c % (WallColumns / 16), r) < .5f;
    }

    /// <summary>Each cell of a grid has one of its diagonals.</summary>
    private static float DiagonalMaze(uint seed, float x, float y)
    {
        const float Cell = 16, HalfLine = 1.5f;
        (int column, int row) = ((int)(x / Cell), (int)(y / Cell));
        float inX = x - (column * Cell), inY = y - (row * Cell);
        float across = LatticeNoise.At(seed, column, row) < .5f ? inX - inY : inX + inY - Cell;
        return MathF.Abs(across) < HalfLine ? 1 : 0;
    }

    /// <summary>Rows of discs.</summary>
    private static float Discs(float x, float y)
    {
        const float Cell = 16, Radius = 4.6f;
        float inX = x - (((int)(x / Cell) + .5f) * Cell), inY = y - (((int)(y / Cell) + .5f) * Cell);
        return (inX * inX) + (inY * inY) < Radius * Radius ? 1 : 0;
    }

    private static float Mottled(float x, float y)
    {
        float noise = LatticeNoise.Fractal(5, x / 8, y / 8, WallColumns / 8, WallRows / 8, octaves: 3);
        return Math.Clamp((noise - .46f) * 7, 0, 1) * .8f;
    }

    private static float Clouds(uint seed, float x, float y)
    {
        float noise = LatticeNoise.Fractal(seed, x / 32, y / 32, FloorSide / 32, FloorSide / 32, octaves: 4);
        return Math.Clamp(((noise - .5f) * 2.4f) + .5f, 0, 1);
    }

    /// <summary>Hexagonal tiles around the points of a triangular lattice, each with its own shade, and grey
    /// joints.</summary>
    private static float Hexagons(float x, float y)
    {
        const int Columns = 7, Rows = 8;
        const float Width = (float)FloorSide / Columns, Height = (float)FloorSide / Rows, HalfJoint = 1.3f;
        int middle = (int)(y / Height);
        (float first, float second, Vector2 own, Vector2 next) = (float.MaxValue, float.MaxValue, default, default);
        float shade = 0;
        for (int row = middle - 1; row <= middle + 2; row++)
        {
            float shift = (row & 1) * .5f;
            int nearest = (int)MathF.Floor((x / Width) - shift + .5f);
            for (int column = nearest - 1; column <= nearest + 1; column++)
            {
                var centre = new Vector2((column + shift) * Width, row * Height);
                float dx = x - centre.X, dy = y - centre.Y, distance = (dx * dx) + (dy * dy);
                if (distance < first)
                {
                    (second, next, first, own) = (first, own, distance, centre);
                    shade = LatticeNoise.At(13, (column + Columns) % Columns, (row + Rows) % Rows);
                }
                else if (distance < second)
                {
                    (second, next) = (distance, centre);
                }
            }
        }
        // The distance to the border between the two nearest centres.
        float apartX = next.X - own.X, apartY = next.Y - own.Y;
        float border = (second - first) / (2 * MathF.Sqrt((apartX * apartX) + (apartY * apartY)));
        return border < HalfJoint ? 1 : .12f * shade;
    }

    private static Vector3 Rgb(int red, int green, int blue) => new Vector3(red, green, blue) / 255f;
}
