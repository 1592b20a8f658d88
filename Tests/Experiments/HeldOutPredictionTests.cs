using Gqn.Native.Engine;
using Gqn.Native.Experiments;
using Xunit;

namespace Gqn.Native.Tests.Experiments;

/// <summary>Predictors that are perfect, blind to their contexts, or of a known error.</summary>
public sealed class HeldOutPredictionTests
{
    private const int Scenes = 40, Size = 12, Length = Size * Size * 3;

    private readonly float[] _truth = new float[Scenes * Length];
    private readonly byte[] _parts = new byte[Scenes * Length / 3];

    public HeldOutPredictionTests()
    {
        var random = new RandomStream(1, 9);
        foreach (ref float value in _truth.AsSpan())
            value = random.NextSingle(.4f, .6f);
        // Scene s shows an object in s % 4 pixels of each row.
        for (int i = 0; i < _parts.Length; i++)
            _parts[i] = (byte)(i % Size < i / (Size * Size) % 4 ? 1 : 0);
    }

    [Fact]
    public void AKnownErrorGivesKnownNumbers()
    {
        var rows = Judged(Off(.2f, .3f), Off(.04f, .1f)).Rows.Where(row => row.Condition == "2 contexts").ToList();
        double share = _parts.Count(part => part != 0) / (double)_parts.Length;
        double square = (.0016 * (1 - share)) + (.01 * share);
        AssertValue("MSE", square, 1e-6);
        AssertValue("object MSE", .01, 1e-6);
        AssertValue("MAE of 255", 255 * ((.04 * (1 - share)) + (.1 * share)), 1e-3);
        // 0, 1, 2 or 3 of 12 columns show an object.
        double[] squares = [.. Enumerable.Range(0, 4).Select(columns => .0016 + ((.01 - .0016) * columns / 12))];
        AssertValue("RMSE of 255", squares.Average(value => 255 * Math.Sqrt(value)), 1e-3);
        AssertValue("PSNR, dB", squares.Average(value => -10 * Math.Log10(value)), 1e-4);
        var row = rows.Single(row => row.Measure == "MSE");
        Assert.Equal(.09, row.Baselines["mean image"].Value, 1e-6);
        Assert.Equal(.0625, row.Baselines["nearest view"].Value, 1e-6);
        double average = squares.Average();
        Assert.Equal(
            Math.Sqrt(squares.Sum(value => Math.Pow(value - average, 2)) * 10 / (Scenes - 1)),
            row.Model.Deviation!.Value, 1e-7);

        void AssertValue(string measure, double expected, double tolerance) =>
            Assert.Equal(expected, rows.Single(row => row.Measure == measure).Model.Value, tolerance);
    }

    [Fact]
    public void APredictorThatImprovesWithContextsReproducesTheFigure() =>
        Assert.Equal(Verdict.Reproduced, Judged(Off(.2f, .2f), Off(.1f, .1f)).Verdict);

    [Fact]
    public void APerfectPredictorHasNothingToLearnFromMoreContexts()
    {
        var judged = Judged(Off(0, 0), Off(0, 0));
        Assert.Equal(0, Value("MSE"));
        Assert.Equal(double.PositiveInfinity, Value("PSNR, dB"));
        Assert.Equal(1, Value("SSIM"), 1e-12);
        Assert.Equal(["the fall of the MSE from 1 to 2 contexts"], Failed(judged));
        Assert.Equal(Verdict.NotReproduced, judged.Verdict);
        Assert.Equal(Verdict.Reproduced, Judged(Off(.1f, .1f), Off(0, 0)).Verdict);

        double Value(string measure) => judged.Rows.First(row => row.Measure == measure).Model.Value;
    }

    [Fact]
    public void APredictorThatIgnoresItsContextsDoesNot()
    {
        var judged = Judged(Off(.1f, .1f), Off(.1f, .1f));
        Assert.Equal(Verdict.NotReproduced, judged.Verdict);
        Assert.Equal(["the fall of the MSE from 1 to 2 contexts"], Failed(judged));
    }

    [Fact]
    public void APredictorOfEmptyRoomsFailsAtTheObjects()
    {
        var judged = Judged(Off(.1f, .35f), Off(.05f, .35f));
        Assert.Equal(Verdict.NotReproduced, judged.Verdict);
        Assert.Equal(
            ["the lead in object MSE over the better baseline with 1 context",
                "the lead in object MSE over the better baseline with 2 contexts"], Failed(judged));
    }

    [Fact]
    public void APredictorWorseThanTheMeanImageIsTooWeak() =>
        Assert.Equal(Verdict.TooWeakAModel, Judged(Off(.4f, .4f), Off(.35f, .35f)).Verdict);

    [Fact]
    public void APredictorBetweenTheBaselinesIsNotEnough()
    {
        var judged = Judged(Off(.29f, .29f), Off(.27f, .27f));
        Assert.Equal(Verdict.NotReproduced, judged.Verdict);
        Assert.Equal(4, Failed(judged).Length);
    }

    private static string[] Failed(ExperimentResult judged) =>
        [.. judged.Findings.Where(finding => !finding.Holds).Select(finding => finding.Quantity)];

    /// <summary>Answers off by the given amounts, upwards and downwards in turn, at other pixels and those of
    /// objects.</summary>
    private PredictionErrors Off(float surroundings, float objects)
    {
        float[] answers = new float[_truth.Length];
        for (int i = 0; i < answers.Length; i++)
            answers[i] = _truth[i] + ((i % 2 == 0 ? 1 : -1) * (_parts[i / 3] == 0 ? surroundings : objects));
        var errors = new PredictionErrors(Scenes, Size);
        // In two unequal batches, as of a run whose scenes do not fill the last.
        int half = 30 * Length;
        errors.Add(answers.AsSpan(0, half), _truth.AsSpan(0, half), _parts.AsSpan(0, half / 3));
        errors.Add(answers.AsSpan(half), _truth.AsSpan(half), _parts.AsSpan(half / 3));
        return errors;
    }

    private ExperimentResult Judged(PredictionErrors one, PredictionErrors two)
    {
        var (rows, findings) = HeldOutPrediction.Judge(new Bootstrap(Scenes, 1), Off(.3f, .3f), [
            new(1, one, Off(.25f, .25f), new double[Scenes]), new(2, two, Off(.25f, .25f), new double[Scenes])]);
        return new ExperimentResult("prediction", "2A", "a claim", null!, Scenes, 1, rows, findings, []);
    }
}
