using System.Diagnostics;
using System.Runtime;
using Gqn.Native.Benchmarks.Measures;

namespace Gqn.Native.Benchmarks.Guard;

/// <summary>How time is taken.</summary>
internal enum Timing
{
    /// <summary>All threads, in wall time: what users wait for. It includes other work on the machine.</summary>
    AllThreads,

    /// <summary>One thread, in processor time: the work of other programs does not count.</summary>
    OneThread,
}

/// <summary>The result of measuring a case.</summary>
/// <param name="Figures">Medians over the rounds.</param>
/// <param name="Seconds">The shortest time of one call.</param>
internal readonly record struct Measurement(Figures Figures, double Seconds)
{
    /// <summary>Rounds of a comparison.</summary>
    public const int Rounds = 5;

    // Long enough for threads that another pool left spinning to park (1.5 ms), and for the caches to be warm again.
    private const double SettleSeconds = 0.002;
    private const double SampleSeconds = 0.002;
    private const int LeastSamples = 12;
    private const double RoundSeconds = 1;

    // The runtime aligns the stack to 16 bytes, but vectors on it have 64, so the system's placement of the stack makes
    // some loops twice as slow in one process as in another. A round covers all offsets.
    private const int StackAlignment = 16, StackPlaces = 4;

    // The runtime recompiles methods in the background, a tenth of a second after the last new one and 30 calls.
    private const double WarmUpSeconds = 0.25;
    private const int WarmUpCalls = 40, WarmUpLimit = 8;

    /// <summary>
    /// Alternates peak, case and baseline in samples of equal length, so that all three see the same machine. A round
    /// ends when the two fastest samples of each agree, early on a quiet machine; the fastest sample counts, and the
    /// median of the rounds' quotients.
    /// </summary>
    public static Measurement Of(GuardCase guarded, Peaks peaks, Timing timing, int rounds)
    {
        bool memory = guarded.Limit == Resource.Memory;
        Action peak = memory ? peaks.Copy : peaks.MultiplyAdd;
        double peakWork = memory ? Peaks.CopyWork.Bytes : peaks.MultiplyAddWork.Flops;
        double work = memory ? guarded.Work.Bytes : guarded.Work.Flops;
        int peakCalls = WarmUp(peak, timing), calls = WarmUp(guarded.Run, timing);
        int baselineCalls = WarmUp(guarded.Baseline, timing);
        double[] ratios = new double[rounds], shares = new double[rounds];
        double best = double.PositiveInfinity;
        for (int round = 0; round < rounds; round++)
        {
            Fastest peakTime = new(), time = new(), baselineTime = new();
            long start = Stopwatch.GetTimestamp();
            for (int sample = 1; sample <= LeastSamples
                || (!(peakTime.Agree && time.Agree && baselineTime.Agree)
                    && Stopwatch.GetElapsedTime(start).TotalSeconds < RoundSeconds); sample++)
            {
                int shift = StackAlignment * (sample % StackPlaces);
                peakTime.Add(Sample(peak, peakCalls, timing, shift));
                time.Add(Sample(guarded.Run, calls, timing, shift));
                baselineTime.Add(Sample(guarded.Baseline, baselineCalls, timing, shift));
            }

            ratios[round] = baselineTime.Seconds / guarded.BaselinePart / time.Seconds;
            shares[round] = work / time.Seconds / (peakWork / peakTime.Seconds);
            best = Math.Min(best, time.Seconds);
        }

        return new Measurement(new Figures(Median(ratios), Median(shares)), best);
    }

    /// <summary>The middle value of an odd number of values; sorts them.</summary>
    public static double Median(double[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }

    /// <summary>Runs an action until nothing more is compiled; returns the calls that fill a sample.</summary>
    private static int WarmUp(Action action, Timing timing)
    {
        long compiled = -1;
        for (int i = 0; i < WarmUpLimit && compiled != JitInfo.GetCompiledMethodCount(); i++)
        {
            compiled = JitInfo.GetCompiledMethodCount();
            long start = Stopwatch.GetTimestamp();
            for (int calls = 0;
                calls < WarmUpCalls || Stopwatch.GetElapsedTime(start).TotalSeconds < WarmUpSeconds; calls++)
            {
                action();
            }
        }

        return Math.Max(1, (int)Math.Round(SampleSeconds / Sample(action, 1, timing, 0)));
    }

    /// <summary>Seconds per call with the stack moved by <paramref name="shift"/> bytes.</summary>
    private static unsafe double Sample(Action action, int calls, Timing timing, int shift)
    {
        byte* unused = stackalloc byte[shift + 1];
        *unused = 0;
        long settling = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(settling).TotalSeconds < SettleSeconds)
            action();
        double start = Now(timing);
        for (int i = 0; i < calls; i++)
            action();
        return (Now(timing) - start) / calls;
    }

    // Windows counts processor time in steps of 15 ms, so wall time is used there.
    private static double Now(Timing timing) => timing == Timing.OneThread && !OperatingSystem.IsWindows()
        ? Environment.CpuUsage.TotalTime.TotalSeconds
        : Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;

    /// <summary>The two fastest of some samples.</summary>
    private struct Fastest()
    {
        private double _second = double.PositiveInfinity;

        public double Seconds { get; private set; } = double.PositiveInfinity;

        /// <summary>Whether two samples have been spared from what slows samples down.</summary>
        public readonly bool Agree => _second <= 1.02 * Seconds;

        public void Add(double seconds)
        {
            _second = Math.Min(_second, Math.Max(seconds, Seconds));
            Seconds = Math.Min(Seconds, seconds);
        }
    }
}
