using Gqn.Native.Data;
using Gqn.Native.Imaging;
using Gqn.Native.Scenes;
using Gqn.Native.Training;

namespace Gqn.Native.Experiments;

/// <summary>How well a model draws views of scenes that it has never seen, from one context and more (figures 2A and
/// 2B).</summary>
internal sealed class HeldOutPrediction : Experiment
{
    private const string MeanImage = "mean image", NearestView = "nearest view";
    private const int SheetScenes = 6, TourViews = 12;
    private const float DifferenceScale = 2;

    /// <inheritdoc/>
    public override string Name => "prediction";

    /// <inheritdoc/>
    public override string Figure => "2A, 2B";

    /// <inheritdoc/>
    public override string Claim =>
        "from a few views of a new scene the network draws others, the better the more it has seen, and better than "
        + "the mean image and the nearest view";

    /// <inheritdoc/>
    public override string Needs => "any model of at least two contexts";

    /// <inheritdoc/>
    public override int UsualScenes => 256;

    /// <inheritdoc/>
    public override long Plan(ExperimentSubject subject, int scenes)
    {
        subject.RequireSeveralContexts(Name);
        return (long)scenes * subject.ContextCounts.Length;
    }

    /// <inheritdoc/>
    public override ExperimentReport Run(
        ExperimentSubject subject, int scenes, Action<long> advance, CancellationToken cancellation)
    {
        int[] counts = subject.ContextCounts;
        int size = subject.ImageSize;
        var meanImage = new PredictionErrors(scenes, size);
        Entry[] entries = [.. counts.Select(count => new Entry(
            count, new PredictionErrors(scenes, size), new PredictionErrors(scenes, size), new double[scenes]))];
        var sheet = new ContactSheet(SheetLabels(counts), size, size);
        float[] mean = subject.MeanTrainingImage();
        int first = 0;
        foreach (var batch in subject.HeldOut(scenes, counts[^1]))
        {
            byte[] parts = batch.QueryParts ?? [];
            float[] answers = new float[batch.QueryImages.Length];
            for (int scene = 0; scene < batch.Scenes; scene++)
                mean.CopyTo(answers.AsSpan(scene * mean.Length));
            meanImage.Add(answers, batch.QueryImages, parts);
            float[][] predictions = new float[counts.Length][];
            for (int i = 0; i < counts.Length; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var shown = subject.Show(batch, counts[i]);
                predictions[i] = shown.Predict(subject.Noise(0, first));
                entries[i].Prediction.Add(predictions[i], batch.QueryImages, parts);
                PosteriorBound.Of(subject, shown, batch.QueryImages, first).CopyTo(entries[i].Excess.AsSpan(first));
                Baselines.NearestViews(batch, counts[i], answers);
                entries[i].Nearest.Add(answers, batch.QueryImages, parts);
                advance(batch.Scenes);
            }

            for (int scene = 0; scene < batch.Scenes && first + scene < SheetScenes; scene++)
                sheet.AddRow(SheetRow(batch, scene, predictions));
            first += batch.Scenes;
        }

        var (rows, findings) = Judge(new Bootstrap(scenes, subject.Seed), meanImage, entries);
        var notes = new List<string>();
        if (!meanImage.HasObjects)
            notes.Add("The scenes do not say which pixels show objects, so these were not measured apart.");
        if (!subject.Network.CanInfer)
        {
            notes.Add("The model is without its inference network, so the excess is that of the bound with a prior "
                + "sample in the posterior's place.");
        }

        var pictures = new Dictionary<string, RgbImage> { [string.Empty] = sheet.Render() };
        if (DrawTour(subject, counts[^1], cancellation) is { } tour)
            pictures["tour"] = tour;
        else
            notes.Add("The scenes are known by their pictures alone, so there is no strip of a tour.");
        var curves = new[] { "prediction", NearestView, MeanImage }.Select(answer => new Curve(
            answer, [.. rows.Where(row => row.Measure == "MSE").Select((row, i) => (
                (double)counts[i], answer == "prediction" ? row.Model : row.Baselines[answer]))]));
        string chart = Chart.Curves("Held-out prediction", "contexts", "mean squared error", [.. curves]);
        return new ExperimentReport(
            Result(subject, scenes, rows, findings, notes), pictures,
            new Dictionary<string, string> { [string.Empty] = chart });
    }

