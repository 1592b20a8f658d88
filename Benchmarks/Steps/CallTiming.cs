using System.Diagnostics;

namespace Gqn.Native.Benchmarks.Steps;

/// <summary>Seconds per call of one operation, with so many calls between two waits that a wait is negligible.
/// </summary>
/// <param name="Median">Median over the samples.</param>
/// <param name="CallsPerWait">Calls between two waits: one sample.</param>
/// <param name="Samples">Number of samples.</param>
internal readonly record struct CallTiming(double Median, int CallsPerWait, int Samples)
{
    /// <summary>How long the calls between two waits take: hundreds of times as long as to launch and wait.</summary>
    public const double SecondsBetweenWaits = 0.02;

    /// <summary>No more calls than this are queued: launches wait for a full queue anyway.</summary>
    public const int MostCalls = 2000;

    // A call longer than the last of these is its own measurement.
    private const double SecondsOfWarmUp = 0.15, SecondsOfSamples = 0.15, SecondsOfASlowCall = 1;
    private const int LeastSamples = 3;

    /// <summary>Times calls.</summary>
    /// <param name="round">Makes the given number of calls, one after another, and waits once for all of them.</param>
    public static CallTiming Measure(Action<int> round)
    {
        // The first call compiles, the second fills caches; further ones raise clock rates and wake processors. They
        // also tell how long a call takes without its share of a wait, which a single call does not.
        round(1);
        double seconds = SecondsPerCall(round, 1);
        if (seconds >= SecondsOfASlowCall)
            return new CallTiming(seconds, 1, 1);
        long began = Stopwatch.GetTimestamp();
        do
            seconds = SecondsPerCall(round, CallsFor(seconds));
        while (Stopwatch.GetElapsedTime(began).TotalSeconds < SecondsOfWarmUp);

        int calls = CallsFor(seconds);
        var samples = new List<double>();
        began = Stopwatch.GetTimestamp();
        while (samples.Count < LeastSamples || Stopwatch.GetElapsedTime(began).TotalSeconds < SecondsOfSamples)
            samples.Add(SecondsPerCall(round, calls));
        samples.Sort();
        return new CallTiming(StepTiming.MedianOf(samples), calls, samples.Count);
    }

    private static int CallsFor(double seconds) => (int)Math.Clamp(SecondsBetweenWaits / seconds, 1, MostCalls);

    private static double SecondsPerCall(Action<int> round, int calls)
    {
        long start = Stopwatch.GetTimestamp();
        round(calls);
        return Stopwatch.GetElapsedTime(start).TotalSeconds / calls;
    }
}
