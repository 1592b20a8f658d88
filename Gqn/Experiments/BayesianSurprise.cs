using Gqn.Native.Data;
using Gqn.Native.Imaging;

namespace Gqn.Native.Experiments;

/// <summary>How much a view still surprises a model after it has seen k others of the scene (figure 4B).</summary>
/// <remarks>
/// S_k = Σ_l KL(q(z_l | x, v, r_k, z_&lt;l) ‖ π(z_l | v, r_k, z_&lt;l)), where r_k is the sum over the first k
/// observations and z a posterior sample: the nats that the true image adds to what the model expected. Averaged over
/// samples, then over scenes.
/// </remarks>
internal sealed class BayesianSurprise : Experiment
{
    private const int MostObservations = 5, Samples = 16, SheetScenes = 4;
    private const double MostRatio = 0.5, LeastSurprise = 1;

    /// <inheritdoc/>
    public override string Name => "surprise";

    /// <inheritdoc/>
    public override string Figure => "4B";

    /// <inheritdoc/>
    public override string Claim =>
        "a held-out view surprises the network less with every observation of the scene, after the last at most half "
        + "as much as after the first";

    /// <inheritdoc/>
    public override string Needs => "a model of at least two contexts with its inference network, whose latents live";

    /// <inheritdoc/>
    public override int UsualScenes => 256;

    /// <inheritdoc/>
    public override long Plan(ExperimentSubject subject, int scenes)
    {
        subject.RequireInference(Name);
        subject.RequireSeveralContexts(Name);
        return (long)scenes * Observations(subject) * Samples;
    }

    /// <inheritdoc/>
    public override ExperimentReport Run(
        ExperimentSubject subject, int scenes, Action<long> advance, CancellationToken cancellation)
    {
        int most = Observations(subject), size = subject.ImageSize;
        double[][] surprise = [.. Enumerable.Range(0, most).Select(_ => new double[scenes])];
        var sheet = new ContactSheet(
            [.. Enumerable.Range(1, most).Select(k => $"observation {k}"), "the view"], size, size);
        int first = 0;
        foreach (var batch in subject.HeldOut(scenes, most))
        {
            float[][] predictions = new float[most][];
            for (int k = 1; k <= most; k++)
            {
                using var shown = subject.Show(batch, k);
                predictions[k - 1] = shown.Predict(subject.Noise(0, first));
                for (uint sample = 0; sample < Samples; sample++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var (kl, _) = shown.Infer(subject.Noise(sample, first));
                    for (int scene = 0; scene < kl.Length; scene++)
                        surprise[k - 1][first + scene] += kl[scene] / (double)Samples;
                    advance(batch.Scenes);
                }
            }

            for (int scene = 0; scene < batch.Scenes && first + scene < SheetScenes; scene++)
                AddSheetRows(sheet, batch, scene, predictions);
            first += batch.Scenes;
        }

        var (rows, findings) = Judge(new Bootstrap(scenes, subject.Seed), surprise);
        string[] notes =
        [
            $"{Samples} posterior samples of each view. In the picture, predictions of the view after k observations "
            + "are below the observations.",
        ];
        var curve = new Curve("surprise", [.. rows.Take(most).Select((row, k) => (k + 1.0, row.Model))]);
        string chart = Chart.Curves("Bayesian surprise", "observations", "KL(posterior || prior), nats", [curve]);
        return new ExperimentReport(
            Result(subject, scenes, rows, findings, notes),
            new Dictionary<string, RgbImage> { [string.Empty] = sheet.Render() },
            new Dictionary<string, string> { [string.Empty] = chart });
    }

    /// <summary>The table and the findings.</summary>
    /// <param name="bootstrap">Makes the intervals.</param>
    /// <param name="surprise">S_k of each scene in nats, for k = 1, 2, ...</param>
    internal static (IReadOnlyList<ResultRow> Rows, IReadOnlyList<Finding> Findings) Judge(
        Bootstrap bootstrap, IReadOnlyList<double[]> surprise)
    {
        int most = surprise.Count;
        var rows = surprise.Select((values, k) => new ResultRow(
            Quantity.Of(k + 1, "observation"), "surprise, nats", bootstrap.Mean(values))).ToList();
        var ratio = bootstrap.Ratio(surprise[^1], surprise[0]);
        rows.Add(new ResultRow(Quantity.Of(most, "observation"), "of that after 1 observation", ratio));
        List<Finding> findings =
        [
            new Finding("the surprise after 1 observation", bootstrap.Mean(surprise[0]), Above: LeastSurprise)
            {
                IsPrerequisite = true,
                Unit = "nats",
            },
        ];
        for (int k = 1; k < most; k++)
        {
            findings.Add(new Finding(
                $"the fall of the surprise from {k} to {Quantity.Of(k + 1, "observation")}",
                bootstrap.Difference(surprise[k - 1], surprise[k]), Above: 0)
            {
                Unit = "nats",
            });
        }

        findings.Add(new Finding(
            $"the surprise after {Quantity.Of(most, "observation")} as a multiple of that after 1", ratio,
            Below: MostRatio));
        return (rows, findings);
    }

    private static int Observations(ExperimentSubject subject) =>
        Math.Min(MostObservations, subject.Training.MaxContexts);

    private static void AddSheetRows(ContactSheet sheet, SceneBatch batch, int scene, float[][] predictions)
    {
        int length = batch.QueryImages.Length / batch.Scenes;
        sheet.AddRow([
            .. Enumerable.Range(0, batch.Contexts).Select(m => (ReadOnlyMemory<float>)batch.ContextImages.AsMemory(
                ((scene * batch.Contexts) + m) * length, length)),
            batch.QueryImages.AsMemory(scene * length, length)]);
        sheet.AddRow([
            .. predictions.Select(images => (ReadOnlyMemory<float>)images.AsMemory(scene * length, length))]);
    }
}
