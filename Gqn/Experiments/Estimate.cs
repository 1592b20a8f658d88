using System.Globalization;

namespace Gqn.Native.Experiments;

/// <summary>A number measured on some scenes, with its 95 % confidence interval over scenes.</summary>
/// <param name="Value">The number on all scenes.</param>
/// <param name="Low">The lower end of the interval.</param>
/// <param name="High">The upper end of the interval.</param>
/// <param name="Deviation">The standard deviation over scenes, for a mean over scenes; null for other numbers.</param>
public sealed record Estimate(double Value, double Low, double High, double? Deviation = null)
{
    /// <summary>The number, rounded to four significant digits.</summary>
    public override string ToString() => Text(Value);

    /// <summary>The interval as text: "0.0018 to 0.0023".</summary>
    public string IntervalText() => $"{Text(Low)} to {Text(High)}";

    /// <summary>A number with four significant digits, small ones as powers of ten.</summary>
    internal static string Text(double value)
    {
        if (!double.IsFinite(value) || value == 0)
            return value.ToString(CultureInfo.InvariantCulture);
        int magnitude = (int)Math.Floor(Math.Log10(Math.Abs(value)));
        return magnitude is < -5 or > 8
            ? value.ToString("0.000e+0", CultureInfo.InvariantCulture)
            : value.ToString("F" + Math.Max(0, 3 - magnitude).ToString(CultureInfo.InvariantCulture),
                CultureInfo.InvariantCulture);
    }
}
