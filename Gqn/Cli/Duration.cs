using System.Globalization;

namespace Gqn.Native.Cli;

/// <summary>Human-readable durations: 90s, 10m, 1h30m, or seconds without a unit.</summary>
internal static class Duration
{
    private const string Units = "hms";
    private const long MaxSeconds = 10_000 * 3600;
    private static readonly int[] Seconds = [3600, 60, 1];

    /// <summary>Parses a duration of whole hours, minutes and seconds, in that order.</summary>
    /// <returns>False if the text is not a duration, or not above 0 and below 10,000 hours.</returns>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        long total = 0;
        int unit = -1, start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsAsciiDigit(text[i]))
                continue;
            int next = Units.IndexOf(text[i], StringComparison.Ordinal);
            if (next <= unit || !TryReadNumber(text.AsSpan(start, i - start), out int number))
                return false;
            total += (long)number * Seconds[next];
            (unit, start) = (next, i + 1);
        }

        if (unit < 0)
        {
            if (!TryReadNumber(text, out int number))
                return false;
            total = number;
        }
        else if (start < text.Length)
        {
            return false;
        }

        if (total is <= 0 or >= MaxSeconds)
            return false;
        duration = TimeSpan.FromSeconds(total);
        return true;
    }

    /// <summary>Formats a duration, rounded up to seconds, in at most two units: "2h05m", "3m12s", "45s".</summary>
    public static string Format(TimeSpan duration)
    {
        long seconds = (long)Math.Ceiling(duration.TotalSeconds);
        return seconds switch
        {
            >= 3600 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600}h{seconds % 3600 / 60:D2}m"),
            >= 60 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60}m{seconds % 60:D2}s"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{seconds}s"),
        };
    }

    private static bool TryReadNumber(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
