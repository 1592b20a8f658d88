using System.Globalization;
using Gqn.Native.Model;

namespace Gqn.Native.Training;

/// <summary>The position of a run's schedules after s updates: p(s) = s, until the run's length is changed.</summary>
/// <remarks>
/// After a re-fit r at update s_r, p advances by its rate with each update: p(s) = p(s_r) + rate_r (s − s_r).
/// Everything up to s_r stays bitwise the same. The notation is "3000:1.2258,4500:1.4": updates and rates.
/// </remarks>
public sealed class SchedulePosition
{
    private const double MaxRate = 1e9;

    /// <summary>Rates have four decimals, so that the written value is exactly the one used.</summary>
    private const double RateUnits = 1e4;

    private readonly (long Step, double Rate)[] _refits;

    private SchedulePosition((long Step, double Rate)[] refits) => _refits = refits;

    /// <summary>Parses the output of <see cref="ToString"/>.</summary>
    /// <param name="refits">The re-fits in order; null or empty for none.</param>
    /// <exception cref="OptionException">The text is not a list of re-fits.</exception>
    public static SchedulePosition Parse(string? refits)
    {
        string[] parts = string.IsNullOrEmpty(refits) ? [] : refits.Split(',');
        var read = new (long Step, double Rate)[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!TryRead(parts[i], out read[i]) || (i > 0 && read[i].Step <= read[i - 1].Step))
            {
                throw new OptionException(
                    $"training.refits {refits}: write steps that grow, each with the rate from there on, "
                    + "such as 3000:1.2258,4500:1.4, or none.");
            }
        }

        return new SchedulePosition(read);
    }

    /// <summary>p(s), at which to evaluate the schedules for update s.</summary>
    /// <param name="step">s, the number of updates made before.</param>
    public double At(long step)
    {
        (long Step, double Rate) current = (0, 1);
        double position = 0;
        foreach (var refit in _refits)
        {
            if (refit.Step >= step)
                break;
            position += (refit.Step - current.Step) * current.Rate;
            current = refit;
        }

        return position + ((step - current.Step) * current.Rate);
    }

    /// <summary>
    /// Re-fits a run that becomes shorter or longer: from here on schedules advance faster or slower, so that the last
    /// update has their final values.
    /// </summary>
    /// <param name="step">The number of updates made.</param>
    /// <param name="steps">The planned number of updates of the whole run.</param>
    /// <param name="wanted">The desired number of updates: more than <paramref name="step"/> + 1.</param>
    /// <returns>The position, and the number of updates of the whole run: as desired, or a few less.</returns>
    public (SchedulePosition Position, long Steps) Refit(long step, long steps, long wanted)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(wanted, step + 2);
        double distance = At(steps) - At(step);
        double rate = Math.Ceiling(distance / (wanted - 1 - step) * RateUnits) / RateUnits;
        var refits = _refits.Where(refit => refit.Step < step).Append((step, rate));
        return (new SchedulePosition([.. refits]), step + (long)Math.Ceiling(distance / rate) + 1);
    }

    /// <summary>The re-fits as text; empty if there are none.</summary>
    public override string ToString() => string.Join(
        ',', _refits.Select(refit => string.Create(CultureInfo.InvariantCulture, $"{refit.Step}:{refit.Rate:0.####}")));

    private static bool TryRead(string text, out (long Step, double Rate) refit)
    {
        refit = default;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0
            && long.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out refit.Step)
            && double.TryParse(
                text.AsSpan(colon + 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out refit.Rate)
            && refit.Rate is > 0 and <= MaxRate;
    }
}
