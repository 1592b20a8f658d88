namespace Gqn.Native.Scenes;

/// <summary>A path through the recorded cameras of a scene of which nothing else is known.</summary>
/// <remarks>
/// The path is a round through the cameras, in an order in which neighbours are alike, along straight lines between
/// them: it never leaves the places and angles that were recorded. Angles turn the shorter way.
/// </remarks>
internal static class PathThroughPoses
{
    /// <summary>More cameras than this are not needed for any path, and would take long to put in order.</summary>
    private const int MaxPoses = 512;

    /// <summary>Cameras along the path, from the first recorded one on.</summary>
    /// <remarks>If there are fewer cameras than recorded ones, they are on the start of the round alone, so that
    /// neighbours stay close.</remarks>
    /// <param name="poses">The recorded cameras, at least one.</param>
    /// <param name="count">The number of cameras along the path, at least 1.</param>
    public static Camera[] Through(ReadOnlySpan<Camera> poses, int count)
    {
        ArgumentOutOfRangeException.ThrowIfZero(poses.Length);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        Camera[] known = [.. poses[..Math.Min(poses.Length, MaxPoses)].ToArray().Distinct()];
        double spread = Spread(known);
        int[] order = Order(known, spread);
        double[] starts = new double[known.Length + 1];
        for (int i = 0; i < known.Length; i++)
            starts[i + 1] = starts[i] + Distance(known[order[i]], known[order[(i + 1) % known.Length]], spread);
        var path = new Camera[count];
        double step = starts[^1] / Math.Max(count, known.Length);
        for (int k = 0, i = 0; k < count; k++)
        {
            while (i < known.Length - 1 && k * step >= starts[i + 1])
                i++;
            double length = starts[i + 1] - starts[i], share = length > 0 ? ((k * step) - starts[i]) / length : 0;
            path[k] = Between(known[order[i]], known[order[(i + 1) % known.Length]], share);
        }

        return path;
    }

    /// <summary>The order of a short round: always to the nearest camera left, then the parts of the round are
    /// reversed as long as that makes it shorter.</summary>
    private static int[] Order(Camera[] poses, double spread)
    {
        int[] order = [.. Enumerable.Range(0, poses.Length)];
        for (int i = 1; i < order.Length - 1; i++)
        {
            int nearest = i;
            for (int j = i + 1; j < order.Length; j++)
            {
                if (Apart(order[i - 1], order[j]) < Apart(order[i - 1], order[nearest]))
                    nearest = j;
            }

            (order[i], order[nearest]) = (order[nearest], order[i]);
        }

        bool isShorter = true;
        while (isShorter)
        {
            isShorter = false;
            for (int i = 1; i < order.Length - 1; i++)
            {
                for (int j = i + 1; j < order.Length; j++)
                    isShorter |= TryReverse(i, j);
            }
        }

        return order;

        double Apart(int a, int b) => Distance(poses[a], poses[b], spread);

        bool TryReverse(int i, int j)
        {
            int before = order[i - 1], first = order[i], last = order[j], after = order[(j + 1) % order.Length];
            // Rounding must not make two orders alternate.
            if (Apart(before, last) + Apart(first, after) > Apart(before, first) + Apart(last, after) - 1e-9)
                return false;
            order.AsSpan(i, j - i + 1).Reverse();
            return true;
        }
    }

    /// <summary>The root mean square distance of the cameras from their mean, which makes lengths comparable to angles;
    /// 1 if they are at one place.</summary>
    private static double Spread(Camera[] poses)
    {
        double x = poses.Average(pose => (double)pose.X), y = poses.Average(pose => (double)pose.Y);
        double z = poses.Average(pose => (double)pose.Z);
        double square = poses.Average(pose =>
            ((pose.X - x) * (pose.X - x)) + ((pose.Y - y) * (pose.Y - y)) + ((pose.Z - z) * (pose.Z - z)));
        return square > 0 ? Math.Sqrt(square) : 1;
    }

    /// <summary>How far two cameras are apart: places in units of the spread, and angles in radians.</summary>
    private static double Distance(in Camera a, in Camera b, double spread)
    {
        double x = (a.X - (double)b.X) / spread, y = (a.Y - (double)b.Y) / spread, z = (a.Z - (double)b.Z) / spread;
        double yaw = Math.IEEERemainder((double)a.Yaw - b.Yaw, Math.Tau), pitch = (double)a.Pitch - b.Pitch;
        return Math.Sqrt((x * x) + (y * y) + (z * z) + (yaw * yaw) + (pitch * pitch));
    }

    private static Camera Between(Camera a, Camera b, double share)
    {
        double turn = Math.IEEERemainder((double)b.Yaw - a.Yaw, Math.Tau);
        return new Camera(
            Mix(a.X, b.X), Mix(a.Y, b.Y), Mix(a.Z, b.Z), (float)Math.IEEERemainder(a.Yaw + (share * turn), Math.Tau),
            Mix(a.Pitch, b.Pitch), Mix(a.FieldOfViewDegrees, b.FieldOfViewDegrees));

        float Mix(float from, float to) => (float)(from + (share * ((double)to - from)));
    }
}
