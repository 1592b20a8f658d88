namespace Gqn.Native.Tests.Scenes;

/// <summary>The limbs of an arm as strings of balls, placed by the published chain, in double precision.</summary>
internal sealed class BallLimbs
{
    private const int Balls = 100;

    private static readonly double[] Radii = [.05, .045, .04, .035, .035, .03, .012, .012, .012];

    private readonly (double X, double Y, double Z)[][] _balls;

    private BallLimbs(PublishedArm arm)
    {
        double[][,] at = [PublishedArm.Point(arm.Frames[0], 0, 0, .15675), .. arm.Frames.Skip(1).Take(5)];
        _balls =
        [
            .. Enumerable.Range(0, 5).Select(i => Along(at[i], at[i + 1])),
            Along(at[5], PublishedArm.Point(at[5], 0, 0, -.1)),
            .. arm.Frames.Skip(6).Select(f => Along(f, PublishedArm.Point(f, .084, -.063 / 11, 0))),
        ];
        LeastHeight = Enumerable.Range(1, 8).Min(i => _balls[i].Min(b => b.Z) - Radii[i]);
        // A limb may be near its neighbours, and near those with one link of the wrist in between.
        LeastGap = double.MaxValue;
        LeastFingerGap = double.MaxValue;
        for (int a = 0; a < 9; a++)
        {
            for (int b = a + 1; b < 9; b++)
            {
                if (a >= 6)
                    LeastFingerGap = Math.Min(LeastFingerGap, Gap(a, b));
                else if (b - a >= 2 && (a, b) is not ((2, 4) or (3, 5) or (5, _)))
                    LeastGap = Math.Min(LeastGap, Gap(a, b));
            }
        }
    }

    public double LeastHeight { get; }

    public double LeastGap { get; }

    public double LeastFingerGap { get; }

    public static BallLimbs Of(IReadOnlyList<float> angles) => new(PublishedArm.At([.. angles]));

    public double GapTo(double x, double y, double z, double radius) =>
        Enumerable.Range(0, 9).Min(i => _balls[i].Min(b => Math.Sqrt(Square(b, (x, y, z)))) - Radii[i]) - radius;

    private double Gap(int a, int b)
    {
        double least = double.MaxValue;
        foreach (var ball in _balls[a])
        {
            foreach (var other in _balls[b])
                least = Math.Min(least, Square(ball, other));
        }

        return Math.Sqrt(least) - Radii[a] - Radii[b];
    }

    private static double Square((double X, double Y, double Z) a, (double X, double Y, double Z) b) =>
        ((a.X - b.X) * (a.X - b.X)) + ((a.Y - b.Y) * (a.Y - b.Y)) + ((a.Z - b.Z) * (a.Z - b.Z));

    private static (double X, double Y, double Z)[] Along(double[,] from, double[,] to) =>
    [
        .. Enumerable.Range(0, Balls + 1).Select(i => i / (double)Balls).Select(s => (
            from[0, 3] + (s * (to[0, 3] - from[0, 3])), from[1, 3] + (s * (to[1, 3] - from[1, 3])),
            from[2, 3] + (s * (to[2, 3] - from[2, 3])))),
    ];
}