    /// <summary>The table and the findings of measured errors.</summary>
    /// <param name="bootstrap">Makes the intervals.</param>
    /// <param name="meanImage">The errors of the mean image.</param>
    /// <param name="entries">The errors for each number of contexts, rising.</param>
    internal static (IReadOnlyList<ResultRow> Rows, IReadOnlyList<Finding> Findings) Judge(
        Bootstrap bootstrap, PredictionErrors meanImage, IReadOnlyList<Entry> entries)
    {
        var rows = new List<ResultRow>();
        var most = entries[^1];
        List<Finding> findings =
        [
            new Finding(
                $"the lead in MSE over the {MeanImage} with {Quantity.Of(most.Contexts, "context")}",
                bootstrap.Difference(meanImage.MeanSquares, most.Prediction.MeanSquares), Above: 0)
            {
                IsPrerequisite = true,
            },
        ];
        foreach (var entry in entries)
        {
            string condition = Quantity.Of(entry.Contexts, "context");
            var baselines = new Dictionary<string, PredictionErrors>
            {
                [NearestView] = entry.Nearest,
                [MeanImage] = meanImage,
            };
            rows.AddRange(entry.Prediction.Rows(bootstrap, condition, baselines));
            rows.Add(new ResultRow(condition, "excess, nats", bootstrap.Mean(entry.Excess)));
            findings.Add(new Finding(
                $"the lead in MSE over the better baseline with {condition}",
                bootstrap.Of(scenes => Lead(
                    scenes, errors => errors.MeanSquares, scenes.Length, entry, meanImage)), Above: 0));
            if (meanImage.HasObjects)
            {
                findings.Add(new Finding(
                    $"the lead in object MSE over the better baseline with {condition}",
                    bootstrap.Of(scenes => Lead(
                        scenes, errors => errors.ObjectSquares, Bootstrap.Sum(meanImage.ObjectValues, scenes), entry,
                        meanImage)),
                    Above: 0));
            }
        }

        for (int i = 1; i < entries.Count; i++)
        {
            findings.Add(new Finding(
                $"the fall of the MSE from {entries[i - 1].Contexts} to {Quantity.Of(entries[i].Contexts, "context")}",
                bootstrap.Difference(
                    entries[i - 1].Prediction.MeanSquares, entries[i].Prediction.MeanSquares), Above: 0));
        }

        return (rows, findings);
    }

    /// <summary>The error of the better baseline minus that of the prediction, over some scenes.</summary>
    private static double Lead(
        ReadOnlySpan<int> scenes, Func<PredictionErrors, double[]> sums, double values, Entry entry,
        PredictionErrors meanImage)
    {
        double baseline = Math.Min(
            Bootstrap.Sum(sums(meanImage), scenes), Bootstrap.Sum(sums(entry.Nearest), scenes));
        return (baseline - Bootstrap.Sum(sums(entry.Prediction), scenes)) / values;
    }

    private static List<string> SheetLabels(int[] counts)
    {
        List<string> labels = [.. Enumerable.Range(1, counts[^1]).Select(m => $"context {m}"), "truth"];
        foreach (int count in counts)
            labels.AddRange([$"predicted, {count}", $"error x{DifferenceScale}"]);
        return labels;
    }

    private static List<ReadOnlyMemory<float>> SheetRow(SceneBatch batch, int scene, float[][] predictions)
    {
        int length = batch.QueryImages.Length / batch.Scenes;
        var row = new List<ReadOnlyMemory<float>>();
        for (int m = 0; m < batch.Contexts; m++)
            row.Add(batch.ContextImages.AsMemory(((scene * batch.Contexts) + m) * length, length));
        row.Add(batch.QueryImages.AsMemory(scene * length, length));
        foreach (float[] images in predictions)
        {
            float[] difference = new float[length];
            for (int i = 0; i < length; i++)
            {
                int at = (scene * length) + i;
                difference[i] = Math.Min(1, DifferenceScale * Math.Abs(images[at] - batch.QueryImages[at]));
            }

            row.Add(images.AsMemory(scene * length, length));
            row.Add(difference);
        }

        return row;
    }

    /// <summary>The environment's own tour through the first held-out scene, the truth above the predictions; null if
    /// the scene is known by its pictures alone.</summary>
    private static RgbImage? DrawTour(ExperimentSubject subject, int contexts, CancellationToken cancellation)
    {
        var source = subject.Training.OpenScenes(SceneSplit.Test);
        using var reader = source.CreateReader(subject.ImageSize);
        reader.Load(source.InOrder(0).First());
        if (reader.FindScene() is not { } scene)
            return null;
        var path = scene.Tour(TourViews);
        int size = subject.ImageSize, length = subject.ImageLength;
        float[] shownImages = new float[contexts * length];
        var cameras = scene.Cameras[..contexts].ToArray();
        for (int m = 0; m < contexts; m++)
            Unit(scene.Render(cameras[m], size)).CopyTo(shownImages.AsSpan(m * length));
        var sheet = new ContactSheet([.. path.Select((_, i) => $"view {i + 1}")], size, size);
        sheet.AddRow([.. path.Select(camera => (ReadOnlyMemory<float>)Unit(scene.Render(camera, size)))]);
        var predicted = new List<ReadOnlyMemory<float>>();
        foreach (var camera in path)
        {
            cancellation.ThrowIfCancellationRequested();
            using var shown = subject.Show(shownImages, cameras, contexts, [camera]);
            predicted.Add(shown.Predict(subject.Noise(0, 0)));
        }

        sheet.AddRow(predicted);
        return sheet.Render();
    }

    private static float[] Unit(RgbImage image) => [.. image.Bytes.ToArray().Select(value => value / 255f)];

    /// <summary>The errors for one number of contexts.</summary>
    /// <param name="Contexts">M.</param>
    /// <param name="Prediction">Of the model's predictions.</param>
    /// <param name="Nearest">Of the nearest context.</param>
    /// <param name="Excess">−ELBO above its floor, in nats per image.</param>
    internal sealed record Entry(int Contexts, PredictionErrors Prediction, PredictionErrors Nearest, double[] Excess);
}
