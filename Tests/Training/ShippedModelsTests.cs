using System.Runtime.CompilerServices;
using Gqn.Native.Engine;
using Gqn.Native.Tests.Architecture;
using Gqn.Native.Training;
using Xunit;

namespace Gqn.Native.Tests.Training;

/// <summary>The models that come with the program: each predicts as well as its file, and docs/models.md, say.</summary>
public sealed class ShippedModelsTests
{
    private const long MostBytes = 12_000_000;

    public static TheoryData<string> Files => [.. Directory.GetFiles(Folder(), "*" + WeightsFile.Extension)
        .Select(file => Path.GetFileName(file))];

    [Fact]
    public void AllTogetherAreSmall() =>
        Assert.InRange(new DirectoryInfo(Folder()).EnumerateFiles().Sum(file => file.Length), 1_000_000, MostBytes);

    [Theory]
    [MemberData(nameof(Files))]
    public void PredictionsAreThoseOfItsFigures(string file)
    {
        string path = Path.Combine(Folder(), file);
        var figures = WeightsFile.Describe(path).Figures;
        Assert.NotNull(figures);
        var expected = figures.Contexts.Single(entry => entry.Contexts == 3);
        using var device = new CpuDevice();
        using var model = TrainedModel.Load(path, device);
        using var evaluator = new Evaluator(model.Network, device, model.Configuration);
        var actual = evaluator.Evaluate([3], figures.Count, model.Step, TestContext.Current.CancellationToken).Contexts[0];
        // Half precision moves an error by less than a hundredth.
        AssertClose(expected.Prediction.MeanSquaredError, actual.Prediction.MeanSquaredError);
        AssertClose(expected.MeanOfSamples.MeanSquaredError, actual.MeanOfSamples.MeanSquaredError);
        AssertClose(
            expected.MeanOfSamples.ObjectMeanSquaredError!.Value, actual.MeanOfSamples.ObjectMeanSquaredError!.Value);
        Assert.True(actual.MeanOfSamples.MeanSquaredError < actual.NearestView.MeanSquaredError / 3);
        // The page has a row for each model, with the error over all pixels.
        string page = PageExample.Read("docs/models.md");
        Assert.Contains(
            FormattableString.Invariant($"{expected.MeanOfSamples.MeanSquaredError:F5}"), page, StringComparison.Ordinal);
        Assert.Contains($"`{Path.GetFileNameWithoutExtension(file)}`", page, StringComparison.Ordinal);
    }

    private static void AssertClose(double expected, double actual) =>
        Assert.InRange(actual, 0.99 * expected, 1.01 * expected);

    private static string Folder([CallerFilePath] string source = "") =>
        Path.Combine(Path.GetDirectoryName(source)!, "..", "..", "Gqn", "Weights");
}
