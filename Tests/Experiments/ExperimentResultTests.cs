using System.Text.Json;
using Gqn.Native.Experiments;
using Gqn.Native.Model;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Experiments;

/// <summary>Verdicts from findings with known intervals, their sentences and their JSON.</summary>
public sealed class ExperimentResultTests
{
    private static readonly Estimate Two = new(2, 1.5, 2.5);

    public static TheoryData<double?, double?, bool> Bounds => new()
    {
        { 1.4, null, true }, { 1.5, null, false }, { 2, null, false }, { null, 2.6, true }, { null, 2.5, false },
        { null, 2, false }, { 1, 3, true }, { 1, 2, false }, { 2, 3, false },
    };

    [Theory]
    [MemberData(nameof(Bounds))]
    public void AFindingHoldsIfTheWholeIntervalLiesWithin(double? above, double? below, bool holds) =>
        Assert.Equal(holds, new Finding("a number", Two, above, below).Holds);

    [Fact]
    public void AFailedPrerequisiteSaysMoreOfTheModelThanOfTheClaim()
    {
        Finding holds = new("one", Two, Above: 0), fails = new("another", Two, Below: 2), undefined =
            new("a third", new Estimate(1, double.NaN, double.NaN), Above: 0);
        var needed = fails with { Quantity = "what is needed", IsPrerequisite = true };
        Assert.Equal(Verdict.Reproduced, Result(holds, holds).Verdict);
        Assert.Equal(Verdict.NotReproduced, Result(holds, fails).Verdict);
        Assert.Equal(Verdict.NotReproduced, Result(holds, undefined).Verdict);
        Assert.Equal(Verdict.TooWeakAModel, Result(holds, fails, needed).Verdict);
        Assert.Equal("Reproduced: it is so.", Result(holds).Conclusion);
        Assert.Equal(
            "Not reproduced: another is 2.000 (1.500 to 2.500), not below 2.000; the interval is too wide to tell, "
            + "more scenes may; 1 more finding does not hold.", Result(fails, undefined).Conclusion);
        Assert.Equal(
            "Too weak a model: what is needed is 2.000 nats (1.500 to 2.500), not below 1.500.",
            Result(fails, needed with { Below = 1.5, Unit = "nats" }).Conclusion);
    }

    [Fact]
    public void NumbersThatAreNotFiniteAreStringsInTheJson()
    {
        var infinite = new Estimate(double.PositiveInfinity, 30, double.PositiveInfinity, double.NaN);
        var result = Result(new Finding("the PSNR", infinite, Above: 3)) with
        {
            Rows = [new ResultRow("1 context", "PSNR, dB", infinite)],
        };
        using var json = JsonDocument.Parse(result.ToJson());
        var model = json.RootElement.GetProperty("rows")[0].GetProperty("model");
        Assert.Equal("Infinity", model.GetProperty("value").GetString());
        Assert.Equal("NaN", model.GetProperty("deviation").GetString());
        Assert.Equal(30, model.GetProperty("low").GetDouble());
        Assert.Equal("reproduced", json.RootElement.GetProperty("verdict").GetString());
        Assert.Equal("average", json.RootElement.GetProperty("subject").GetProperty("weights").GetString());
        Assert.Equal(
            "not reproduced", JsonDocument.Parse(Result(new Finding("x", infinite, Below: 3)).ToJson()).RootElement
                .GetProperty("verdict").GetString());
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.0020224, "0.002022")]
    [InlineData(-15.834, "-15.83")]
    [InlineData(6917.4, "6917")]
    [InlineData(0.0000012346, "1.235e-6")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    public void NumbersHaveFourDigits(double value, string expected) =>
        Assert.Equal(expected, new Estimate(value, 0, 1).ToString());

    [Fact]
    public void AMisspelledNameIsToldTheNearest()
    {
        Assert.All(Experiment.All, experiment => Assert.Same(experiment, Experiment.Find(experiment.Name)));
        var error = Assert.Throws<OptionException>(() => Experiment.Find("suprise"));
        Assert.Contains("did you mean 'surprise'?", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ChartsAreSvgWithTheNamesOfTheirCurves()
    {
        Curve curve = new("falling", [(1, Two), (2, Two with { Value = 1.8 }), (3, new Estimate(1, double.NaN, 2))]);
        string svg = Chart.Curves("A title", "across", "up", [curve]);
        Assert.Equal(svg, Chart.Curves("A title", "across", "up", [curve]));
        Assert.All(
            new[] { "<svg", "A title", "across", "up", "falling" },
            part => Assert.Contains(part, svg, StringComparison.Ordinal));
        Assert.DoesNotContain("NaN", svg, StringComparison.Ordinal);
    }

    private static ExperimentResult Result(params Finding[] findings) => new(
        "test", "0", "it is so", new MeasuredModel("model", 1, WeightKind.Average, "rooms-ring", 16), 4, 1, [],
        findings, []);
}
