using System.Globalization;
using Gqn.Native.Imaging;
using Gqn.Native.Training;
using Spectre.Console;

namespace Gqn.Native.Cli;

/// <summary>An evaluation as tables for people.</summary>
internal static class EvaluationTables
{
    /// <summary>Prediction error per number of contexts beside both baselines, over all pixels and, where objects are
    /// known, over theirs.</summary>
    public static void WriteSummary(Terminal terminal, EvaluationReport report)
    {
        var table = Terminal.Table(
            2, "contexts", "pixels", "prediction MSE", "mean image", "nearest view", "better than both");
        foreach (var entry in report.Contexts)
        {
            AddSummary(table, entry, report.MeanImage, "all", quality => quality.MeanSquaredError);
            AddSummary(table, entry, report.MeanImage, "objects", quality => quality.ObjectMeanSquaredError);
        }

        terminal.Console.Write(table);
    }

    /// <summary>All measures of predictions, reconstructions and baselines.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="report">The evaluation.</param>
    /// <param name="imageSize">Of the images; the smallest have no structural similarity.</param>
    public static void Write(Terminal terminal, EvaluationReport report, int imageSize)
    {
        var table = Terminal.Table(
            2, "contexts", "answer", "MSE", "RMSE", "MAE", "PSNR", "SSIM", "object MSE", "KL", "excess");
        bool similarity = imageSize >= ImageMetrics.WindowSize;
        AddQuality(table, "any", "mean image", report.MeanImage, similarity, string.Empty, string.Empty);
        foreach (var entry in report.Contexts)
        {
            string contexts = Whole(entry.Contexts);
            AddQuality(table, contexts, "nearest view", entry.NearestView, similarity, string.Empty, string.Empty);
            AddQuality(table, contexts, "prediction", entry.Prediction, similarity, string.Empty, string.Empty);
            if (entry is { Reconstruction: { } reconstruction, Kl: { } kl, Excess: { } excess })
            {
                AddQuality(
                    table, contexts, "reconstruction", reconstruction, similarity, Fixed(kl, 2), Fixed(excess, 2));
            }
        }

        terminal.Console.Write(table);
        terminal.WriteLine("mean image      baseline: the mean of training images, whatever the query");
        terminal.WriteLine("nearest view    baseline: the context seen from nearest the query's viewpoint");
        terminal.WriteLine("prediction      the model, from contexts and viewpoint alone");
        bool infers = report.Contexts.Any(entry => entry.Reconstruction is not null);
        terminal.WriteLine(infers
            ? "reconstruction  the model after seeing the answer: not a prediction"
            : "There is no reconstruction, KL or excess: the weights are without the inference network.");
        terminal.WriteLine("RMSE and MAE are in grey levels from 0 to 255, PSNR in dB over all pixels,");
        terminal.WriteLine("object MSE is over the pixels that show an object, where scenes say which do.");
        if (!infers)
            return;
        terminal.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"KL and excess are in nats per image; excess is -ELBO above its floor at sigma {report.Sigma:0.##}."));
    }

    /// <summary>Adds a row of one measure, unless it is not known.</summary>
    private static void AddSummary(
        Table table, ContextEvaluation entry, ImageQuality meanImage, string pixels,
        Func<ImageQuality, double?> measure)
    {
        if (measure(entry.Prediction) is not { } prediction
            || measure(meanImage) is not { } mean || measure(entry.NearestView) is not { } nearest)
        {
            return;
        }

        Terminal.AddRow(
            table, Whole(entry.Contexts), pixels, Fixed(prediction, 5), Fixed(mean, 5), Fixed(nearest, 5),
            prediction < Math.Min(mean, nearest) ? "yes" : "no");
    }

    private static void AddQuality(
        Table table, string contexts, string answer, ImageQuality quality, bool similarity, string kl, string excess) =>
        Terminal.AddRow(
            table, contexts, answer, Fixed(quality.MeanSquaredError, 5), Fixed(quality.RootMeanSquaredError, 1),
            Fixed(quality.MeanAbsoluteError, 1), Fixed(quality.PeakSignalToNoise, 2),
            similarity ? Fixed(quality.StructuralSimilarity, 3) : "-",
            quality.ObjectMeanSquaredError is { } objects ? Fixed(objects, 5) : "-", kl, excess);

    private static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Fixed(double value, int decimals) =>
        value.ToString("F" + Whole(decimals), CultureInfo.InvariantCulture);
}
