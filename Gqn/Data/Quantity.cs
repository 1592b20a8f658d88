using System.Globalization;

namespace Gqn.Native.Data;

/// <summary>Numbers of things in messages.</summary>
internal static class Quantity
{
    /// <summary>A number with its noun: "1 scene", "2,000 scenes".</summary>
    /// <param name="count">How many there are.</param>
    /// <param name="one">The noun for one of them; others get an s.</param>
    public static string Of(long count, string one) => string.Create(
        CultureInfo.InvariantCulture, $"{count:N0} {one}{(count == 1 ? string.Empty : "s")}");
}
