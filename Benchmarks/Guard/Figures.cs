using System.Text.Json.Serialization;

namespace Gqn.Native.Benchmarks.Guard;

/// <summary>The speed of a case, in figures that a busy or slower machine changes little.</summary>
/// <param name="Ratio">Time of the plain baseline for the same work / time of the case.</param>
/// <param name="PeakShare">Throughput of the case / peak throughput of the machine at the same time.</param>
internal readonly record struct Figures(double Ratio, double PeakShare)
{
    /// <summary>Whether both are numbers above zero.</summary>
    [JsonIgnore]
    public bool IsPositive => Ratio > 0 && PeakShare > 0 && double.IsFinite(Ratio) && double.IsFinite(PeakShare);
}

/// <summary>The loss that is tolerated against the committed figures.</summary>
/// <param name="Loss">How much worse a figure may be, as a fraction.</param>
/// <param name="EitherHolds">Whether one good figure is enough, or both must be good.</param>
internal readonly record struct Tolerance(double Loss, bool EitherHolds)
{
    /// <summary>For a machine that has nothing else to do.</summary>
    public static Tolerance Quiet { get; } = new(0.1, false);

    /// <summary>
    /// For a machine with other work. A slower kernel loses against both yardsticks; if it loses against only one, that
    /// yardstick has moved.
    /// </summary>
    public static Tolerance Noisy { get; } = new(0.3, true);
}

/// <summary>Whether a case is as fast as it was.</summary>
/// <param name="Passed">Whether it is.</param>
/// <param name="Text">The reason, for the table.</param>
internal readonly record struct Verdict(bool Passed, string Text)
{
    private const double Notable = 1.1;

    /// <summary>Compares figures with the committed ones and with the floor that holds on any machine.</summary>
    /// <param name="measured">The current figures.</param>
    /// <param name="committed">The committed ones; null if there are none for this machine or case.</param>
    /// <param name="floor">The least ratio.</param>
    /// <param name="tolerance">The loss that is tolerated against the committed figures.</param>
    public static Verdict Of(Figures measured, Figures? committed, double floor, Tolerance tolerance)
    {
        // Comparisons are written so that a figure that is not a number fails.
        if (!(measured.Ratio >= floor))
            return new Verdict(false, FormattableString.Invariant($"FAILED: the ratio is below its floor {floor:G3}"));
        if (committed is not { } figures)
            return new Verdict(true, "ok, no figure committed");
        double ratio = measured.Ratio / figures.Ratio, share = measured.PeakShare / figures.PeakShare;
        bool ratioHolds = ratio >= 1 - tolerance.Loss, shareHolds = share >= 1 - tolerance.Loss;
        if (tolerance.EitherHolds ? !ratioHolds && !shareHolds : !ratioHolds || !shareHolds)
            return ratioHolds ? Worse("share of the peak", share) : Worse("ratio", ratio);
        bool better = ratio > Notable && share > Notable;
        return new Verdict(true, better ? "ok, faster than committed: renew" : "ok");
    }

    /// <summary>Measures until a verdict is good, or bad in every attempt.</summary>
    /// <param name="measure">Takes the figures.</param>
    /// <param name="judge">Compares them.</param>
    /// <param name="attempts">How often a bad verdict is doubted, plus one.</param>
    /// <returns>The last measurement and its verdict.</returns>
    public static (TMeasured Measured, Verdict Verdict) Confirm<TMeasured>(
        Func<TMeasured> measure, Func<TMeasured, Verdict> judge, int attempts = 3)
    {
        while (true)
        {
            var measured = measure();
            var verdict = judge(measured);
            if (verdict.Passed || --attempts <= 0)
                return (measured, verdict);
        }
    }

    private static Verdict Worse(string figure, double quotient) =>
        new(
            false,
            FormattableString.Invariant($"FAILED: {figure} is {100 * (1 - quotient):F0} % below what is committed"));
}
