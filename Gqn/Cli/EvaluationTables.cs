using System.Globalization;
using Gqn.Native.Imaging;
using Gqn.Native.Training;
using Spectre.Console;

namespace Gqn.Native.Cli;

/// <summary>Prints an evaluation as human-readable tables.</summary>
internal static class EvaluationTables
{
    private static readonly string MeanOfSamples = "mean of " + Whole(Evaluator.Samples);

    private static readonly string[] PredictionNotes =
    [
        "mean image      baseline: the mean of training images, whatever the query",
        "nearest view    baseline: the context seen from nearest the query's viewpoint",
        "prediction      the model, from contexts and viewpoint alone: one sample of the prior",
        $"{MeanOfSamples}      the mean of {Whole(Evaluator.Samples)} such samples: the error without their spread",
        "RMSE and MAE are in grey levels from 0 to 255, PSNR in dB over all pixels,",
        "infinite where they are equal; object MSE is over the pixels that show an object,",
        "where scenes say which do",
        "variance        of the samples about their mean, each clipped to 0..1, over pixels and",
        "                channels; near 0 all samples look alike",
        "visible         pixels that show what some context shows",
        "hidden          pixels that show what none does; those of the sky are neither",
        "  objects       those of these pixels whose centres show an object",
        "to visible      variance there as a multiple of that at visible pixels",
    ];

    private static readonly string[] InferenceNotes =
    [
        "reconstruction  the model after seeing the answer: not a prediction",
        "KL and excess in nats per image; excess is -ELBO above its floor at sigma "
            + Evaluator.Sigma.ToString("0.##", CultureInfo.InvariantCulture),
    ];

    /// <summary>Explanations of the terms used in the tables.</summary>
    public static IReadOnlyList<string> Notes { get; } = [.. PredictionNotes, .. InferenceNotes];

    /// <summary>Prints the prediction error per number of contexts beside both baselines, over all pixels and, if
    /// objects are known, over theirs.</summary>
    public static void WriteSummary(Terminal terminal, EvaluationReport report)
    {
        var table = Terminal.Table(
            2, "contexts", "pixels", "prediction MSE", MeanOfSamples, "mean image", "nearest view", "better than both");
        foreach (var entry in report.Contexts)
        {
            AddSummary(table, entry, report.MeanImage, "all", quality => quality.MeanSquaredError);
            AddSummary(table, entry, report.MeanImage, "objects", quality => quality.ObjectMeanSquaredError);
        }

        terminal.Console.Write(table);
        WriteSpread(terminal, report);
    }

    /// <summary>Prints all metrics of predictions, reconstructions and baselines.</summary>
    /// <param name="terminal">Receives the tables.</param>
    /// <param name="report">The evaluation.</param>
    /// <param name="imageSize">Side of the images in pixels; SSIM is undefined below its window size.</param>
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
            AddQuality(table, contexts, MeanOfSamples, entry.MeanOfSamples, similarity, string.Empty, string.Empty);
            if (entry is { Reconstruction: { } reconstruction, Kl: { } kl, Excess: { } excess })
            {
                AddQuality(
                    table, contexts, "reconstruction", reconstruction, similarity, Fixed(kl, 2), Fixed(excess, 2));
            }
        }

        terminal.Console.Write(table);
        WriteSpread(terminal, report);
        bool infers = report.Contexts.Any(entry => entry.Reconstruction is not null);
        foreach (string line in infers ? Notes : PredictionNotes)
            terminal.WriteLine(line);
        if (!infers)
        {
            terminal.WriteLine(
                "There is no reconstruction, KL or excess: the weights are without the inference network.");
        }
    }

    /// <summary>Prints the variance of the samples over all pixels and, if visibility is known, over the pixels that
    /// show what some context shows and over those that do not.</summary>
    private static void WriteSpread(Terminal terminal, EvaluationReport report)
    {
        var table = Terminal.Table(
            2, "contexts", "pixels", "share", "prediction MSE", MeanOfSamples, "variance", "to visible");
        foreach (var entry in report.Contexts)
        {
            AddSpread(
                table, entry, "all", string.Empty, new PixelEvaluation(
                    1, entry.Prediction.MeanSquaredError, entry.MeanOfSamples.MeanSquaredError, entry.SampleVariance));
            AddSpread(table, entry, "visible", string.Empty, entry.Visible);
            AddSpread(table, entry, "  objects", string.Empty, entry.Visible?.Objects);
            AddSpread(
                table, entry, "hidden",
                entry.HiddenToVisibleVariance is { } ratio ? Ratio(ratio) : string.Empty, entry.Hidden);
            AddSpread(table, entry, "  objects", string.Empty, entry.Hidden?.Objects);
        }

        terminal.Console.Write(table);
    }

    /// <summary>Adds the row of one metric, if it is known.</summary>
    private static void AddSummary(
        Table table, ContextEvaluation entry, ImageQuality meanImage, string pixels,
        Func<ImageQuality, double?> measure)
    {
        if (measure(entry.Prediction) is not { } prediction || measure(entry.MeanOfSamples) is not { } ofSamples
            || measure(meanImage) is not { } mean || measure(entry.NearestView) is not { } nearest)
        {
            return;
        }

        Terminal.AddRow(
            table, Whole(entry.Contexts), pixels, Fixed(prediction, 5), Fixed(ofSamples, 5), Fixed(mean, 5),
            Fixed(nearest, 5), prediction < Math.Min(mean, nearest) ? "yes" : "no");
    }

    /// <summary>Adds the row of a set of pixels, unless it is empty.</summary>
    private static void AddSpread(
        Table table, ContextEvaluation entry, string name, string ratio, PixelEvaluation? pixels)
    {
        if (pixels is null)
            return;
        Terminal.AddRow(
            table, Whole(entry.Contexts), name, Fixed(100 * pixels.Share, 1) + " %", Fixed(pixels.Prediction, 5),
            Fixed(pixels.MeanOfSamples, 5), Fixed(pixels.SampleVariance, 6), ratio);
    }

    private static void AddQuality(
        Table table, string contexts, string answer, ImageQuality quality, bool similarity, string kl, string excess) =>
        Terminal.AddRow(
            table, contexts, answer, Fixed(quality.MeanSquaredError, 5), Fixed(quality.RootMeanSquaredError, 1),
            Fixed(quality.MeanAbsoluteError, 1), Fixed(quality.PeakSignalToNoise, 2),
            similarity ? Fixed(quality.StructuralSimilarity, 3) : "-",
            quality.ObjectMeanSquaredError is { } objects ? Fixed(objects, 5) : "-", kl, excess);

    private static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A ratio; one to almost nothing is written as a power of ten.</summary>
    private static string Ratio(double value) =>
        value < 1e5 ? Fixed(value, 1) : value.ToString("0.0e+0", CultureInfo.InvariantCulture);

    private static string Fixed(double value, int decimals) =>
        value.ToString("F" + Whole(decimals), CultureInfo.InvariantCulture);
}
