namespace Gqn.Native.Peers.Libtorch;

/// <summary>Times of both engines, alternating in one process, so that both see the same machine.</summary>
/// <remarks>A ratio is libtorch / Gqn.Native: above 1, Gqn.Native is faster.</remarks>
/// <param name="rounds">Milliseconds, round by round.</param>
internal sealed class PairedTimes(IEnumerable<(double Engine, double Libtorch)> rounds)
{
    // The worker threads of both engines spin for a few milliseconds after their last loop (libtorch's are OpenMP's).
    // Sleeping between two turns lets them park, so that neither engine runs beside the other's spinning.
    private const int PauseMilliseconds = 20;

    // A method is fully optimised only after 30 calls, in the background, some time later.
    private const int WarmCalls = 40;
    private const double ShortWarmup = 300, LongWarmup = 1000;

    private readonly (double Engine, double Libtorch)[] _rounds = [.. rounds];

    /// <summary>Headings of <see cref="Cells"/>, with their widths.</summary>
    public static IReadOnlyList<(string Title, int Width)> Columns { get; } =
    [
        ("ours ms", 8), ("libtorch ms", 11), ("ratio of medians", 16), ("ours min", 8), ("libtorch min", 12),
        ("ratio of minima", 15), ("rounds", 14),
    ];

    /// <summary>Median of this engine's times.</summary>
    public double EngineMedian => Median(_rounds.Select(round => round.Engine));

    /// <summary>Median of libtorch's times.</summary>
    public double LibtorchMedian => Median(_rounds.Select(round => round.Libtorch));

    /// <summary>Medians, minima, their ratios, and the least and largest ratio of a round.</summary>
    public IEnumerable<string> Cells
    {
        get
        {
            double engine = _rounds.Min(round => round.Engine), libtorch = _rounds.Min(round => round.Libtorch);
            double[] ratios = [.. _rounds.Select(round => round.Libtorch / round.Engine).Order()];
            return
            [
                Milliseconds(EngineMedian), Milliseconds(LibtorchMedian), $"{LibtorchMedian / EngineMedian:F2}",
                Milliseconds(engine), Milliseconds(libtorch), $"{libtorch / engine:F2}",
                $"{ratios[0]:F2} to {ratios[^1]:F2}",
            ];
        }
    }

    /// <summary>Calls until this engine's code has been compiled for good, or for a second.</summary>
    /// <returns>Wall time of the last call in milliseconds.</returns>
    public static double WarmUp(Func<double> run)
    {
        var watch = new Clock(IsProcessorTime: false);
        double start = watch.Now, last = start, elapsed = 0;
        for (int calls = 1; elapsed < ShortWarmup || (calls <= WarmCalls && elapsed < LongWarmup); calls++)
        {
            last = watch.Now;
            run();
            elapsed = watch.Now - start;
        }

        return elapsed - (last - start);
    }

    /// <summary>Alternates between the two.</summary>
    /// <param name="warmup">Rounds that do not count.</param>
    /// <param name="rounds">Rounds that count.</param>
    /// <param name="engine">One turn of this engine.</param>
    /// <param name="libtorch">One turn of libtorch.</param>
    /// <returns>What the turns of each round returned.</returns>
    public static List<(T Engine, T Libtorch)> TakeTurns<T>(int warmup, int rounds, Func<T> engine, Func<T> libtorch)
    {
        var results = new List<(T, T)>();
        for (int round = -warmup; round < rounds; round++)
        {
            Thread.Sleep(PauseMilliseconds);
            var ours = engine();
            Thread.Sleep(PauseMilliseconds);
            var theirs = libtorch();
            if (round >= 0)
                results.Add((ours, theirs));
        }

        return results;
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return 0.5 * (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]);
    }

    private static string Milliseconds(double time) => time switch
    {
        < 1 => $"{time:F4}",
        < 10 => $"{time:F3}",
        < 100 => $"{time:F2}",
        _ => $"{time:F1}",
    };
}
