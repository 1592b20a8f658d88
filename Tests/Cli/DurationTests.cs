using Gqn.Native.Cli;
using Xunit;

namespace Gqn.Native.Tests.Cli;

public sealed class DurationTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("10m", 600)]
    [InlineData("1h30m", 5400)]
    [InlineData("2h5s", 7205)]
    [InlineData("1h2m3s", 3723)]
    [InlineData("45", 45)]
    [InlineData("100m", 6000)]
    public void WholeHoursMinutesAndSecondsAreRead(string text, int seconds)
    {
        Assert.True(Duration.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.FromSeconds(seconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData("0")]
    [InlineData("0m")]
    [InlineData("-5")]
    [InlineData("-5m")]
    [InlineData("1.5h")]
    [InlineData("5x")]
    [InlineData("10 m")]
    [InlineData("30m1h")]
    [InlineData("1m1m")]
    [InlineData("1h30")]
    [InlineData("99999999999s")]
    [InlineData("10000h")]
    [InlineData("2147483647h")]
    public void AnythingElseIsRefused(string text) => Assert.False(Duration.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(0.2, "1s")]
    [InlineData(59, "59s")]
    [InlineData(192, "3m12s")]
    [InlineData(7500, "2h05m")]
    public void DurationsAreShownToTwoUnits(double seconds, string text) =>
        Assert.Equal(text, Duration.Format(TimeSpan.FromSeconds(seconds)));
}
