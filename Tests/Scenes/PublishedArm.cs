namespace Gqn.Native.Tests.Scenes;

/// <summary>An independent copy of the published chain, as products of 4×4 matrices.</summary>
internal sealed record PublishedArm(IReadOnlyList<double[,]> Frames)
{
    // x, y, z, then w, x, y, z of the quaternion.
    private static readonly double[][] Links =
    [
        [0, 0, .15675, 0, 0, 1, 0],
        [0, .0016, -.11875, 0, 0, -.707107, .707107],
        [0, -.410, 0, 0, 0, 1, 0],
        [0, .2073, -.0114, 0, 0, -.707107, .707107],
        [0, -.03703, -.06414, 0, 0, .5, .866025],
        [0, -.03703, -.06414, 0, 0, .5, .866025],
        [.00279, .03126, -.11467, .24396, -.63159, -.38818, .62521],
        [-.02226, -.02707, -.11482, .601679, -.254671, .659653, -.37146],
        [.02226, -.02707, -.11482, .659653, -.37146, .601679, -.254671],
    ];

    /// <summary>The frames of six links and three fingers: 4×4 matrices whose columns are x, y, z and origin.</summary>
    public static PublishedArm At(ReadOnlySpan<float> angles)
    {
        double[][,] frames = new double[9][,];
        double[,] matrix = Matrix([1, 0, 0, 0], 0, 0, 0);
        for (int i = 0; i < 9; i++)
        {
            double[] link = Links[i];
            double[] turn = [Math.Cos(angles[i] / 2.0), 0, 0, Math.Sin(angles[i] / 2.0)];
            double[,] step = Matrix(Product(link[3..], turn), link[0], link[1], link[2]);
            frames[i] = Product(i < 6 ? matrix : frames[5], step);
            matrix = frames[i];
        }

        return new PublishedArm(frames);
    }

    /// <summary>A point given in a frame, as a 4×4 translation matrix.</summary>
    public static double[,] Point(double[,] frame, double x, double y, double z) =>
        Product(frame, Matrix([1, 0, 0, 0], x, y, z));

    /// <summary>The columns are the images of the axes under the quaternion: q·e·q*.</summary>
    private static double[,] Matrix(double[] quaternion, double x, double y, double z)
    {
        double norm = quaternion.Sum(v => v * v);
        double[] conjugate = [quaternion[0], -quaternion[1], -quaternion[2], -quaternion[3]];
        double[,] matrix = new double[4, 4];
        for (int column = 0; column < 3; column++)
        {
            double[] axis = new double[4];
            axis[1 + column] = 1 / norm;
            double[] image = Product(Product(quaternion, axis), conjugate);
            for (int row = 0; row < 3; row++)
                matrix[row, column] = image[1 + row];
        }

        (matrix[0, 3], matrix[1, 3], matrix[2, 3], matrix[3, 3]) = (x, y, z, 1);
        return matrix;
    }

    private static double[] Product(double[] a, double[] b) =>
    [
        (a[0] * b[0]) - (a[1] * b[1]) - (a[2] * b[2]) - (a[3] * b[3]),
        (a[0] * b[1]) + (a[1] * b[0]) + (a[2] * b[3]) - (a[3] * b[2]),
        (a[0] * b[2]) - (a[1] * b[3]) + (a[2] * b[0]) + (a[3] * b[1]),
        (a[0] * b[3]) + (a[1] * b[2]) - (a[2] * b[1]) + (a[3] * b[0]),
    ];

    private static double[,] Product(double[,] a, double[,] b)
    {
        double[,] product = new double[4, 4];
        for (int i = 0; i < 4; i++)
        {
            for (int j = 0; j < 4; j++)
            {
                for (int k = 0; k < 4; k++)
                    product[i, j] += a[i, k] * b[k, j];
            }
        }

        return product;
    }
}
