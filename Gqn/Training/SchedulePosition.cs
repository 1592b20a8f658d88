using System.Globalization;
using Gqn.Native.Model;

namespace Gqn.Native.Training;

/// <summary>How far the schedules of a run are after s updates: p(s) = s, until the length of the run is changed.</summary>
/// <remarks>
/// A re-fit r at update s_r lets p grow by its rate with each update that follows: p(s) = p(s_r) + rate_r (s − s_r).
/// All that was trained before s_r stays as it was, to the bit. Written "3000:1.2258,4500:1.4": updates and rates.
/// </remarks>
public sealed class SchedulePosition
{
    private const double MaxRate = 1e9;

    /// <summary>Rates have four decimals, so that what is written is what was used.</summary>
    private const double RateUnits = 1e4;

    private readonly (long Step, double Rate)[] _refits;

    private SchedulePosition((long Step, double Rate)[] refits) => _refits = refits;

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <param name="refits">The re-fits in order; null or empty for none.</param>
    /// <exception cref="OptionException">It is something else.</exception>
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

    /// <summary>p(s), to ask schedules for the values of update s.</summary>
    /// <param name="step">s, updates made before.</param>
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
    /// The position for a run that gets shorter or longer: from here on schedules go faster or slower, so that the last
    /// update has their final values.
    /// </summary>
    /// <param name="step">Updates made.</param>
    /// <param name="steps">Updates of the whole run as planned so far.</param>
    /// <param name="wanted">Updates of the whole run as wanted: more than <paramref name="step"/> + 1.</param>
    /// <returns>The position, and the updates of the whole run: as wanted, or a few less.</returns>
    public (SchedulePosition Position, long Steps) Refit(long step, long steps, long wanted)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(wanted, step + 2);
        double distance = At(steps) - At(step);
        double rate = Math.Ceiling(distance / (wanted - 1 - step) * RateUnits) / RateUnits;
        var refits = _refits.Where(refit => refit.Step < step).Append((step, rate));
        return (new SchedulePosition([.. refits]), step + (long)Math.Ceiling(distance / rate) + 1);
    }

    /// <summary>The re-fits as text; empty where there are none.</summary>
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
