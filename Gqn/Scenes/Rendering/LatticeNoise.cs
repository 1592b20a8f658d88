namespace Gqn.Native.Scenes.Rendering;

/// <summary>Deterministic noise: a hash of points on a lattice.</summary>
internal static class LatticeNoise
{
    /// <summary>The noise at a lattice point, in [0, 1).</summary>
    /// <param name="seed">The seed of the noise.</param>
    /// <param name="x">Column of the lattice.</param>
    /// <param name="y">Row of the lattice.</param>
    public static float At(uint seed, int x, int y) =>
        (SceneHash.Mix(SceneHash.Mix(seed, (uint)x), (uint)y) >> 40) * (1f / (1 << 24));

    /// <summary>Smooth fractal noise in [0, 1): lattice values interpolated by cubic curves, on successively finer
    /// lattices of decreasing weight. Its periods are <paramref name="columns"/> and <paramref name="rows"/>.</summary>
    /// <param name="seed">The seed of the noise.</param>
    /// <param name="x">Coordinate, in spacings of the coarsest lattice; not negative.</param>
    /// <param name="y">Coordinate, in spacings of the coarsest lattice; not negative.</param>
    /// <param name="columns">The period along x.</param>
    /// <param name="rows">The period along y.</param>
    /// <param name="octaves">The number of lattices; each has half the spacing and 0.55 times the weight of the
    /// previous one.</param>
    public static float Fractal(uint seed, float x, float y, int columns, int rows, int octaves)
    {
        float sum = 0, weights = 0, weight = 1;
        for (int octave = 0; octave < octaves; octave++)
        {
            sum += weight * Smooth(seed + (uint)octave, x, y, columns, rows);
            weights += weight;
            weight *= .55f;
            (x, y, columns, rows) = (x * 2, y * 2, columns * 2, rows * 2);
        }

        return sum / weights;
    }

    private static float Smooth(uint seed, float x, float y, int columns, int rows)
    {
        (int column, int row) = ((int)x, (int)y);
        float right = Curve(x - column), above = Curve(y - row);
        int left = column % columns, next = (column + 1) % columns;
        int low = row % rows, high = (row + 1) % rows;
        float bottom = Mix(At(seed, left, low), At(seed, next, low), right);
        return Mix(bottom, Mix(At(seed, left, high), At(seed, next, high), right), above);

        static float Curve(float t) => t * t * (3 - (2 * t));
        static float Mix(float a, float b, float share) => a + (share * (b - a));
    }
}
