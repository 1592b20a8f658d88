using System.Diagnostics;

namespace Gqn.Native.Benchmarks.Steps;

/// <summary>Seconds per step, measured without waiting for the device within a round.</summary>
/// <param name="Median">Median over the rounds.</param>
/// <param name="Min">Minimum over the rounds.</param>
/// <param name="Steps">Steps of all rounds.</param>
/// <param name="Rounds">Number of rounds.</param>
/// <param name="WarmUp">Seconds before the first round.</param>
internal readonly record struct StepTiming(double Median, double Min, int Steps, int Rounds, double WarmUp)
{
    // The first of these steps compiles kernels, the second is captured.
    private const int WarmUpSteps = 4, WantedRounds = 10;

    /// <summary>Times steps.</summary>
    /// <param name="step">Gives the device one step.</param>
    /// <param name="synchronize">Waits until all steps are done.</param>
    /// <param name="seconds">
    /// How long to measure. If a step takes longer, it is the only one that counts, after one warm-up step.
    /// </param>
    public static StepTiming Measure(Action step, Action synchronize, double seconds)
    {
        long start = Stopwatch.GetTimestamp();
        step();
        synchronize();
        double single = 0;
        for (int i = 1; i < WarmUpSteps; i++)
        {
            long one = Stopwatch.GetTimestamp();
            step();
            synchronize();
            single = Stopwatch.GetElapsedTime(one).TotalSeconds;
            if (single > seconds)
                return new StepTiming(single, single, 1, 1, Stopwatch.GetElapsedTime(start).TotalSeconds - single);
        }

        double warmUp = Stopwatch.GetElapsedTime(start).TotalSeconds;
        int perRound = (int)Math.Clamp(seconds / WantedRounds / single, 1, 10_000), steps = 0;
        var rounds = new List<double>();
        long measured = Stopwatch.GetTimestamp();
        do
        {
            long round = Stopwatch.GetTimestamp();
            for (int i = 0; i < perRound; i++)
                step();
            synchronize();
            rounds.Add(Stopwatch.GetElapsedTime(round).TotalSeconds / perRound);
            steps += perRound;
        }
        while (Stopwatch.GetElapsedTime(measured).TotalSeconds < seconds);

        rounds.Sort();
        return new StepTiming(MedianOf(rounds), rounds[0], steps, rounds.Count, warmUp);
    }

    /// <summary>The median of sorted numbers.</summary>
    public static double MedianOf(IReadOnlyList<double> sorted) =>
        (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
}
