using System.Numerics;
using Gqn.Native.Imaging;

namespace Gqn.Native.Scenes;

/// <summary>Renders plans of mazes: orthographic images from above.</summary>
internal static class MazeTopDown
{
    private const int Strips = MazePlan.Strips;

    /// <summary>Renders a plan; each pixel is the mean of the patches that cover it, weighted by area.</summary>
    public static RgbImage Render(MazeGeometry maze, int size)
    {
        float[] shares = SharesOfStrips(maze.Plan.Lines, size);
        var image = new RgbImage(size, size);
        for (int row = 0; row < size; row++)
        {
            // North, where y is greatest, is on top.
            ReadOnlySpan<float> sharesY = shares.AsSpan((size - 1 - row) * Strips, Strips);
            for (int column = 0; column < size; column++)
            {
                ReadOnlySpan<float> sharesX = shares.AsSpan(column * Strips, Strips);
                var level = (MeanOf(maze, sharesX, sharesY) * 255f) + new Vector3(.5f);
                image[column, row] = new Rgb((byte)level.X, (byte)level.Y, (byte)level.Z);
            }
        }

        return image;
    }

    private static Vector3 MeanOf(MazeGeometry maze, ReadOnlySpan<float> sharesX, ReadOnlySpan<float> sharesY)
    {
        var sum = Vector3.Zero;
        for (int j = 0; j < Strips; j++)
        {
            if (sharesY[j] == 0)
                continue;
            for (int i = 0; i < Strips; i++)
            {
                if (sharesX[i] == 0)
                    continue;
                byte area = maze.Plan[i, j];
                sum += (area == MazePlan.Solid ? maze.WallTop : maze.FloorOf(area)) * (sharesX[i] * sharesY[j]);
            }
        }

        return sum;
    }

    /// <summary>The fraction of each pixel's interval, 1/size of the maze's width, that lies in each strip.</summary>
    private static float[] SharesOfStrips(ReadOnlySpan<float> lines, int size)
    {
        const double Width = MazeLayout.Side;
        float[] shares = new float[size * Strips];
        for (int pixel = 0; pixel < size; pixel++)
        {
            double low = (pixel * Width / size) - (Width / 2), high = ((pixel + 1) * Width / size) - (Width / 2);
            for (int strip = 0; strip < Strips; strip++)
            {
                double overlap = Math.Min(high, lines[strip + 1]) - Math.Max(low, lines[strip]);
                shares[(pixel * Strips) + strip] = (float)(Math.Max(overlap, 0) * size / Width);
            }
        }

        return shares;
    }
}
