using System.Globalization;
using Gqn.Native.Imaging;
using Gqn.Native.Training;
using Spectre.Console;

namespace Gqn.Native.Cli;

/// <summary>An evaluation as tables for people.</summary>
internal static class EvaluationTables
{
    /// <summary>Prediction error per number of contexts beside both baselines.</summary>
    public static void WriteSummary(Terminal terminal, EvaluationReport report)
    {
        var table = Terminal.Table(0, "contexts", "prediction MSE", "mean image", "nearest view", "better than both");
        foreach (var entry in report.Contexts)
        {
            double prediction = entry.Prediction.MeanSquaredError;
            double best = Math.Min(report.MeanImage.MeanSquaredError, entry.NearestView.MeanSquaredError);
            Terminal.AddRow(
                table, Whole(entry.Contexts), Fixed(prediction, 5), Fixed(report.MeanImage.MeanSquaredError, 5),
                Fixed(entry.NearestView.MeanSquaredError, 5), prediction < best ? "yes" : "no");
        }

        terminal.Console.Write(table);
    }

    /// <summary>All measures of predictions, reconstructions and baselines.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="report">The evaluation.</param>
    /// <param name="imageSize">Of the images; the smallest have no structural similarity.</param>
    public static void Write(Terminal terminal, EvaluationReport report, int imageSize)
    {
        var table = Terminal.Table(2, "contexts", "answer", "MSE", "RMSE", "MAE", "PSNR", "SSIM", "KL", "excess");
        bool similarity = imageSize >= ImageMetrics.WindowSize;
        AddQuality(table, "any", "mean image", report.MeanImage, similarity, string.Empty, string.Empty);
        foreach (var entry in report.Contexts)
        {
            string contexts = Whole(entry.Contexts);
            AddQuality(table, contexts, "nearest view", entry.NearestView, similarity, string.Empty, string.Empty);
            AddQuality(table, contexts, "prediction", entry.Prediction, similarity, string.Empty, string.Empty);
            string kl = Fixed(entry.Kl, 2), excess = Fixed(entry.Excess, 2);
            AddQuality(table, contexts, "reconstruction", entry.Reconstruction, similarity, kl, excess);
        }

        terminal.Console.Write(table);
        terminal.WriteLine("mean image      baseline: the mean of training images, whatever the query");
        terminal.WriteLine("nearest view    baseline: the context seen from nearest the query's viewpoint");
        terminal.WriteLine("prediction      the model, from contexts and viewpoint alone");
        terminal.WriteLine("reconstruction  the model after seeing the answer: not a prediction");
        terminal.WriteLine("RMSE and MAE are in grey levels from 0 to 255, PSNR in dB over all pixels,");
        terminal.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"KL and excess in nats per image; excess is -ELBO above its floor at sigma {report.Sigma:0.##}."));
    }

    private static void AddQuality(
        Table table, string contexts, string answer, ImageQuality quality, bool similarity, string kl, string excess) =>
        Terminal.AddRow(
            table, contexts, answer, Fixed(quality.MeanSquaredError, 5), Fixed(quality.RootMeanSquaredError, 1),
            Fixed(quality.MeanAbsoluteError, 1), Fixed(quality.PeakSignalToNoise, 2),
            similarity ? Fixed(quality.StructuralSimilarity, 3) : "-", kl, excess);

    private static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Fixed(double value, int decimals) =>
        value.ToString("F" + Whole(decimals), CultureInfo.InvariantCulture);
}
